-- Houses as the survey lists them.
select
    t.house_code,
    t.address_id,
    house_use.code as house_use_code,
    t.floors,
    t.area_m2,
    {{ landed_bookkeeping('t', 'updated_on') }}
from {{ source('landed', 'house') }} as t
{{ crosswalk('house_use', 'house_use', 't.house_use') }}

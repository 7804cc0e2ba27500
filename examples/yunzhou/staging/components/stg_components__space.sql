-- Spaces as the survey lists them.
select
    t.space_id,
    t.space_type as space_type_code,
    t.subtype,
    t.space_name,
    t.parent_id,
    t.lon,
    t.lat,
    t.radius_m,
    {{ landed_bookkeeping('t', 'updated_on') }}
from {{ source('landed', 'space') }} as t

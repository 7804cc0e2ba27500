-- Standard addresses as the survey lists them.
select
    t.address_id,
    t.community_code as division_code,
    t.road,
    t.house_no,
    t.compound,
    t.building_no,
    t.std_text,
    t.lon,
    t.lat,
    {{ landed_bookkeeping('t', 'updated_on') }}
from {{ source('landed', 'standard_address') }} as t

-- Buildings of residential communities.
select
    t.community_no,
    t.building_code,
    t.building_name,
    t.address_id,
    t.units,
    t.households,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'community_building') }} as t

-- Sanitation code cases as grid cases. Each delivery is a snapshot, so its day orders the versions of a case.
-- Only the days of creation and completion are delivered; a case marked as a duplicate is void.
select
    request.service_request_number as case_no,
    'event' as case_kind,
    class.code as class_code,
    'hotline' as source_channel_code,
    request.nature as description,
    cast(null as varchar) as component_code,
    cast(request.creation_date as timestamp) as report_at,
    cast(request.creation_date as timestamp) as file_at,
    cast(null as timestamp) as dispatch_at,
    cast(request.completion_date as timestamp) as handle_at,
    cast(null as timestamp) as verify_at,
    cast(request.completion_date as timestamp) as close_at,
    cast(null as timestamp) as deadline_at,
    cast(null as timestamp) as bundled_deadline_at,
    stage.code as stage_code,
    coalesce(stage.code = 'void', false) as is_void,
    'CHIDSS' as handle_org_code,
    cast(null as varchar) as inspector,
    case
        when request.community_area > 0 then '1714' || lpad(cast(request.community_area as varchar), 2, '0')
    end as division_code,
    cast(null as varchar) as grid_code,
    request.street_address as address_raw,
    request.longitude as lon,
    request.latitude as lat,
    'WGS84' as src_crs,
    0 as ext_count,
    0 as rework_count,
    cast(null as varchar) as ext_reason,
    cast(null as varchar) as handle_opinion,
    cast(null as varchar) as photo_hash,
    {{ landed_bookkeeping('request') }}
from {{ source('landed', 'grid_sanitation_case') }} as request
{{ crosswalk('class', 'grid_class', 'request.nature') }}
{{ crosswalk('stage', 'grid_stage', 'request.status') }}

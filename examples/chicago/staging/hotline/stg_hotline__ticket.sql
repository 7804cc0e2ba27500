-- 311 service requests as hotline tickets. Chicago delivers no caller, no call-back visit and no times of
-- dispatch or first contact: those columns are NULL, and the rates that need them have no denominator.
with request as (
    select
        *,
        -- CH2: the place is the call centre, not where the matter is.
        list_contains(_flags, 'CH2') as is_place_unknown
    from {{ source('landed', 'hotline_request') }}
)

select
    request.sr_number as ticket_no,
    '00' as sub_no,
    request.parent_sr_number as master_no,
    channel.code as channel_code,
    kind.code as ticket_type_code,
    class.parent_code as class_l1_code,
    cast(null as varchar) as class_l2_code,
    class.code as class_l3_code,
    request.sr_type as title,
    cast(null as varchar) as content,
    cast(null as varchar) as caller_name,
    cast(null as varchar) as caller_phone,
    cast(null as timestamp) as event_time,
    request.created_date as accept_time,
    cast(null as timestamp) as dispatch_time,
    cast(null as timestamp) as sign_time,
    cast(null as timestamp) as first_contact_time,
    cast(null as timestamp) as limit_at,
    case when request.status = 'Completed' then request.closed_date end as finish_time,
    request.closed_date as archive_time,
    owner.org_code as first_org_code,
    owner.org_code as undertake_org_code,
    case
        when not request.is_place_unknown and request.community_area > 0
            then '1714' || lpad(cast(request.community_area as varchar), 2, '0')
    end as division_code,
    case when not request.is_place_unknown then request.street_address end as address_raw,
    case when not request.is_place_unknown then request.longitude end as lon,
    case when not request.is_place_unknown then request.latitude end as lat,
    'normal' as urgency_code,
    status.code as status_code,
    0 as reopen_count,
    case
        when list_contains(request._flags, 'CH1') then 'information'
        when list_contains(request._flags, 'CH6') then 'duplicate'
    end as excluded_reason_code,
    {{ landed_bookkeeping('request', 'last_modified_date') }}
from request
left join {{ source('vocab', 'code') }} as class
    on class.scheme = 'hotline_class' and class.code = request.sr_short_code
{{ crosswalk('kind', 'hotline_type', 'request.sr_short_code') }}
{{ crosswalk('channel', 'hotline_channel', 'request.origin') }}
{{ crosswalk('status', 'hotline_status', 'request.status') }}
{{ organisation_named('owner', 'request.owner_department') }}

-- Tickets of the 12345 hotline: the sub-order suffix split off, names of classes, places and organisations to codes.
with delivered as (
    select * from {{ source('landed', 'hotline_ticket') }}
),

crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
),

organisation_name as (
    select * from {{ source('vocab', 'organisation_alias') }}
),

class_code as (
    select code, parent_code from {{ source('vocab', 'code') }}
    where scheme = 'hotline_class'
),

places as (
    {{ division_paths() }}
)

select
    substr(t.ticket_no, 1, 15) as ticket_no,
    coalesce(nullif(substr(t.ticket_no, 17), ''), '00') as sub_no,
    t.master_no,
    channel.code as channel_code,
    kind.code as ticket_type_code,
    coalesce(l1.code, l2.code, class.code) as class_l1_code,
    case when l1.code is not null then l2.code when l2.code is not null then class.code end as class_l2_code,
    case when l1.code is not null then class.code end as class_l3_code,
    t.title,
    t.content,
    t.caller_name,
    nullif({{ replace_matches('t.caller_phone', '[^0-9]', '') }}, '') as caller_phone,
    t.event_time,
    t.accept_time,
    t.dispatch_time,
    t.sign_time,
    t.first_contact_time,
    t.limit_at,
    t.finish_time,
    t.archive_time,
    first_org.org_code as first_org_code,
    undertake_org.org_code as undertake_org_code,
    coalesce(community.code, street.code, district.code) as division_code,
    t.address as address_raw,
    t.lon,
    t.lat,
    urgency.code as urgency_code,
    status.code as status_code,
    coalesce(t.reopen_count, 0) as reopen_count,
    case when t.excluded_reason is not null then coalesce(excluded.code, 'other') end as excluded_reason_code,
    {{ landed_bookkeeping('t', 'updated_at') }}
from delivered as t
{{ crosswalk('channel', 'hotline_channel', 't.channel', 'crosswalk') }}
{{ crosswalk('kind', 'hotline_type', 't.ticket_type', 'crosswalk') }}
{{ crosswalk('class', 'hotline_class', "concat_ws('/', t.class_l1, t.class_l2, t.class_l3)", 'crosswalk') }}
{{ crosswalk('urgency', 'urgency', 't.urgency', 'crosswalk') }}
{{ crosswalk('status', 'hotline_status', 't.status', 'crosswalk') }}
{{ crosswalk('excluded', 'hotline_excluded_reason', 't.excluded_reason', 'crosswalk') }}
left join class_code as leaf on class.code = leaf.code
left join class_code as l2 on leaf.parent_code = l2.code
left join class_code as l1 on l2.parent_code = l1.code
{{ organisation_named('first_org', 't.first_org', 'organisation_name') }}
{{ organisation_named('undertake_org', 't.undertake_org', 'organisation_name') }}
left join places as district
    on t.district = district.district and district.street = '' and district.community = ''
left join places as street
    on t.district = street.district and t.street = street.street and street.community = ''
left join places as community
    on t.district = community.district and t.street = community.street and t.community = community.community

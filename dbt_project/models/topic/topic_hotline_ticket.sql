{{ config(unique_key=['ticket_no', 'sub_no']) }}

-- Hotline sub-tickets as they now stand; names, telephones and the text as delivered stay behind.
with arrivals as (
    {{ versions_since(ref('stg_hotline__ticket'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['ticket_no', 'sub_no']) }}
),

winning as (
    {{ winners('newest', ['ticket_no', 'sub_no'], months=true) }}
),

{{ parameters() }},

limited as (
    select
        t.*,
        {{ hours_after('t.dispatch_time', 'case when t.urgency_code in (' ~ "'urgent', 'critical'" ~ ') then '
            ~ parameter('hotline.contact_limit_hours_urgent', 2, 'cast(t.dispatch_time as date)') ~ ' else '
            ~ parameter('hotline.contact_limit_hours', 24, 'cast(t.dispatch_time as date)') ~ ' end') }} as contact_due_at
    from winning as t
)

select
    t.ticket_no,
    t.sub_no,
    t.master_no,
    t.channel_code,
    t.ticket_type_code,
    t.class_l1_code,
    t.class_l2_code,
    t.class_l3_code,
    {{ mask_text_of('t.title', 't.caller_name') }} as title_masked,
    {{ mask_text_of('t.content', 't.caller_name') }} as content_masked,
    {{ pseudonym('t.caller_phone', 'phone') }} as caller_key,
    t.event_time,
    t.accept_time,
    t.dispatch_time,
    t.sign_time,
    t.first_contact_time,
    t.contact_due_at,
    t.limit_at,
    t.finish_time,
    t.archive_time,
    t.first_org_code,
    t.undertake_org_code,
    t.division_code,
    division.district_code,
    division.street_code,
    t.address_raw,
    t.lon,
    t.lat,
    t.urgency_code,
    t.status_code,
    t.reopen_count,
    t.excluded_reason_code,
    {{ months_text('t._held_months', ['t.contact_due_at', 't.accept_time', 't.finish_time']) }} as _months,
    {{ bookkeeping('t') }}
from limited as t
{{ division_on('division', 't.division_code', 'cast(coalesce(t.accept_time, t.version_at) as date)') }}
-- Numbers grow with time: in their order, what a day or a month needs lies together.
order by t.ticket_no

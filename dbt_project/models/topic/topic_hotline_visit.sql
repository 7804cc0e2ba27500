{{ config(unique_key=['ticket_no', 'sub_no', 'visit_no']) }}

-- Call-back visits as they now stand.
with arrivals as (
    {{ versions_since(ref('stg_hotline__visit'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['ticket_no', 'sub_no', 'visit_no']) }}
),

winning as (
    {{ winners('newest', ['ticket_no', 'sub_no', 'visit_no'], months=true) }}
)

select
    v.ticket_no,
    v.sub_no,
    v.visit_no,
    v.visit_time,
    v.method_code,
    v.is_reached,
    v.resolved_code,
    v.satisfied_code,
    {{ mask_text('v.comment') }} as comment_masked,
    {{ months_text('v._held_months', ['v.visit_time']) }} as _months,
    {{ bookkeeping('v') }}
from winning as v
-- Numbers grow with time: in their order, what a day or a month needs lies together.
order by v.ticket_no

{{ config(unique_key='month', incremental_strategy='restate', restates='hotline_score_months') }}

-- depends_on: {{ ref('base_calendar') }}
{%- set months = restated_months() %}

-- Response, resolution and satisfaction by organisation and month. The month of a response is that in which the first
-- contact was due; the month of an answer is that of the ticket's last visit, so a re-opened ticket counts once. The
-- organisation is the one that handled the ticket last; questions and praise are not scored.
with {{ parameters() }},

response as (
    select
        undertake_org_code as org_code,
        {{ month_of('contact_due_at') }} as month,
        count(*) as contacts_due,
        count(case when first_contact_time <= contact_due_at then 1 end) as contacts_in_time
    from {{ ref('topic_hotline_ticket') }}
    where
        {{ is_scored() }}
        and {{ in_months('contact_due_at', months) }}
        and contact_due_at < {{ reckoned_until(month_of('contact_due_at')) }}
    group by undertake_org_code, {{ month_of('contact_due_at') }}
),

-- No visit before the first restated month can be a ticket's last one if one within is not.
visit as (
    select
        *,
        row_number() over (partition by ticket_no, sub_no order by visit_time desc, visit_no desc) as recency
    from {{ ref('topic_hotline_visit') }}
    where not is_deleted and {{ since_months('visit_time', months) }}
),

last_visit as (
    select
        t.undertake_org_code as org_code,
        {{ month_of('v.visit_time') }} as month,
        v.is_reached,
        case when v.is_reached then v.resolved_code end as resolved_code,
        case when v.is_reached then v.satisfied_code end as satisfied_code
    from visit as v
    inner join {{ ref('topic_hotline_ticket') }} as t on v.ticket_no = t.ticket_no and v.sub_no = t.sub_no
    where v.recency = 1 and {{ is_scored('t') }} and {{ in_months('v.visit_time', months) }}
),

answers as (
    select
        org_code,
        month,
        count(*) as visited,
        count(case when is_reached then 1 end) as reached,
        count(resolved_code) as resolution_answers,
        count(case when resolved_code = 'resolved' then 1 end) as resolved,
        count(case when resolved_code = 'partly' then 1 end) as partly_resolved,
        count(satisfied_code) as satisfaction_answers,
        count(case when satisfied_code = 'satisfied' then 1 end) as satisfied,
        count(case when satisfied_code = 'basically' then 1 end) as basically_satisfied
    from last_visit
    group by org_code, month
),

counted as (
    select
        coalesce(r.org_code, a.org_code) as org_code,
        coalesce(r.month, a.month) as month,
        coalesce(r.contacts_due, 0) as contacts_due,
        coalesce(r.contacts_in_time, 0) as contacts_in_time,
        coalesce(a.visited, 0) as visited,
        coalesce(a.reached, 0) as reached,
        coalesce(a.resolution_answers, 0) as resolution_answers,
        coalesce(a.resolved, 0) as resolved,
        coalesce(a.partly_resolved, 0) as partly_resolved,
        coalesce(a.satisfaction_answers, 0) as satisfaction_answers,
        coalesce(a.satisfied, 0) as satisfied,
        coalesce(a.basically_satisfied, 0) as basically_satisfied
    from response as r
    full outer join answers as a on r.org_code = a.org_code and r.month = a.month
),

weighed as (
    select
        *,
        cast(resolved + partly_resolved * {{ parameter('hotline.partly_resolved', 0, 'month') }} as decimal(18, 4))
            as resolution_points,
        cast(satisfied + basically_satisfied * {{ parameter('hotline.basically_satisfied', 1, 'month') }} as decimal(18, 4))
            as satisfaction_points,
        {{ parameter('hotline.weight.response', 0.2, 'month') }} as weight_response,
        {{ parameter('hotline.weight.resolved', 0.4, 'month') }} as weight_resolved,
        {{ parameter('hotline.weight.satisfied', 0.4, 'month') }} as weight_satisfied
    from counted
),

rated as (
    select
        *,
        {{ ratio('contacts_in_time', 'contacts_due') }} as response_rate,
        {{ ratio('resolution_points', 'resolution_answers') }} as resolution_rate,
        {{ ratio('satisfaction_points', 'satisfaction_answers') }} as satisfaction_rate
    from weighed
),

taken_in as (
    select
        coalesce((select max(_load_id) from {{ ref('topic_hotline_ticket') }}), -1) as ticket_load,
        coalesce((select max(_load_id) from {{ ref('topic_hotline_visit') }}), -1) as visit_load
)

select
    org_code,
    month,
    contacts_due,
    contacts_in_time,
    response_rate,
    visited,
    reached,
    resolution_answers,
    resolution_points,
    resolution_rate,
    satisfaction_answers,
    satisfaction_points,
    satisfaction_rate,
    cast(
        100 * (
            weight_response * response_rate
            + weight_resolved * resolution_rate
            + weight_satisfied * satisfaction_rate
        ) as decimal(7, 3)
    ) as score,
    {{ settles_on('hotline', 'month') }} as settles_on,
    {{ as_of() }} as _as_of,
    cast(ticket_load as bigint) as _ticket_load_id,
    cast(visit_load as bigint) as _visit_load_id,
    cast(greatest(ticket_load, visit_load) as bigint) as _load_id
from rated
cross join taken_in

{{ config(unique_key='month', incremental_strategy='restate', restates='hotline_score_months') }}

-- depends_on: {{ ref('base_calendar') }}
{%- set months = restated_months() %}

-- Response, resolution and satisfaction by organisation and month. The month of a response is that in which the first
-- contact was due; the month of an answer is that of the ticket's last visit, so a re-opened ticket counts once. The
-- organisation is the one that handled the ticket last; beside it stands what the first receiver did with its tickets.
-- Questions and praise are not scored.
with {{ parameters() }},

due_ticket as (
    {{ hotline_due_tickets(months) }}
),

response as (
    select
        undertake_org_code as org_code,
        month,
        count(case when not is_excluded then 1 end) as contacts_due,
        count(case when not is_excluded and is_contacted_in_time then 1 end) as contacts_in_time,
        count(case when is_excluded then 1 end) as excluded,
        count(case when not is_excluded and first_org_code <> undertake_org_code then 1 end) as transferred_in
    from due_ticket
    group by undertake_org_code, month
),

first_receipt as (
    select
        first_org_code as org_code,
        month,
        count(*) as first_received,
        count(case when undertake_org_code = first_org_code then 1 end) as first_kept
    from due_ticket
    where not is_excluded and first_org_code is not null
    group by first_org_code, month
),

last_visit as (
    {{ hotline_last_visits(months) }}
),

answers as (
    select
        undertake_org_code as org_code,
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
    group by undertake_org_code, month
),

cell as (
    select org_code, month from response
    union
    select org_code, month from first_receipt
    union
    select org_code, month from answers
),

counted as (
    select
        cell.org_code,
        cell.month,
        coalesce(r.contacts_due, 0) as contacts_due,
        coalesce(r.contacts_in_time, 0) as contacts_in_time,
        coalesce(r.excluded, 0) as excluded,
        coalesce(r.transferred_in, 0) as transferred_in,
        coalesce(f.first_received, 0) as first_received,
        coalesce(f.first_kept, 0) as first_kept,
        coalesce(a.visited, 0) as visited,
        coalesce(a.reached, 0) as reached,
        coalesce(a.resolution_answers, 0) as resolution_answers,
        coalesce(a.resolved, 0) as resolved,
        coalesce(a.partly_resolved, 0) as partly_resolved,
        coalesce(a.satisfaction_answers, 0) as satisfaction_answers,
        coalesce(a.satisfied, 0) as satisfied,
        coalesce(a.basically_satisfied, 0) as basically_satisfied
    from cell
    left join response as r on cell.org_code = r.org_code and cell.month = r.month
    left join first_receipt as f on cell.org_code = f.org_code and cell.month = f.month
    left join answers as a on cell.org_code = a.org_code and cell.month = a.month
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
    excluded,
    first_received,
    first_kept,
    {{ ratio('first_kept', 'first_received') }} as first_kept_rate,
    transferred_in,
    visited,
    reached,
    visited - reached as unreached,
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

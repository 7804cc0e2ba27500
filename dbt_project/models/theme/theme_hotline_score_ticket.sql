{{ config(materialized='view') }}

-- The tickets behind every figure of theme_hotline_score, by the same rules.
with due_ticket as (
    {{ hotline_due_tickets(none) }}
),

last_visit as (
    {{ hotline_last_visits(none) }}
)

select
    undertake_org_code as org_code,
    month,
    'response' as measure,
    ticket_no,
    sub_no,
    is_contacted_in_time as is_counted
from due_ticket
where not is_excluded
union all
select first_org_code as org_code, month, 'first_kept' as measure, ticket_no, sub_no, undertake_org_code = first_org_code
from due_ticket
where not is_excluded and first_org_code is not null
union all
select undertake_org_code as org_code, month, 'resolution' as measure, ticket_no, sub_no, resolved_code = 'resolved'
from last_visit
where resolved_code is not null
union all
select undertake_org_code as org_code, month, 'satisfaction' as measure, ticket_no, sub_no, satisfied_code = 'satisfied'
from last_visit
where satisfied_code is not null

{{ config(materialized='table') }}

-- Everything known of every legal entity as of the day of the run, in one row. Repaired penalties are not counted.
with event as (
    select
        uscc,
        count(case when event_code = 'changed' then 1 end) as changes,
        count(case when event_code = 'permitted' then 1 end) as permits,
        count(case when event_code = 'inspected' then 1 end) as inspections,
        count(case when event_code = 'penalised' then 1 end) as penalties,
        count(case when event_code = 'penalised' and occurred_on > {{ date_plus('month', -12, as_of()) }} then 1 end)
            as penalties_12_months,
        max(case when event_code = 'inspected' then occurred_on end) as last_inspected_on,
        max(occurred_on) as last_event_on
    from {{ ref('topic_entity_lifecycle') }}
    where occurred_on <= {{ as_of() }} and not is_repaired
    group by uscc
),

permit as (
    select party_uscc as uscc, count(*) as permits_in_force
    from {{ ref('topic_permit') }}
    where
        not is_deleted
        and party_uscc is not null
        and decided_on <= {{ as_of() }}
        and coalesce(valid_from, decided_on) <= {{ as_of() }}
        and coalesce(valid_to, {{ as_of() }}) >= {{ as_of() }}
        and coalesce(state_code, 'valid') not in ('revoked', 'cancelled')
    group by party_uscc
),

correction as (
    select subject_key as uscc, count(*) as open_corrections
    from {{ ref('base_correction') }}
    where subject_kind = 'legal_entity' and is_open
    group by subject_key
)

select
    e.uscc,
    {{ as_of() }} as as_of,
    e.entity_name,
    e.entity_type_code,
    e.status_code,
    e.industry_code,
    e.district_code,
    e.established_on,
    {{ days_between('e.established_on', as_of()) }} as age_days,
    e.reg_capital_yuan,
    e.sources,
    coalesce(event.changes, 0) as changes,
    coalesce(event.permits, 0) as permits,
    coalesce(permit.permits_in_force, 0) as permits_in_force,
    coalesce(event.inspections, 0) as inspections,
    event.last_inspected_on,
    coalesce(event.penalties, 0) as penalties,
    coalesce(event.penalties_12_months, 0) as penalties_12_months,
    risk.score as risk_score,
    risk.grade as risk_grade,
    coalesce(correction.open_corrections, 0) as open_corrections,
    event.last_event_on
from {{ ref('base_legal_entity') }} as e
left join event on e.uscc = event.uscc
left join permit on e.uscc = permit.uscc
left join {{ ref('theme_credit_risk') }} as risk on e.uscc = risk.uscc
left join correction on e.uscc = correction.uscc
where not e.is_deleted

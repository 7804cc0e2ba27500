{{ config(materialized='table') }}

-- Patrols of each organisation by month: how much of the routes was seen, and how many shifts were found in order.
with counted as (
    select
        org_code,
        {{ month_of('starts_at') }} as month,
        count(*) as shifts,
        count(points) as walked_shifts,
        sum(planned_cells) as planned_cells,
        sum(seen_cells) as seen_cells,
        count(conclusion_code) as concluded_shifts,
        count(case when conclusion_code = 'passed' then 1 end) as passed_shifts
    from {{ ref('topic_patrol_coverage') }}
    where not is_deleted and org_code is not null and starts_at < {{ hours_after('cast(' ~ as_of() ~ ' as timestamp)', 24) }}
    group by org_code, {{ month_of('starts_at') }}
)

select
    org_code,
    month,
    shifts,
    walked_shifts,
    cast(planned_cells as bigint) as planned_cells,
    cast(seen_cells as bigint) as seen_cells,
    {{ ratio('seen_cells', 'planned_cells') }} as coverage_rate,
    concluded_shifts,
    passed_shifts,
    {{ ratio('passed_shifts', 'concluded_shifts') }} as pass_rate,
    {{ as_of() }} as _as_of
from counted

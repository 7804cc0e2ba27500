{{ config(materialized='view') }}

-- The ledger of checks: those on the spot, and the inspections under a plan.
select
    record_no as entry_no,
    'spot' as source_kind,
    cast(null as varchar) as plan_no,
    cast(checked_at as date) as checked_on,
    org_code,
    kind_code,
    subject_uscc,
    district_code,
    street_code,
    result_code,
    case_no
from {{ ref('topic_check_record') }}
where not is_deleted
union all
select
    concat(r.plan_no, ' ', r.object_code) as entry_no,
    'plan' as source_kind,
    r.plan_no,
    r.inspected_on as checked_on,
    p.org_code,
    'premises' as kind_code,
    r.object_code as subject_uscc,
    cast(null as varchar) as district_code,
    cast(null as varchar) as street_code,
    r.result_code,
    r.case_no
from {{ ref('topic_inspection_result') }} as r
left join {{ ref('topic_inspection_plan') }} as p on r.plan_no = p.plan_no
where not r.is_deleted

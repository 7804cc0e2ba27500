-- Results of inspections.
with crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
)

select
    t.plan_no,
    t.object_code,
    t.object_name,
    t.inspectors,
    t.inspected_on,
    result.code as result_code,
    t.problem,
    t.rectify_by,
    t.rectified_on,
    t.case_no,
    t.published_on,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'inspection_result') }} as t
{{ crosswalk('result', 'inspection_result', 't.result', 'crosswalk') }}

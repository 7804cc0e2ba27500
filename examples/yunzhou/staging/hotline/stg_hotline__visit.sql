-- Call-back visits of the 12345 hotline.
with crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
)

select
    substr(t.ticket_no, 1, 15) as ticket_no,
    coalesce(nullif(substr(t.ticket_no, 17), ''), '00') as sub_no,
    t.visit_no,
    t.visit_time,
    method.code as method_code,
    t.is_reached,
    resolved.code as resolved_code,
    satisfied.code as satisfied_code,
    t.comment,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'hotline_visit') }} as t
{{ crosswalk('method', 'visit_method', 't.method', 'crosswalk') }}
{{ crosswalk('resolved', 'visit_resolved', 't.resolved', 'crosswalk') }}
{{ crosswalk('satisfied', 'visit_satisfied', 't.satisfied', 'crosswalk') }}

-- Random inspections with what they found, as they were made public: digest of the pool, seed, object and result.
with {{ codes_now() }}

select
    r.plan_no,
    r.object_code,
    p.title as plan_title,
    p.kind_code,
    p.aspect_name,
    p.org_code,
    organisation.org_name,
    p.announced_on,
    p.pool_hash,
    p.pool_size,
    cast(p.drawn_at as date) as drawn_on,
    p.seed,
    r.object_name,
    r.inspected_on,
    r.result_code,
    result.name as result_name,
    r.published_on
from {{ ref('topic_inspection_result') }} as r
inner join {{ ref('topic_inspection_plan') }} as p on r.plan_no = p.plan_no and not p.is_deleted
left join {{ ref('base_organisation') }} as organisation on p.org_code = organisation.org_code
{{ code_name('result', 'inspection_result', 'r.result_code') }}
where not r.is_deleted and r.published_on <= {{ as_of() }}

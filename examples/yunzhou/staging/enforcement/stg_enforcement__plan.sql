-- Inspection plans; the same kind comes under two names.
with crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
)

select
    t.plan_no,
    t.title,
    kind.code as kind_code,
    t.aspect as aspect_name,
    org.org_code,
    t.announced_on,
    t.pool_hash,
    t.pool_size,
    t.drawn_at,
    t.seed,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'inspection_plan') }} as t
{{ crosswalk('kind', 'inspection_kind', 't.kind', 'crosswalk') }}
{{ organisation_named('org', 't.org') }}

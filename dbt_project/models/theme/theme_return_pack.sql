{{ config(materialized='table') }}

-- What goes back to streets: cases and requests within their bounds that are open, or were reported in the last days
-- (parameter return.days), masked. Each street sees its own rows only (policy of the city).
with {{ parameters() }},

kept_from as (
    select {{ date_plus('day', '-' ~ parameter('return.days', 30, as_of()), as_of()) }} as day
)

select
    'grid' as source,
    c.case_no as reported_no,
    '00' as sub_no,
    c.district_code,
    c.street_code,
    c.class_code,
    c.description_masked as text_masked,
    c.stage_code as status_code,
    c.handle_org_code as org_code,
    c.report_at as reported_at,
    c.due_at,
    c.close_at as ended_at,
    coalesce(c.due_at < coalesce(c.handle_at, {{ date_plus('day', 1, as_of()) }}), false) as is_overdue,
    {{ as_of() }} as refreshed_on
from {{ ref('topic_grid_case') }} as c
cross join kept_from as k
where
    not c.is_deleted and not c.is_void and c.street_code is not null
    and (c.close_at is null or c.report_at >= k.day)
union all
select
    'hotline' as source,
    t.ticket_no as reported_no,
    t.sub_no,
    t.district_code,
    t.street_code,
    t.class_l3_code as class_code,
    t.title_masked as text_masked,
    t.status_code,
    t.undertake_org_code as org_code,
    t.accept_time as reported_at,
    t.limit_at as due_at,
    t.finish_time as ended_at,
    coalesce(t.limit_at < coalesce(t.finish_time, {{ date_plus('day', 1, as_of()) }}), false) as is_overdue,
    {{ as_of() }} as refreshed_on
from {{ ref('topic_hotline_ticket') }} as t
cross join kept_from as k
where
    not t.is_deleted and t.street_code is not null
    and (t.finish_time is null or t.accept_time >= k.day)

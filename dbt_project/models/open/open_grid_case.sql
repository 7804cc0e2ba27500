-- Grid cases without free text, persons or points: community and hour are the finest place and time.
with {{ codes_now() }}

select
    c.case_no,
    c.case_kind,
    c.class_code,
    class.name as class_name,
    class.name_en as class_name_en,
    c.source_channel_code,
    source_channel.name as source_channel_name,
    {{ hour_of('c.report_at') }} as report_hour,
    {{ hour_of('c.file_at') }} as file_hour,
    {{ hour_of('c.dispatch_at') }} as dispatch_hour,
    {{ hour_of('c.handle_at') }} as handle_hour,
    {{ hour_of('c.close_at') }} as close_hour,
    {{ hour_of('c.due_at') }} as due_hour,
    case when c.due_at is not null and c.handle_at is not null then c.handle_at <= c.due_at end as is_handled_in_time,
    c.stage_code,
    stage.name as stage_name,
    c.ext_count,
    c.rework_count,
    c.handle_org_code,
    org.org_name as handle_org_name,
    c.district_code,
    c.street_code,
    c.community_code
from {{ ref('topic_grid_case') }} as c
{{ code_name('class', 'grid_class', 'c.class_code') }}
{{ code_name('source_channel', 'grid_source', 'c.source_channel_code') }}
{{ code_name('stage', 'grid_stage', 'c.stage_code') }}
left join {{ ref('base_organisation') }} as org on c.handle_org_code = org.org_code
where not c.is_deleted and not c.is_void

{#- From fine to coarse, what is shown of a case's kind, place and time. -#}
{%- set ladder = [
    ['case_kind', 'district_code', 'street_code', 'community_code', 'class_group_code', 'class_code',
        'handle_org_code', 'reported_week'],
    ['case_kind', 'district_code', 'street_code', 'community_code', 'class_group_code', 'reported_month'],
    ['case_kind', 'district_code', 'street_code', 'class_group_code', 'class_code', 'reported_month'],
    ['case_kind', 'district_code', 'street_code', 'class_group_code', 'reported_month'],
    ['case_kind', 'district_code', 'class_group_code', 'reported_month'],
    ['case_kind', 'reported_month'],
    ['case_kind', 'reported_year'],
    []
] %}
{%- set carried = [
    'case_no', 'case_kind', 'district_code', 'street_code', 'community_code', 'class_group_code', 'class_code',
    'handle_org_code', 'reported_week', 'reported_month', 'reported_year', 'source_channel_code', 'hours_to_dispatch',
    'hours_to_handle', 'hours_to_close', 'is_handled_in_time', 'stage_code', 'ext_count', 'rework_count'
] %}

-- Grid cases without free text, persons, points or numbers of the department. Of kind, place and time each case shows
-- as much as enough other cases share with it; where they also agree in how they were reported, it shows less.
with {{ parameters_of_base() }},

{{ codes_now() }},

shown as (
    select
        case_no,
        coalesce(case_kind, '') as case_kind,
        coalesce(district_code, '') as district_code,
        coalesce(street_code, '') as street_code,
        coalesce(community_code, '') as community_code,
        coalesce(substr(class_code, 1, 3), '') as class_group_code,
        coalesce(class_code, '') as class_code,
        coalesce(handle_org_code, '') as handle_org_code,
        coalesce({{ week_of('report_at') }}, cast('1900-01-01' as date)) as reported_week,
        coalesce({{ month_of('report_at') }}, cast('1900-01-01' as date)) as reported_month,
        coalesce({{ year_of('report_at') }}, cast('1900-01-01' as date)) as reported_year,
        source_channel_code,
        {{ whole_hours_between('report_at', 'dispatch_at') }} as hours_to_dispatch,
        {{ whole_hours_between('dispatch_at', 'handle_at') }} as hours_to_handle,
        {{ whole_hours_between('report_at', 'close_at') }} as hours_to_close,
        case when due_at is not null and handle_at is not null then handle_at <= due_at end as is_handled_in_time,
        stage_code,
        ext_count,
        rework_count
    from {{ ref('topic_grid_case') }}
    where not is_deleted and not is_void
),

{{ generalised('shown', ladder, 'source_channel_code', carried, as_of()) }},

opened as (
    select
        {{ pseudonym("concat(case_no, ':', cast(detail as string))", 'open_case') }} as case_id,
        {{ on_ladder('case_kind', ladder) }} as case_kind,
        {{ on_ladder('class_group_code', ladder) }} as class_group_code,
        {{ on_ladder('class_code', ladder) }} as class_code,
        case when detail < {{ ladder | length }} then source_channel_code end as source_channel_code,
        nullif(
            coalesce(
                {{ on_ladder('reported_week', ladder, 'reported_week') }},
                {{ on_ladder('reported_month', ladder, 'reported_month') }},
                {{ on_ladder('reported_year', ladder, 'reported_year') }}
            ), cast('1900-01-01' as date)
        ) as reported_from,
        coalesce(
            {{ on_ladder('reported_week', ladder, "'week'") }},
            {{ on_ladder('reported_month', ladder, "'month'") }},
            {{ on_ladder('reported_year', ladder, "'year'") }}
        ) as reported_period,
        hours_to_dispatch,
        hours_to_handle,
        hours_to_close,
        is_handled_in_time,
        stage_code,
        ext_count,
        rework_count,
        {{ on_ladder('handle_org_code', ladder) }} as handle_org_code,
        {{ on_ladder('district_code', ladder) }} as district_code,
        {{ on_ladder('street_code', ladder) }} as street_code,
        {{ on_ladder('community_code', ladder) }} as community_code,
        {{ left_out_on_ladder(ladder) }} as generalised
    from generalised
    where detail is not null
)

select
    c.case_id,
    c.case_kind,
    c.class_group_code,
    class_group.name as class_group_name,
    class_group.name_en as class_group_name_en,
    c.class_code,
    class.name as class_name,
    class.name_en as class_name_en,
    c.source_channel_code,
    source_channel.name as source_channel_name,
    c.reported_from,
    c.reported_period,
    c.hours_to_dispatch,
    c.hours_to_handle,
    c.hours_to_close,
    c.is_handled_in_time,
    c.stage_code,
    stage.name as stage_name,
    c.ext_count,
    c.rework_count,
    c.handle_org_code,
    org.org_name as handle_org_name,
    c.district_code,
    c.street_code,
    c.community_code,
    c.generalised
from opened as c
{{ code_name('class_group', 'grid_class', 'c.class_group_code') }}
{{ code_name('class', 'grid_class', 'c.class_code') }}
{{ code_name('source_channel', 'grid_source', 'c.source_channel_code') }}
{{ code_name('stage', 'grid_stage', 'c.stage_code') }}
left join {{ ref('base_organisation') }} as org on c.handle_org_code = org.org_code

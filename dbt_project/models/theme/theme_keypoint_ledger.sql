{{ config(materialized='table') }}

-- Listing and settling of key points (挂销账) as of the day of the run: the entries listed in a month are followed to
-- their end. A relapse is another entry of the same point within the days of keypoint.relapse_days after the end.
with {{ parameters() }},

entry as (
    select entry_no, point_no, district_code, street_code, opened_on, due_on, rectified_on, closed_on
    from {{ ref('topic_keypoint') }}
    where not is_deleted and opened_on <= {{ as_of() }}
),

followed as (
    select
        *,
        {{ month_of('opened_on') }} as month,
        coalesce(closed_on <= {{ as_of() }}, false) as is_closed,
        lead(opened_on) over (partition by point_no order by opened_on, entry_no) as listed_again_on,
        {{ days_between('opened_on', as_of()) }} as age_days
    from entry
),

judged as (
    select
        *,
        coalesce(due_on < case when is_closed then closed_on else {{ as_of() }} end, false) as is_overdue,
        coalesce(
            is_closed
            and listed_again_on >= closed_on
            and {{ days_between('closed_on', 'listed_again_on') }}
            <= {{ parameter('keypoint.relapse_days', 90, 'closed_on') }},
            false
        ) as is_relapse,
        case
            when is_closed then null
            when age_days <= {{ parameter('keypoint.age_fresh', 7, as_of()) }} then 'fresh'
            when age_days <= {{ parameter('keypoint.age_middle', 30, as_of()) }} then 'middle'
            when age_days <= {{ parameter('keypoint.age_old', 90, as_of()) }} then 'old'
            else 'oldest'
        end as age_class
    from followed
),

counted as (
    select
        coalesce(street_code, district_code, 'unknown') as area_code,
        month,
        max(district_code) as district_code,
        max(street_code) as street_code,
        count(*) as opened,
        count(case when rectified_on <= {{ as_of() }} then 1 end) as rectified,
        count(case when is_closed then 1 end) as closed,
        count(case when is_overdue then 1 end) as overdue,
        count(case when is_relapse then 1 end) as relapsed,
        count(case when age_class = 'fresh' then 1 end) as open_fresh,
        count(case when age_class = 'middle' then 1 end) as open_middle,
        count(case when age_class = 'old' then 1 end) as open_old,
        count(case when age_class = 'oldest' then 1 end) as open_oldest
    from judged
    group by coalesce(street_code, district_code, 'unknown'), month
)

select
    area_code,
    month,
    district_code,
    street_code,
    {{ as_of() }} as as_of,
    opened,
    rectified,
    closed,
    overdue,
    relapsed,
    open_fresh,
    open_middle,
    open_old,
    open_oldest,
    {{ ratio('closed', 'opened') }} as closure_rate,
    {{ ratio('relapsed', 'closed') }} as relapse_rate
from counted

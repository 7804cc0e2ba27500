-- The working calendar, with working days and working minutes counted from its first day.
with day_length as (
    select max(minutes_worked) as minutes from {{ ref('base_work_clock') }}
),

days as (
    select
        c.day,
        coalesce(c.is_working, false) as is_working,
        c.holiday,
        case when c.is_working then 1 else 0 end as work_days,
        case when c.is_working then l.minutes else 0 end as work_minutes
    from {{ source('vocab', 'calendar') }} as c
    cross join day_length as l
)

select
    day,
    is_working,
    holiday,
    cast(coalesce(sum(work_days) over earlier, 0) as bigint) as work_days_before,
    cast(coalesce(sum(work_minutes) over earlier, 0) as bigint) as work_minutes_before
from days
window earlier as (order by day rows between unbounded preceding and 1 preceding)

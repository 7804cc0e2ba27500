-- For every minute of a working day, how many working minutes have passed by then.
with stated as (
    select
        cast({{ minute_of_day('start_time') }} as integer) as opens,
        cast({{ minute_of_day('end_time') }} as integer) as closes
    from {{ source('vocab', 'work_window') }}
),

-- The usual hours, for a city that states none.
windows as (
    select opens, closes from stated
    union all
    select usual.opens, usual.closes
    from (select 510 as opens, 720 as closes union all select 810 as opens, 1080 as closes) as usual
    where not exists (select 1 from stated)
),

minutes as (
    {{ integers_to(1440) }}
)

select
    minutes.n as minute_of_day,
    cast(sum(
        case
            when minutes.n <= windows.opens then 0
            when minutes.n >= windows.closes then windows.closes - windows.opens
            else minutes.n - windows.opens
        end
    ) as integer) as minutes_worked
from minutes
cross join windows
group by minutes.n

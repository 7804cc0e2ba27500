{{ config(materialized='table') }}

-- Metrics by area and day, each reckoned over its window from the facts it is made of: sums up to a day less sums up
-- to the day before the window. Districts and the city sum up their streets.
with {{ parameters() }},

metric as (
    select * from {{ source('vocab', 'metric') }}
),

reach as (
    select {{ sign_days_since(lead=true) }} as since
),

calendar as (
    select c.day
    from {{ ref('base_calendar') }} as c
    inner join reach on c.day >= reach.since and c.day <= {{ as_of() }}
),

fact as (
    select * from {{ ref('theme_sign_fact') }}
),

prefix as (
    select metric_ref, case when part = '*' then '' else part end as prefix
    from ({{ split_rows('metric', ['metric_ref'], 'classes', ';') }}) as listed
),

city as (
    select max(division_code) as area_code from {{ ref('base_division') }}
    where division_level = 2
),

-- Which level of division each metric is wanted for, and the areas of which anything is told at all.
wanted_level as (
    select metric_ref, max(area_level) as area_level
    from {{ source('vocab', 'vital_sign') }}
    group by metric_ref
),

area as (
    select area_code, 2 as area_level, cast(null as string) as district_code, cast(null as string) as street_code
    from city
    union all
    select distinct district_code, 3, district_code, cast(null as string)
    from fact
    where district_code is not null
    union all
    select street_code, 4, max(district_code), street_code
    from fact
    where street_code is not null
    group by street_code
),

size as (
    select
        street_code, district_code, sum(cast(area_m2 as decimal(18, 0))) / 1000000 as km2
    from {{ ref('base_grid_cell') }}
    where {{ as_of() }} >= valid_from and {{ as_of() }} <= valid_to
    group by street_code, district_code
),

area_size as (
    select city.area_code, sum(size.km2) as km2
    from size
    cross join city
    group by city.area_code
    union all
    select district_code, sum(km2)
    from size
    group by district_code
    union all
    select street_code, sum(km2)
    from size
    group by street_code
),

-- What each metric counts, and what tells that its source was heard there.
counted as (
    select m.metric_ref, f.district_code, f.street_code, f.day, sum(f.numerator) as n, sum(f.denominator) as d,
        cast(0 as decimal(18, 4)) as heard, cast(0 as decimal(18, 4)) as expected
    from metric as m
    inner join prefix as p on m.metric_ref = p.metric_ref
    inner join fact as f on m.fact_code = f.fact_code and f.class_code like concat(p.prefix, '%')
    group by m.metric_ref, f.district_code, f.street_code, f.day
    union all
    select m.metric_ref, f.district_code, f.street_code, f.day, 0, 0, sum(f.numerator), sum(f.denominator)
    from metric as m
    inner join prefix as p on m.metric_ref = p.metric_ref
    inner join fact as f on m.heard_fact = f.fact_code and f.class_code like concat(p.prefix, '%')
    where m.heard_scope = 'area'
    group by m.metric_ref, f.district_code, f.street_code, f.day
),

summed as (
    select city.area_code, c.metric_ref, c.day, sum(n) as n, sum(d) as d, sum(heard) as heard, sum(expected) as expected
    from counted as c
    cross join city
    group by city.area_code, c.metric_ref, c.day
    union all
    select district_code, metric_ref, day, sum(n), sum(d), sum(heard), sum(expected)
    from counted
    where district_code is not null
    group by district_code, metric_ref, day
    union all
    select street_code, metric_ref, day, sum(n), sum(d), sum(heard), sum(expected)
    from counted
    where street_code is not null
    group by street_code, metric_ref, day
),

-- A source that delivers events was heard on the days of which it tells any, anywhere in the city.
heard_day as (
    select fact_code, day, 1 as heard
    from fact
    where fact_code in (select heard_fact from metric where heard_scope = 'city')
    group by fact_code, day
    having sum(numerator) > 0
),

daily as (
    select
        m.metric_ref, a.area_code, a.area_level, a.district_code, a.street_code, c.day, m.reckoning, m.scale,
        m.window_days, coalesce(m.baseline_days, 0) as baseline_days,
        coalesce(s.n, 0) as n,
        coalesce(s.d, 0) as d,
        case when m.heard_scope = 'city' then coalesce(h.heard, 0) else coalesce(s.heard, 0) end as heard,
        case when m.heard_scope = 'city' then 1 else coalesce(s.expected, 0) end as expected
    from metric as m
    inner join wanted_level as w on m.metric_ref = w.metric_ref
    inner join area as a on w.area_level >= a.area_level
    cross join calendar as c
    left join summed as s on m.metric_ref = s.metric_ref and a.area_code = s.area_code and c.day = s.day
    left join heard_day as h on m.heard_fact = h.fact_code and c.day = h.day and m.heard_scope = 'city'
),

running as (
    select
        *,
        sum(n) over so_far as sum_n,
        sum(d) over so_far as sum_d,
        sum(heard) over so_far as sum_heard,
        sum(expected) over so_far as sum_expected,
        max(case when heard > 0 then day end) over so_far as heard_on,
        {{ date_plus('day', '-window_days', 'day') }} as before_window,
        {{ date_plus('day', '-(window_days + baseline_days)', 'day') }} as before_baseline
    from daily
    window so_far as (partition by metric_ref, area_code order by day rows between unbounded preceding and current row)
),

windowed as (
    select
        r.metric_ref, r.area_code, r.area_level, r.district_code, r.street_code, r.day, r.reckoning, r.scale, r.heard_on,
        r.window_days, r.baseline_days, r.sum_n - w.sum_n as n, r.sum_d - w.sum_d as d,
        r.sum_heard - w.sum_heard as heard, r.sum_expected - w.sum_expected as expected,
        case
            when
                r.baseline_days > 0
                and w.sum_heard - b.sum_heard
                >= {{ parameter('vital.baseline_coverage', 0.8, as_of()) }} * (w.sum_expected - b.sum_expected)
                then (w.sum_n - b.sum_n) * r.window_days / r.baseline_days
        end as baseline
    from running as r
    inner join running as w
        on r.metric_ref = w.metric_ref and r.area_code = w.area_code and r.before_window = w.day
    left join running as b
        on r.metric_ref = b.metric_ref and r.area_code = b.area_code and r.before_baseline = b.day
)

select
    w.metric_ref,
    w.area_code,
    w.area_level,
    w.district_code,
    w.street_code,
    w.day,
    cast(w.scale * case
        when w.heard is null or w.heard <= 0 then null
        when w.reckoning = 'count' then w.n
        when w.reckoning = 'per_km2' and s.km2 > 0 then w.n / s.km2
        when w.reckoning in ('ratio', 'mean') and w.d > 0 then w.n / w.d
        when w.reckoning = 'change' and w.baseline > 0 then w.n / w.baseline
    end as decimal(18, 4)) as value,
    cast(w.n as decimal(18, 4)) as numerator,
    cast(case
        when w.reckoning in ('ratio', 'mean') then w.d
        when w.reckoning = 'per_km2' then s.km2
        when w.reckoning = 'change' then w.baseline
    end as decimal(18, 4)) as denominator,
    {{ ratio('w.heard', 'w.expected') }} as coverage,
    w.heard_on
from windowed as w
left join area_size as s on w.area_code = s.area_code

{{ config(materialized='table') }}

{%- set window_days = parameter('three_high.window_days', 28, as_of()) %}
{%- set baseline_days = parameter('three_high.baseline_days', 84, as_of()) %}
{%- set least_cases = parameter('three_high.least_cases', 5, as_of()) %}

-- Where, when and in what form cases are frequent, as of the last day a source tells of: an hour of the week in an area
-- by its Poisson tail against the weeks before, controlled for false discoveries; a grid cell by Gi*; a class by the
-- change of its share in a district.
with {{ parameters() }},

report as (
    select
        'grid' as source,
        district_code,
        coalesce(street_code, district_code) as area_code,
        class_code,
        grid_code,
        report_at as reported_at,
        cast(report_at as date) as day,
        _business_date
    from {{ ref('topic_grid_case') }}
    where
        not is_deleted and not is_void and class_code is not null
        and report_at < cast({{ date_plus('day', 1, as_of()) }} as timestamp)
    union all
    select
        'hotline' as source,
        district_code,
        coalesce(street_code, district_code) as area_code,
        class_l3_code as class_code,
        cast(null as string) as grid_code,
        accept_time as reported_at,
        cast(accept_time as date) as day,
        _business_date
    from {{ ref('topic_hotline_ticket') }}
    where
        not is_deleted and excluded_reason_code is null and class_l3_code is not null
        and accept_time < cast({{ date_plus('day', 1, as_of()) }} as timestamp)
),

told as (
    select
        source,
        max(day) as window_to,
        {{ date_plus('day', '1 - ' ~ window_days, 'max(day)') }} as window_from,
        min(day) as first_day,
        min(_business_date) as first_delivery
    from report
    group by source
),

-- A source that delivers day by day tells of days before its first delivery in parts only; one that delivers its past
-- in one go tells of them as of the others.
pace as (
    select
        t.source,
        count(case when r.day < t.first_delivery then 1 end)
            / nullif(cast({{ days_between("greatest(t.first_day, t.earliest)", 't.first_delivery') }} as double), 0) as before,
        count(case when r.day >= t.first_delivery then 1 end)
            / nullif(cast({{ days_between('t.first_delivery', 't.window_to') }} + 1 as double), 0) as since
    from (
        select *, {{ date_plus('day', '-' ~ baseline_days, 'window_from') }} as earliest
        from told
    ) as t
    inner join report as r on t.source = r.source and r.day >= t.earliest
    group by t.source, t.first_day, t.earliest, t.first_delivery, t.window_to
),

period as (
    select
        t.source,
        t.window_from,
        t.window_to,
        greatest(
            t.first_day,
            case
                when t.first_delivery < t.window_from
                    and p.before < {{ parameter('three_high.told_in_part', 0.5, as_of()) }} * p.since
                    then t.first_delivery
            end,
            {{ date_plus('day', '-' ~ baseline_days, 't.window_from') }}
        ) as baseline_from
    from told as t
    inner join pace as p on t.source = p.source
),

span as (
    select
        *,
        {{ days_between('baseline_from', 'window_from') }} as days_before,
        {{ days_between('window_from', 'window_to') }} + 1 as days_now
    from period
),

seen as (
    select
        r.source,
        r.district_code,
        r.area_code,
        r.class_code,
        r.grid_code,
        {{ days_between("cast('2001-01-01' as date)", 'r.day') }} % 7 * 24 + extract(hour from r.reported_at) as hour_of_week,
        case when r.day >= s.window_from then 1 else 0 end as is_now,
        case when r.day < s.window_from then 1 else 0 end as is_before
    from report as r
    inner join span as s
        on r.source = s.source and r.day >= s.baseline_from and s.days_before >= s.days_now
),

hour_cell as (
    select
        source,
        area_code,
        max(district_code) as district_code,
        class_code,
        cast(hour_of_week as integer) as hour_of_week,
        sum(is_now) as observed,
        sum(is_before) as before
    from seen
    where area_code is not null
    group by source, area_code, class_code, hour_of_week
    having sum(is_now) > 0
),

hour_expected as (
    select
        c.*,
        cast(c.before as double) * s.days_now / s.days_before as expected,
        greatest(
            cast(c.before as double) * s.days_now / s.days_before,
            {{ parameter('three_high.least_baseline', 0.25, as_of()) }}
        ) as mean
    from hour_cell as c
    inner join span as s on c.source = s.source
),

{{ factorials() }},

hour_tail as (
    {{ poisson_tail('hour_expected', ['source', 'area_code', 'class_code', 'hour_of_week'], 'observed', 'mean') }}
),

hour_tested as (
    {{ discoveries('hour_tail', ['source'], parameter('three_high.false_discovery', 0.01, as_of())) }}
),

place as (
    select
        g.grid_code,
        max(g.district_code) as district_code,
        max(g.street_code) as street_code,
        max(g.lon) as lon,
        max(g.lat) as lat,
        coalesce(max(c.observed), 0) as observed,
        coalesce(max(c.before), 0) as before
    from {{ ref('base_grid_cell') }} as g
    left join (
        select grid_code, sum(is_now) as observed, sum(is_before) as before
        from seen
        where source = 'grid'
        group by grid_code
    ) as c on g.grid_code = c.grid_code
    where g.valid_to >= {{ as_of() }} and g.lon is not null and g.lat is not null
    group by g.grid_code
),

-- Squares as wide as neighbours are far: a neighbour lies in the same or the next one.
square as (
    select
        max({{ parameter('three_high.near_metres', 1000, as_of()) }}) as metres,
        max({{ parameter('three_high.near_metres', 1000, as_of()) }}) / 111320 as lat_step,
        max({{ parameter('three_high.near_metres', 1000, as_of()) }}) / (111320 * cos(radians(max(abs(lat))))) as lon_step,
        count(*) as places,
        avg(cast(observed as double)) as mean,
        sqrt(greatest(0, avg(cast(observed as double) * observed) - power(avg(cast(observed as double)), 2))) as deviation
    from place
),

squared as (
    select p.*, cast(floor(p.lon / s.lon_step) as bigint) as place_x, cast(floor(p.lat / s.lat_step) as bigint) as place_y
    from place as p
    cross join square as s
),

step as (
    {{ integers_to(2) }}
),

-- Only a cell with cases of its own can stand out, so only for these are neighbours looked up.
near as (
    select p.grid_code, count(*) as near, sum(n.observed) as near_sum
    from squared as p
    cross join step as x
    cross join step as y
    cross join square as s
    inner join squared as n on p.place_x + x.n - 1 = n.place_x and p.place_y + y.n - 1 = n.place_y
    where
        p.observed >= {{ least_cases }}
        and {{ metres_between('p.lon', 'p.lat', 'n.lon', 'n.lat') }} <= s.metres
    group by p.grid_code
),

class_share as (
    select source, district_code, class_code, sum(is_now) as observed, sum(is_before) as before
    from seen
    where district_code is not null
    group by source, district_code, class_code
),

class_total as (
    select
        *,
        sum(observed) over (partition by source, district_code) as all_now,
        sum(before) over (partition by source, district_code) as all_before
    from class_share
),

finding as (
    select
        'time' as kind,
        c.source,
        c.district_code,
        c.area_code,
        c.class_code,
        c.hour_of_week,
        cast(null as string) as grid_code,
        c.observed,
        c.before,
        c.expected,
        cast(null as double) as z,
        t.p_value,
        t.is_discovery as is_flagged
    from hour_expected as c
    inner join hour_tested as t
        on
            c.source = t.source
            and c.area_code = t.area_code
            and c.class_code = t.class_code
            and c.hour_of_week = t.hour_of_week
    union all
    select
        'place' as kind,
        'grid' as source,
        p.district_code,
        p.street_code as area_code,
        cast(null as string) as class_code,
        cast(null as integer) as hour_of_week,
        p.grid_code,
        p.observed,
        p.before,
        s.mean * n.near as expected,
        {{ local_cluster('n.near_sum', 'n.near', 's.places', 's.mean', 's.deviation') }} as z,
        cast(null as double) as p_value,
        coalesce(
            {{ local_cluster('n.near_sum', 'n.near', 's.places', 's.mean', 's.deviation') }}
            > {{ parameter('three_high.z', 2.58, as_of()) }},
            false
        ) as is_flagged
    from place as p
    inner join near as n on p.grid_code = n.grid_code
    cross join square as s
    union all
    select
        'form' as kind,
        c.source,
        c.district_code,
        c.district_code as area_code,
        c.class_code,
        cast(null as integer) as hour_of_week,
        cast(null as string) as grid_code,
        c.observed,
        c.before,
        case when c.all_before > 0 then cast(c.before as double) * c.all_now / c.all_before end as expected,
        {{ share_change('c.observed', 'c.all_now', 'c.before', 'c.all_before') }} as z,
        cast(null as double) as p_value,
        coalesce(
            {{ share_change('c.observed', 'c.all_now', 'c.before', 'c.all_before') }}
            > {{ parameter('three_high.z', 2.58, as_of()) }},
            false
        ) as is_flagged
    from class_total as c
)

select
    concat_ws('|', f.kind, f.source, f.area_code, f.class_code, cast(f.hour_of_week as string), f.grid_code) as cell_id,
    f.kind,
    f.source,
    f.district_code,
    f.area_code,
    f.class_code,
    f.hour_of_week,
    f.grid_code,
    s.window_from,
    s.window_to,
    s.baseline_from,
    cast(f.observed as bigint) as observed,
    cast(f.before as bigint) as observed_before,
    cast(f.expected as decimal(18, 3)) as expected,
    cast(f.z as decimal(12, 3)) as z,
    f.p_value,
    f.is_flagged,
    case
        when f.is_flagged
            then concat(
                cast(f.observed as string), ' / ', cast(cast(f.expected as decimal(18, 1)) as string),
                case f.kind
                    when 'time' then ' at this hour of the week'
                    when 'place' then ' here and near by'
                    else ' by its share before'
                end
            )
    end as reason
from finding as f
inner join span as s on f.source = s.source
where f.observed >= {{ least_cases }}

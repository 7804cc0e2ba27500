{{ config(unique_key='month', incremental_strategy='restate', restates='repeat_months') }}

{%- set months = restated_months() %}
{%- set days = parameter('repeat.days', 30, 'r.month') %}

-- Matters that came again. A grid case repeats the last one of its class that was closed before it, of the same
-- component or, for an event, of a place near by. A request repeats the last one of its class by the same caller, or
-- from the same address; made anew soon after the earlier one was finished, that one was not truly finished.
with {{ parameters() }},

grid_case as (
    select
        case_no,
        case_kind,
        class_code,
        component_code,
        district_code,
        street_code,
        handle_org_code as org_code,
        report_at,
        close_at,
        lon,
        lat,
        {{ month_of('report_at') }} as month
    from {{ ref('topic_grid_case') }}
    where
        not is_deleted and not is_void and class_code is not null
        and ({{ in_months('report_at', months) }} or {{ since_repeats('close_at', months) }})
),

-- Squares of the width of the limit, counted from zero: what is near lies in the same or the next one.
square as (
    select
        {{ parameter('repeat.metres', 50, as_of()) }} / 111320 as lat_step,
        {{ parameter('repeat.metres', 50, as_of()) }} / (111320 * cos(radians(max(abs(lat))))) as lon_step
    from grid_case
),

placed as (
    select
        g.*,
        cast(floor(g.lon / s.lon_step) as bigint) as place_x,
        cast(floor(g.lat / s.lat_step) as bigint) as place_y
    from grid_case as g
    cross join square as s
),

step as (
    {{ integers_to(2) }}
),

reach as (
    select p.*, p.place_x + x.n - 1 as near_x, p.place_y + y.n - 1 as near_y
    from placed as p
    cross join step as x
    cross join step as y
    where p.close_at is not null and p.component_code is null
),

grid_pair as (
    select
        r.case_no,
        e.case_no as earlier_no,
        'component' as likeness,
        e.close_at as ended_at,
        cast(null as double) as metres
    from grid_case as r
    inner join grid_case as e
        on r.class_code = e.class_code and r.component_code = e.component_code and r.case_no <> e.case_no
    where
        {{ in_months('r.report_at', months) }}
        and e.close_at <= r.report_at
        and r.report_at <= {{ hours_after('e.close_at', '24 * ' ~ days) }}
    union all
    select
        r.case_no,
        e.case_no as earlier_no,
        'place' as likeness,
        e.close_at as ended_at,
        {{ metres_between('r.lon', 'r.lat', 'e.lon', 'e.lat') }} as metres
    from placed as r
    inner join reach as e
        on
            r.class_code = e.class_code
            and r.place_x = e.near_x
            and r.place_y = e.near_y
            and r.case_no <> e.case_no
    where
        r.component_code is null
        and {{ in_months('r.report_at', months) }}
        and e.close_at <= r.report_at
        and r.report_at <= {{ hours_after('e.close_at', '24 * ' ~ days) }}
        and {{ metres_between('r.lon', 'r.lat', 'e.lon', 'e.lat') }} <= {{ parameter('repeat.metres', 50, 'r.month') }}
),

grid_last as (
    select
        *,
        row_number() over (partition by case_no order by ended_at desc, earlier_no desc) as recency
    from grid_pair
),

ticket as (
    select
        ticket_no,
        sub_no,
        class_l3_code as class_code,
        caller_key,
        address_raw,
        district_code,
        street_code,
        undertake_org_code as org_code,
        accept_time,
        finish_time,
        {{ month_of('accept_time') }} as month
    from {{ ref('topic_hotline_ticket') }}
    where
        {{ is_evaluated() }}
        and class_l3_code is not null
        and {{ since_repeats('accept_time', months) }}
),

ticket_pair as (
    {%- for likeness, same in [('caller', 'r.caller_key = e.caller_key'),
        ('address', 'r.address_raw = e.address_raw and r.district_code = e.district_code')] %}
    select
        r.ticket_no,
        r.sub_no,
        e.ticket_no as earlier_no,
        '{{ likeness }}' as likeness,
        e.accept_time as earlier_at,
        e.finish_time as ended_at
    from ticket as r
    inner join ticket as e on r.class_code = e.class_code and {{ same }} and r.ticket_no <> e.ticket_no
    where
        {{ in_months('r.accept_time', months) }}
        and e.accept_time < r.accept_time
        and r.accept_time <= {{ hours_after('e.accept_time', '24 * ' ~ days) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ticket_last as (
    select
        *,
        row_number() over (
            partition by ticket_no, sub_no
            order by earlier_at desc, earlier_no desc, likeness desc
        ) as recency
    from ticket_pair
),

found as (
    select
        'grid' as source,
        r.month,
        r.case_no as reported_no,
        '00' as sub_no,
        l.earlier_no,
        l.likeness,
        r.class_code,
        r.district_code,
        r.street_code,
        r.org_code,
        r.report_at as reported_at,
        l.ended_at,
        l.metres
    from grid_case as r
    inner join grid_last as l on r.case_no = l.case_no and l.recency = 1
    union all
    select
        'hotline' as source,
        r.month,
        r.ticket_no as reported_no,
        r.sub_no,
        l.earlier_no,
        l.likeness,
        r.class_code,
        r.district_code,
        r.street_code,
        r.org_code,
        r.accept_time as reported_at,
        l.ended_at,
        cast(null as double) as metres
    from ticket as r
    inner join ticket_last as l on r.ticket_no = l.ticket_no and r.sub_no = l.sub_no and l.recency = 1
),

{{ loads_taken_in() }}

select
    f.source,
    f.month,
    f.reported_no,
    f.sub_no,
    f.earlier_no,
    f.likeness,
    f.class_code,
    f.district_code,
    f.street_code,
    f.org_code,
    f.reported_at,
    cast({{ seconds_between('f.ended_at', 'f.reported_at') }} / 3600 as decimal(12, 2)) as hours_after_end,
    cast(f.metres as decimal(9, 1)) as metres,
    coalesce(
        f.source = 'hotline'
        and f.ended_at <= f.reported_at
        and f.reported_at <= {{ hours_after('f.ended_at', parameter('repeat.false_closure_hours', 72, 'f.month')) }},
        false
    ) as is_false_closure,
    t.case_load as _case_load_id,
    t.ticket_load as _ticket_load_id,
    greatest(t.case_load, t.ticket_load) as _load_id
from found as f
cross join taken_in as t

{{ config(unique_key='month', incremental_strategy='restate', restates='integrity_months') }}

{%- set months = restated_months() %}

-- Cases that look as if a figure had been served rather than a street (modelled after the complaints about evaluation:
-- reports of poor quality, loops outside of the system): closed by the dozen in one minute, reported with the
-- photograph of another case, several from one and the same spot, handled or ended faster than anyone can walk there.
-- Midnight sharp is what stands for a time that was not delivered: it tells of no minute.
with {{ parameters() }},

grid_case as (
    select
        case_no,
        handle_org_code,
        inspector_key,
        district_code,
        street_code,
        class_code,
        report_at,
        dispatch_at,
        handle_at,
        close_at,
        photo_hash,
        round(lon, 6) as lon,
        round(lat, 6) as lat
    from {{ ref('topic_grid_case') }}
    where
        not is_deleted and not is_void
        and (
            {{ since_repeats('report_at', months) }}
            or {{ in_months('handle_at', months) }}
            or {{ in_months('close_at', months) }}
        )
),

closed as (
    select
        case_no,
        close_at,
        count(*) over (
            partition by cast(close_at as date), {{ minute_of_day('close_at') }}
        ) as cases
    from grid_case
    where close_at <> cast(cast(close_at as date) as timestamp)
),

spot as (
    select
        a.case_no as first_case_no,
        b.case_no,
        b.report_at,
        count(*) over (partition by a.case_no) as cases
    from grid_case as a
    inner join grid_case as b
        on
            a.lon = b.lon
            and a.lat = b.lat
            and a.report_at <> cast(cast(a.report_at as date) as timestamp)
            and b.report_at >= a.report_at
            and b.report_at <= {{ hours_after('a.report_at', parameter('integrity.spot_minutes', 10, 'cast(a.report_at as date)') ~ ' / 60') }}
),

photo as (
    select r.case_no, r.report_at, max(e.case_no) as other_no
    from grid_case as r
    inner join grid_case as e on r.photo_hash = e.photo_hash and r.case_no > e.case_no
    where e.report_at >= {{ hours_after('r.report_at', '-24 * ' ~ parameter('repeat.days', 30, 'cast(r.report_at as date)')) }}
    group by r.case_no, r.report_at
),

flagged as (
    select case_no, 'batch_close' as flag_code, close_at as shown_at, cast(cases as string) as evidence
    from closed
    where cases > {{ parameter('integrity.batch_cases', 50, 'cast(close_at as date)') }}
    union all
    select case_no, 'same_spot' as flag_code, report_at as shown_at, cast(max(cases) as string) as evidence
    from spot
    where cases >= {{ parameter('integrity.spot_cases', 5, 'cast(report_at as date)') }}
    group by case_no, report_at
    union all
    select case_no, 'cloned_photo' as flag_code, report_at as shown_at, other_no as evidence
    from photo
    union all
    select
        case_no,
        'fast_handling' as flag_code,
        handle_at as shown_at,
        cast(cast({{ seconds_between('dispatch_at', 'handle_at') }} as bigint) as string) as evidence
    from grid_case
    where
        {{ seconds_between('dispatch_at', 'handle_at') }}
        < 60 * {{ parameter('integrity.handling_minutes', 2, 'cast(handle_at as date)') }}
    union all
    select
        case_no,
        'outside_loop' as flag_code,
        close_at as shown_at,
        cast(cast({{ seconds_between('report_at', 'close_at') }} as bigint) as string) as evidence
    from grid_case
    where
        report_at <> cast(cast(report_at as date) as timestamp)
        and {{ seconds_between('report_at', 'close_at') }}
        < 60 * {{ parameter('integrity.life_minutes', 15, 'cast(close_at as date)') }}
)

select
    c.case_no,
    f.flag_code,
    {{ month_of('f.shown_at') }} as month,
    f.shown_at,
    f.evidence,
    c.handle_org_code as org_code,
    c.inspector_key,
    c.district_code,
    c.street_code,
    c.class_code,
    cast(coalesce((select max(_load_id) from {{ ref('topic_grid_case') }}), -1) as bigint) as _load_id
from flagged as f
inner join grid_case as c on f.case_no = c.case_no
where {{ in_months('f.shown_at', months) }}

{{ config(unique_key='case_no') }}

{%- set delivered = [
    'case_no', 'case_kind', 'class_code', 'source_channel_code', 'description_masked', 'component_code', 'report_at',
    'file_at', 'dispatch_at', 'handle_at', 'verify_at', 'close_at', 'deadline_at', 'bundled_deadline_at', 'stage_code',
    'is_void', 'handle_org_code', 'inspector_key', 'division_code', 'district_code', 'street_code', 'community_code',
    'grid_code', 'address_raw', 'lon', 'lat', 'src_crs', 'ext_count', 'rework_count', 'photo_hash'
] %}
{%- set since = watermark() %}

-- Grid cases as they now stand, with the extensions, hang-ups, returns and reworks of the side lists, which may arrive
-- before the case or after it: a case is written again when either arrives. While a case is hung up its clock stands
-- still: the deadline moves by the working minutes hung (by all of them where the limit is in natural hours).
with arrivals as (
    {{ versions_since(ref('stg_grid__case'), since) }}
),

newest as (
    {{ newest('arrivals', ['case_no']) }}
),

winning as (
    {{ winners('newest', ['case_no'], months=true) }}
),

{{ working_time() }},

{{ working_ends() }},

{{ parameters() }},

time_limit as (
    select class_code, limit_value, limit_unit, valid_from, valid_to
    from {{ source('vocab', 'time_limit') }}
    where severity = 'general'
),

arrived as (
    select
        t.case_no,
        t.case_kind,
        t.class_code,
        t.source_channel_code,
        {{ mask_text('t.description') }} as description_masked,
        t.component_code,
        t.report_at,
        t.file_at,
        t.dispatch_at,
        t.handle_at,
        t.verify_at,
        t.close_at,
        t.deadline_at,
        t.bundled_deadline_at,
        t.stage_code,
        t.is_void,
        t.handle_org_code,
        {{ pseudonym('t.inspector', 'inspector') }} as inspector_key,
        t.division_code,
        division.district_code,
        division.street_code,
        division.community_code,
        t.grid_code,
        t.address_raw,
        t.lon,
        t.lat,
        t.src_crs,
        coalesce(t.ext_count, 0) as ext_count,
        coalesce(t.rework_count, 0) as rework_count,
        t.photo_hash,
        t._held_months,
        {{ bookkeeping('t') }}
    from winning as t
    {{ division_on('division', 't.division_code', 'cast(coalesce(t.report_at, t.version_at) as date)') }}
),

side_list as (
    select case_no, event_kind, event_at, approved_by, new_deadline_at, until_at, _load_id
    from {{ ref('stg_grid__event') }}
    where not is_deleted
),

{%- if is_incremental() %}

-- Cases already held that did not arrive again but whose side lists did.
held as (
    select
        {%- for column in delivered %}
        h.{{ column }},
        {%- endfor %}
        h._months as _held_months,
        {{ bookkeeping('h') }}
    from {{ this }} as h
    where
        h.case_no in (select case_no from side_list where _load_id > {{ since }})
        and h.case_no not in (select case_no from arrived)
),

touched as (
    select * from arrived
    union all
    select * from held
),
{%- else %}

touched as (
    select * from arrived
),
{%- endif %}

side_summary as (
    select
        case_no,
        max(case when event_kind = 'extension' and approved_by is not null then new_deadline_at end) as extended_to,
        cast(count(distinct case when event_kind = 'extension' then event_at end) as integer) as extensions,
        cast(count(distinct case when event_kind = 'rework' then event_at end) as integer) as reworks,
        cast(count(distinct case when event_kind = 'dispatch_return' then event_at end) as integer) as dispatch_returns,
        max(_load_id) as side_load_id
    from side_list
    where case_no in (select case_no from touched)
    group by case_no
),

-- A hang-up counts between dispatch and handling only.
pause as (
    select
        t.case_no,
        greatest(s.event_at, t.dispatch_at) as hung_from,
        coalesce(least(s.until_at, t.handle_at), s.until_at, t.handle_at) as hung_to
    from side_list as s
    inner join touched as t on s.case_no = t.case_no
    where s.event_kind = 'hang'
),

hang as (
    select
        p.case_no,
        cast(sum(greatest({{ work_minutes('hung', 'resumed') }}, 0)) as bigint) as hang_work_minutes,
        sum(greatest({{ seconds_between('p.hung_from', 'p.hung_to') }}, 0)) / 3600 as hang_hours,
        max(case when p.hung_to is null then 1 else 0 end) as is_hung
    from pause as p
    {{ work_clock('hung', 'p.hung_from') }}
    {{ work_clock('resumed', 'p.hung_to') }}
    group by p.case_no
),

summed as (
    select
        t.*,
        greatest(t.deadline_at, t.bundled_deadline_at, s.extended_to) as extended_to,
        s.extensions,
        s.reworks,
        s.dispatch_returns,
        s.side_load_id,
        coalesce(h.hang_work_minutes, 0) as hang_work_minutes,
        coalesce(h.hang_hours, 0) as hang_hours,
        coalesce(h.is_hung, 0) = 1 as is_hung,
        l.limit_unit,
        case l.limit_unit when 'work_hour' then 60 when 'work_day' then day_length.minutes end * l.limit_value
            as limit_minutes,
        l.limit_value
    from touched as t
    cross join day_length
    left join side_summary as s on t.case_no = s.case_no
    left join hang as h on t.case_no = h.case_no
    left join time_limit as l
        on
            t.class_code = l.class_code
            and cast(t.dispatch_at as date) >= coalesce(l.valid_from, cast('1900-01-01' as date))
            and cast(t.dispatch_at as date) <= coalesce(l.valid_to, cast('9999-12-31' as date))
),

due as (
    select
        s.*,
        {{ work_minutes('dispatched', 'handled') }} - s.hang_work_minutes as handle_work_minutes,
        case
            when s.limit_unit = 'hour' then {{ hours_after('s.dispatch_at', 's.limit_value') }}
            else {{ work_end('limited') }}
        end as computed_deadline_at,
        case
            when s.is_hung then null
            when s.limit_unit = 'hour' then {{ hours_after('s.extended_to', 's.hang_hours') }}
            when s.hang_work_minutes = 0 then s.extended_to
            else {{ work_end('resumed') }}
        end as due_at,
        cast(case when s.limit_unit = 'hour' then -floor(-60 * s.hang_hours) else s.hang_work_minutes end as bigint)
            as hang_minutes
    from summed as s
    cross join day_length
    {{ work_clock('dispatched', 's.dispatch_at') }}
    {{ work_clock('handled', 's.handle_at') }}
    {{ work_clock('extended', 's.extended_to') }}
    {{ work_end_clock('limited', 'dispatched', 's.limit_minutes') }}
    {{ work_end_clock('resumed', 'extended', 's.hang_work_minutes') }}
),

complete as (
    select d.*, {{ work_end('closing') }} as close_due_at
    from due as d
    cross join day_length
    {{ work_clock('ended', 'd.due_at') }}
    {{ work_end_clock('closing', 'ended', parameter('grid.close_minutes', 480, 'cast(d.due_at as date)')) }}
)

select
    t.case_no,
    t.case_kind,
    t.class_code,
    t.source_channel_code,
    t.description_masked,
    t.component_code,
    t.report_at,
    t.file_at,
    t.dispatch_at,
    t.handle_at,
    t.verify_at,
    t.close_at,
    t.deadline_at,
    t.bundled_deadline_at,
    t.due_at,
    t.close_due_at,
    t.computed_deadline_at,
    t.stage_code,
    t.is_void,
    t.handle_org_code,
    t.inspector_key,
    t.division_code,
    t.district_code,
    t.street_code,
    t.community_code,
    t.grid_code,
    t.address_raw,
    t.lon,
    t.lat,
    t.src_crs,
    greatest(t.ext_count, coalesce(t.extensions, 0)) as ext_count,
    greatest(t.rework_count, coalesce(t.reworks, 0)) as rework_count,
    t.hang_minutes,
    coalesce(t.dispatch_returns, 0) as return_count,
    t.handle_work_minutes,
    t.photo_hash,
    {{ months_text('t._held_months', ['t.report_at', 't.file_at', 't.dispatch_at', 't.handle_at', 't.due_at', 't.close_due_at', 't.close_at']) }} as _months,
    t.version_at,
    t.is_deleted,
    t._batch_id,
    t._business_date,
    t._object_id,
    t._file_name,
    t._line,
    t._row_hash,
    t._flags,
    greatest(t._load_id, coalesce(t.side_load_id, t._load_id)) as _load_id,
    t._landed_at
from complete as t
-- Numbers grow with time: in their order, what a day or a month needs lies together.
order by t.case_no

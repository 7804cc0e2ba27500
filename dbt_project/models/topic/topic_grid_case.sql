{{ config(unique_key='case_no') }}

{%- set delivered = [
    'case_no', 'case_kind', 'class_code', 'source_channel_code', 'description_masked', 'component_code', 'report_at',
    'file_at', 'dispatch_at', 'handle_at', 'verify_at', 'close_at', 'deadline_at', 'bundled_deadline_at', 'stage_code',
    'is_void', 'handle_org_code', 'inspector_key', 'division_code', 'district_code', 'street_code', 'community_code',
    'grid_code', 'address_raw', 'lon', 'lat', 'src_crs', 'ext_count', 'rework_count', 'handle_work_minutes'
] %}
{%- set since = watermark() %}

-- Grid cases as they now stand, with the extensions and reworks of the side lists, which may arrive before the case
-- or after it: a case is written again when either arrives.
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
        {{ work_minutes('dispatched', 'handled') }} as handle_work_minutes,
        t._held_months,
        {{ bookkeeping('t') }}
    from winning as t
    {{ division_on('division', 't.division_code', 'cast(coalesce(t.report_at, t.version_at) as date)') }}
    {{ work_clock('dispatched', 't.dispatch_at') }}
    {{ work_clock('handled', 't.handle_at') }}
),

side_list as (
    select case_no, event_kind, event_at, approved_by, new_deadline_at, _load_id
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
        max(_load_id) as side_load_id
    from side_list
    where case_no in (select case_no from touched)
    group by case_no
),

complete as (
    select
        t.*,
        greatest(t.deadline_at, t.bundled_deadline_at, s.extended_to) as due_at,
        s.extensions,
        s.reworks,
        s.side_load_id
    from touched as t
    left join side_summary as s on t.case_no = s.case_no
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
    t.handle_work_minutes,
    {{ months_text('t._held_months', ['t.report_at', 't.file_at', 't.due_at', 't.close_at']) }} as _months,
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

-- Grid cases: class names to codes, Baidu Mercator metres to degrees, 14-digit cells to 15 digits.
with delivered as (
    select * from {{ source('landed', 'grid_case') }}
),

located as (
    {{ bd09mc_to_wgs84('delivered', 'x', 'y') }}
),

crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
),

places as (
    {{ division_paths() }}
)

select
    t.case_no,
    case when class.code like 'C%' then 'component' when class.code like 'E%' then 'event' end as case_kind,
    class.code as class_code,
    source_channel.code as source_channel_code,
    t.description,
    t.component_code,
    t.report_at,
    t.file_at,
    t.dispatch_at,
    t.handle_at,
    t.verify_at,
    t.close_at,
    t.deadline_at,
    t.bundled_deadline_at,
    stage.code as stage_code,
    coalesce(t.stage like '%[作废]%', false) as is_void,
    handle_org.org_code as handle_org_code,
    t.inspector,
    coalesce(cell.community_code, community.code, street.code, district.code) as division_code,
    {{ grid_code_15('t.grid_code') }} as grid_code,
    t.address as address_raw,
    t.lon,
    t.lat,
    case when t.x is not null then 'BD09MC' end as src_crs,
    coalesce(t.ext_count, 0) as ext_count,
    coalesce(t.rework_count, 0) as rework_count,
    t.ext_reason,
    t.handle_opinion,
    t.photo_hash,
    {{ landed_bookkeeping('t', 'updated_at') }}
from located as t
{{ crosswalk('class', 'grid_class', "concat_ws('/', t.case_kind, t.class_major, t.class_minor)", 'crosswalk') }}
{{ crosswalk('source_channel', 'grid_source', 't.source_channel', 'crosswalk') }}
{{ crosswalk('stage', 'grid_stage', "replace(t.stage, '[作废]', '')", 'crosswalk') }}
{{ organisation_named('handle_org', 't.handle_org') }}
left join {{ source('vocab', 'grid_cell') }} as cell
    on
        {{ grid_code_15('t.grid_code') }} = cell.grid_code
        and cast(t.report_at as date) >= cell.valid_from
        and cast(t.report_at as date) <= coalesce(cell.valid_to, cast('9999-12-31' as date))
left join places as district
    on t.district = district.district and district.street = '' and district.community = ''
left join places as street
    on t.district = street.district and t.street = street.street and street.community = ''
left join places as community
    on t.district = community.district and t.street = community.street and t.community = community.community

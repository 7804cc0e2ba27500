{{ config(unique_key='city_code') }}

{%- set since = watermark() %}

-- Everything that has a city code as it now stands: whether it is still there, and if not what it became. What tells of
-- itself by dates to come (organisations, grid cells, devices), and what merged or was split, is told anew
-- in every build; of the rest what was delivered since.
with code as (
    select city_code, scheme, local_code, legacy_code, kind_code, issued_on from {{ ref('base_city_code') }}
),

kind as (
    select kind_code, name, name_en from {{ source('vocab', 'object_kind') }}
),

{{ codes_now() }},

cell as (
    select *
    from (
        select *, row_number() over (partition by grid_code order by valid_from desc) as recency
        from {{ ref('base_grid_cell') }}
    ) as ranked
    where recency = 1
),

standing as (
    select
        'component' as scheme, t.component_code as legacy_code, cast(null as string) as sealed_code,
        class.name as public_name, t.component_name as entity_name, t.district_code as division_code, t.grid_code,
        cast(null as string) as address_id, t.lon, t.lat, t.first_on as valid_from,
        case when t.is_deleted then cast(t.version_at as date) else t.removed_on end as ended_on,
        'components.component' as source, t._load_id
    from {{ ref('topic_component') }} as t
    {{ code_name('class', 'grid_class', 't.class_code') }}
    union all
    select
        'uscc', uscc, null, entity_name, entity_name, division_code, null, null, null, null, established_on,
        case
            when is_deleted then cast(version_at as date)
            when status_code in ('cancelled', 'moved') then coalesce(cancelled_on, cast(version_at as date))
        end,
        'register.entity', _load_id
    from {{ ref('base_legal_entity') }}
    union all
    select
        'org', org_code, null, org_name, org_name, division_code, null, null, null, null, valid_from,
        case when valid_to < cast('9999-12-31' as date) then {{ date_plus('day', 1, 'valid_to') }} end,
        'vocabulary.organisation', 0
    from {{ ref('base_organisation') }}
    union all
    select
        'grid15', grid_code, null, grid_code, grid_code, community_code, grid_code, null, lon, lat, valid_from,
        case when valid_to < cast('9999-12-31' as date) then {{ date_plus('day', 1, 'valid_to') }} end,
        'vocabulary.grid_cell', 0
    from cell
    union all
    select
        'community', community_no, null, community_name, community_name, division_code, grid_code, address_id, lon, lat,
        null, case when is_deleted then cast(version_at as date) end, 'communities.community', _load_id
    from {{ ref('topic_community') }}
    union all
    select
        'building', concat(community_no, '-', building_code), null, building_name, building_name, null, null,
        address_id, null, null, null, case when is_deleted then cast(version_at as date) end,
        'communities.building', _load_id
    from {{ ref('topic_community_building') }}
    union all
    select
        'market', facility_no, null, facility_name, facility_name, division_code, null, null, lon, lat, null,
        case when is_deleted or state_code = 'closed' then cast(version_at as date) end, 'places.market', _load_id
    from {{ ref('topic_market') }}
    union all
    select
        'parking', facility_no, null, facility_name, facility_name, division_code, null, null, lon, lat, null,
        case when is_deleted or state_code = 'closed' then cast(version_at as date) end, 'places.parking', _load_id
    from {{ ref('topic_parking_facility') }}
    union all
    select
        'device', null, t.device_id, null, class.name, t.division_code, null, null, null, null, t.installed_on,
        case
            when t.is_deleted then cast(t.version_at as date)
            when t.retired_on is not null then {{ date_plus('day', 1, 't.retired_on') }}
        end,
        'sensors.device', t._load_id
    from {{ ref('topic_device') }} as t
    {{ code_name('class', 'device_class', 't.class_code') }}
    union all
    select
        'frontage', null, segment_no, null, min(segment_name), min(division_code), null, null, null, null,
        min(signed_on), null, 'enforcement.frontage', max(_load_id)
    from {{ ref('topic_frontage_duty') }}
    where not is_deleted
    group by segment_no
),

coded as (
    select
        c.city_code, c.kind_code, s.scheme, c.issued_on, s.public_name, s.entity_name, s.division_code, s.grid_code, s.address_id, s.lon, s.lat, s.valid_from,
        s.ended_on, false as is_gone, s.source, s._load_id
    from standing as s
    inner join code as c on s.scheme = c.scheme and s.legacy_code = c.legacy_code
    where s.legacy_code is not null
    union all
    select
        c.city_code, s.scheme, s.scheme, c.issued_on, s.public_name, s.entity_name, s.division_code, s.grid_code, s.address_id, s.lon, s.lat, s.valid_from,
        s.ended_on, false, s.source, s._load_id
    from standing as s
    inner join code as c on s.scheme = c.scheme and s.sealed_code = c.local_code
    where s.sealed_code is not null
    union all
    -- Of a house only that it is, or is no more.
    select
        c.city_code, c.kind_code, c.scheme, c.issued_on, null, null, null, null, null, null, null, null, null,
        h.is_deleted, 'components.house', h._load_id
    from code as c
    inner join {{ ref('base_house') }} as h on c.local_code = h.house_code
    where c.scheme = 'house'
),

change as (
    select
        was.city_code,
        min(ch.kind) as kind,
        min(ch.changed_on) as changed_on,
        {{ dbt.listagg('became.city_code', "';'", 'order by became.city_code') }} as successor_codes
    from {{ source('vocab', 'object_change') }} as ch
    inner join code as was on ch.scheme = was.scheme and ch.old_code = was.local_code
    inner join code as became on ch.scheme = became.scheme and ch.new_code = became.local_code
    where ch.changed_on <= {{ as_of() }}
    group by was.city_code
)

select
    e.city_code,
    substr(e.city_code, 7, 1) as gbcp_code,
    e.kind_code,
    kind.name as kind_name,
    kind.name_en as kind_name_en,
    e.public_name,
    e.entity_name,
    case
        when change.kind is not null then change.kind
        when e.is_gone or e.ended_on <= {{ as_of() }} then 'retired'
        else 'active'
    end as status_code,
    case when e.ended_on <= {{ as_of() }} then coalesce(change.changed_on, e.ended_on) else change.changed_on end
        as status_on,
    change.successor_codes,
    e.division_code,
    e.grid_code,
    e.address_id,
    e.lon,
    e.lat,
    coalesce(e.valid_from, e.issued_on) as valid_from,
    coalesce({{ date_plus('day', -1, 'coalesce(change.changed_on, e.ended_on)') }}, cast('9999-12-31' as date)) as valid_to,
    e.source,
    e._load_id
from coded as e
inner join kind on e.kind_code = kind.kind_code
left join change on e.city_code = change.city_code
{%- if since >= 0 %}
where e._load_id > {{ since }} or e.scheme in ('org', 'grid15', 'device') or change.kind is not null
{%- endif %}
order by e.city_code

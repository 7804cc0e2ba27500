{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns'
    )
}}

{%- set until = codes_issued_until() %}

-- The register of city codes. What is issued stands for ever: rows are only added, also when everything else is made
-- anew, for a code must not follow what becomes of the thing. The number is that of the component's own code, else one
-- drawn from the thing's own code alone; so the same deliveries give the same codes, however they came in runs.
with kind as (
    select kind_code, gbcp_code, class_code, space_type_code from {{ source('vocab', 'object_kind') }}
),

address as (
    select address_id, division_code, lon, lat from {{ ref('base_address') }}
),

component_arrival as (
    {{ first_versions(ref('stg_components__component'), ['component_code'], until.get('component', -1)) }}
),

component_measured as (
    select a.*, d.crs as src_crs, coalesce(d.meridian, 0) as src_meridian
    from component_arrival as a
    left join {{ ref('base_component_delivery') }} as d on a._object_id = d.object_id
),

component as (
    {{ to_wgs84('component_measured', 'x', 'y', 'src_crs', 'src_meridian') }}
),

house as (
    {{ first_versions(ref('stg_components__house'), ['house_code'], until.get('house', -1)) }}
),

community as (
    {{ first_versions(ref('stg_communities__community'), ['community_no'], until.get('community', -1)) }}
),

building as (
    {{ first_versions(ref('stg_communities__building'), ['community_no', 'building_code'], until.get('building', -1)) }}
),

market as (
    {{ first_versions(ref('stg_places__market'), ['facility_no'], until.get('market', -1)) }}
),

parking as (
    {{ first_versions(ref('stg_places__parking'), ['facility_no'], until.get('parking', -1)) }}
),

device as (
    {{ first_versions(ref('stg_sensors__device'), ['device_id'], until.get('device', -1)) }}
),

frontage as (
    {{ first_versions(ref('stg_enforcement__frontage'), ['segment_no'], until.get('frontage', -1)) }}
),

-- Of an entity that one source knew without its place the first state with one.
entity as (
    select *
    from (
        select
            uscc, entity_type_code, division_code, _load_id,
            min(_business_date) over (partition by uscc) as _business_date,
            row_number() over (partition by uscc order by division_code is null, valid_from) as state_no
        from {{ ref('base_legal_entity_history') }}
        where not is_deleted and _load_id > {{ until.get('uscc', -1) }}
    ) as ranked
    where state_no = 1
),

thing as (
    select
        'component' as scheme, component_code as local_code, component_code as legacy_code, 'component' as kind_code,
        substr(component_code, 1, 6) as division_code, {{ first_match('class_code', '^C([0-9]{4})$') }} as class_code,
        cast({{ first_match('component_code', '^[0-9]{10}([0-9]{6})$') }} as bigint) as own_number,
        lon, lat, _business_date as issued_on, _business_date, _load_id
    from component
    union all
    select
        'uscc', uscc, uscc, case when entity_type_code = 'self_employed' then 'self_employed' else 'enterprise' end,
        division_code, null, null, null, null, _business_date, _business_date, _load_id
    from entity
    union all
    select
        'org', org_code, org_code,
        case
            when org_level in ('city', 'district') then 'agency'
            when org_level = 'street' then 'street_office'
            else 'dept'
        end,
        division_code, null, null, null, null, valid_from, valid_from, 0
    from {{ ref('base_organisation') }}
    union all
    select
        'grid15', grid_code, grid_code, 'grid_cell', min(community_code), null, null, min(lon), min(lat),
        min(valid_from), min(valid_from), 0
    from {{ ref('base_grid_cell') }}
    group by grid_code
    union all
    select
        'house', h.house_code, null, 'house', a.division_code, null, null, a.lon, a.lat,
        h._business_date, h._business_date, h._load_id
    from house as h
    left join address as a on h.address_id = a.address_id
    union all
    select
        'community', community_no, community_no, 'community', division_code, null, null, lon, lat,
        _business_date, _business_date, _load_id
    from community
    union all
    select
        'building', concat(b.community_no, '-', b.building_code), concat(b.community_no, '-', b.building_code),
        'building', c.division_code, null, null, a.lon, a.lat, b._business_date, b._business_date, b._load_id
    from building as b
    left join (
        select community_no, min(division_code) as division_code
        from {{ ref('stg_communities__community') }}
        group by community_no
    ) as c on b.community_no = c.community_no
    left join address as a on b.address_id = a.address_id
    union all
    select
        'market', facility_no, facility_no, 'market', division_code, null, null, lon, lat,
        _business_date, _business_date, _load_id
    from market
    union all
    select
        'parking', facility_no, facility_no, 'parking', division_code, null, null, lon, lat,
        _business_date, _business_date, _load_id
    from parking
    union all
    select
        'device', device_id, null, 'device', division_code, null, null, lon, lat,
        _business_date, _business_date, _load_id
    from device
    union all
    select
        'frontage', segment_no, null, 'frontage', division_code, null, null, null, null,
        _business_date, _business_date, _load_id
    from frontage
),

new_thing as (
    select
        t.*,
        coalesce(
            {{ first_match('t.division_code', '^([0-9]{6})') }}, '{{ var('area_code') }}'
        ) as district_code,
        coalesce(t.class_code, k.class_code) as issued_class,
        k.gbcp_code,
        k.space_type_code as usual_space
    from thing as t
    inner join kind as k on t.kind_code = k.kind_code
    {%- if is_incremental() %}
    left join {{ this }} as held on t.scheme = held.scheme and t.local_code = held.local_code
    where held.local_code is null
    {%- endif %}
),

space as (
    select space_id, space_type_code, lon, lat, radius_m from {{ ref('base_space') }}
    where not is_deleted
),

near_space as (
    {{ in_squares_around('space') }}
),

-- Of several spaces a thing lies in the smallest says most about it.
in_space as (
    select scheme, local_code, space_type_code
    from (
        select
            t.scheme,
            t.local_code,
            near.space_type_code,
            row_number() over (
                partition by t.scheme, t.local_code order by near.radius_m, near.space_id
            ) as place
        from new_thing as t
        inner join near_space as near
            on {{ stripe('t.lon') }} = near.square_x and {{ stripe('t.lat') }} = near.square_y
        where {{ metres_between('t.lon', 't.lat', 'near.lon', 'near.lat') }} <= near.radius_m
    ) as ranked
    where place = 1
),

drawn as (
    select
        t.*,
        coalesce(s.space_type_code, t.usual_space) as issued_space,
        concat(t.district_code, t.gbcp_code, t.issued_class) as series,
        coalesce(t.own_number, {{ number_of_text("concat(t.scheme, '|', t.local_code)") }}) as number_drawn
    from new_thing as t
    left join in_space as s on t.scheme = s.scheme and t.local_code = s.local_code
),

{%- set this_number = 'cast(substr(city_code, 13, 9) as bigint)' %}

taken as (
    {%- if is_incremental() %}
    select distinct {{ code_series('city_code') }} as series, {{ this_number }} as number_drawn
    from {{ this }}
    {%- else %}
    select cast(null as string) as series, cast(null as bigint) as number_drawn
    {%- endif %}
),

-- Whoever draws a number that is taken gets the next of those kept for that.
clashing as (
    select
        d.*,
        k.series is not null
        or row_number() over (
            partition by d.series, d.number_drawn order by d.issued_on, d.scheme, d.local_code
        ) > 1 as is_clash
    from drawn as d
    left join taken as k on d.series = k.series and d.number_drawn = k.number_drawn
),

next_clash as (
    select series, max(number_drawn) + 1 as number_free
    from taken
    where number_drawn >= {{ first_number_of_clashes() }}
    group by series
),

numbered as (
    select
        c.*,
        case
            when c.is_clash
                then coalesce(n.number_free, {{ first_number_of_clashes() }}) - 1 + row_number() over (
                    partition by c.series, c.is_clash order by c.issued_on, c.scheme, c.local_code
                )
            else c.number_drawn
        end as sequence_no
    from clashing as c
    left join next_clash as n on c.series = n.series
),

bodied as (
    select
        *,
        {{ city_code_body('district_code', 'gbcp_code', 'issued_space', 'issued_class', 'sequence_no') }} as body
    from numbered
)

select
    concat(body, {{ city_code_check('body') }}) as city_code,
    scheme,
    local_code,
    legacy_code,
    kind_code,
    issued_on,
    _business_date,
    _load_id
from bodied
order by city_code

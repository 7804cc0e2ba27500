{{ config(unique_key='_told_by') }}

{%- set since = watermark() %}
{%- set for_ever = "cast('9999-12-31' as date)" %}

-- Who owns, manages, maintains, operates or answers for what, what lies in what and is part of what, and since when.
-- Relations are written anew by the thing that tells them: of a component that was delivered again all of them, so that
-- a late version finds its place between the others; and when the other end got its code later. Dates of validity are of what the source says, not of its delivery.
with code as (
    select city_code, scheme, local_code, issued_on, _load_id from {{ ref('base_city_code') }}
),

{{ parameters() }},

told_again as (
    select distinct component_code
    from {{ ref('stg_components__component') }}
    {%- if since >= 0 %}
    where _load_id > {{ since }}
    {%- endif %}
),

component_version as (
    select
        v.*,
        coalesce(v.changed_on, cast(v.version_at as date)) as day,
        not v.is_deleted and coalesce(v.state_code <> 'removed', true) as is_there
    from {{ ref('stg_components__component') }} as v
    inner join told_again as t on v.component_code = t.component_code
),

duty as (
    {%- for rel, column in [('owns', 'own_org_code'), ('manages', 'supervise_org_code'), ('maintains', 'maintain_org_code')] %}
    select
        component_code, '{{ rel }}' as rel_code, case when is_there then {{ column }} end as org_code,
        coalesce(first_on, day) as first_day, day, {{ version_order() | join(', ') }}, _load_id
    from component_version
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

duty_change as (
    select *
    from (
        select
            *,
            lag(org_code) over duty_order as was_org_code,
            row_number() over duty_order as version_no,
            max(_load_id) over (partition by component_code) as component_load_id
        from duty
        window duty_order as (partition by component_code, rel_code order by {{ version_order() | join(', ') }})
    ) as compared
    where version_no = 1 or org_code is distinct from was_org_code
),

duty_period as (
    select
        component_code,
        rel_code,
        org_code,
        case when version_no = 1 then first_day else day end as valid_from,
        coalesce(
            {{ date_plus('day', -1, 'lead(day) over (partition by component_code, rel_code order by version_no)') }},
            {{ for_ever }}
        ) as valid_to,
        component_load_id
    from duty_change
),

said as (
    select
        'org' as from_scheme, org_code as from_local, rel_code, 'component' as to_scheme, component_code as to_local,
        valid_from, valid_to, 'components.component' as source, 1.0 as confidence, true as is_told,
        concat('component|', component_code) as _told_by, component_load_id as _load_id
    from duty_period
    where org_code is not null
    union all
    select
        'component', t.component_code, 'located_in', 'grid15', t.grid_code, t.changed_on,
        coalesce({{ date_plus('day', -1, 't.removed_on') }}, {{ for_ever }}), 'components.component',
        case t.grid_by when 'stated' then 1.0 else {{ parameter('codes.confidence.found', 0.9, as_of()) }} end,
        not t.is_deleted, concat('component|', t.component_code), t._load_id
    from {{ ref('topic_component') }} as t
    inner join told_again as a on t.component_code = a.component_code
    union all
    select
        'org', org_code, 'part_of', 'org', parent_code, valid_from, valid_to, 'vocabulary.organisation', 1.0, true,
        concat('org|', org_code), 0
    from {{ ref('base_organisation') }}
    union all
    select
        'org', duty_org_code, 'responsible_for', 'grid15', grid_code, valid_from, valid_to, 'vocabulary.grid_cell', 1.0,
        true, concat('grid15|', grid_code), 0
    from {{ ref('base_grid_cell') }}
    union all
    select
        'uscc', property_uscc, 'manages', 'community', community_no, property_since, {{ for_ever }},
        'communities.community', 1.0, not is_deleted, concat('community|', community_no), _load_id
    from {{ ref('topic_community') }}
    union all
    select
        'community', community_no, 'located_in', 'grid15', grid_code, null, {{ for_ever }}, 'communities.community',
        1.0, not is_deleted, concat('community|', community_no), _load_id
    from {{ ref('topic_community') }}
    union all
    select
        'building', concat(community_no, '-', building_code), 'part_of', 'community', community_no, null,
        {{ for_ever }}, 'communities.building', 1.0, not is_deleted,
        concat('building|', community_no, '-', building_code), _load_id
    from {{ ref('topic_community_building') }}
    union all
    select
        'uscc', operator_uscc, 'operates', 'market', facility_no, null, {{ for_ever }}, 'places.market', 1.0,
        not is_deleted, concat('market|', facility_no), _load_id
    from {{ ref('topic_market') }}
    union all
    select
        'uscc', operator_uscc, 'operates', 'parking', facility_no, null, {{ for_ever }}, 'places.parking', 1.0,
        not is_deleted, concat('parking|', facility_no), _load_id
    from {{ ref('topic_parking_facility') }}
    union all
    select
        'org', org_code, 'manages', 'device', device_id, installed_on, coalesce(retired_on, {{ for_ever }}),
        'sensors.device', 1.0, not is_deleted, concat('device|', device_id), _load_id
    from {{ ref('topic_device') }}
    union all
    select
        'uscc', party_uscc, 'responsible_for', 'frontage', segment_no, signed_on, coalesce(ended_on, {{ for_ever }}),
        'enforcement.frontage', 1.0, not is_deleted, concat('frontage|', agreement_no), _load_id
    from {{ ref('topic_frontage_duty') }}
),

-- What tells of nothing any more stays as a row without its other end, marked as removed.
coded as (
    select
        f.city_code as from_code,
        s.rel_code,
        t.city_code as to_code,
        coalesce(s.valid_from, greatest(f.issued_on, t.issued_on)) as valid_from,
        s.valid_to,
        s.source,
        cast(s.confidence as decimal(3, 2)) as confidence,
        not s.is_told or f.city_code is null or t.city_code is null as is_deleted,
        s._told_by,
        s._load_id,
        greatest(s._load_id, coalesce(f._load_id, 0), coalesce(t._load_id, 0)) as news_load_id
    from said as s
    left join code as f on s.from_scheme = f.scheme and s.from_local = f.local_code
    left join code as t on s.to_scheme = t.scheme and s.to_local = t.local_code
    union all
    select
        f.city_code, 'part_of', t.city_code, f.issued_on, {{ for_ever }}, 'components.house', 1.0,
        h.is_deleted or b.is_deleted, concat('house|', f.local_code), h._load_id,
        greatest(h._load_id, b._load_id, f._load_id, t._load_id)
    from code as f
    inner join {{ ref('base_house') }} as h on f.local_code = h.house_code
    inner join {{ ref('topic_community_building') }} as b on h.address_id = b.address_id
    inner join code as t on concat(b.community_no, '-', b.building_code) = t.local_code
    where f.scheme = 'house' and t.scheme = 'building'
)

select from_code, rel_code, to_code, valid_from, valid_to, source, confidence, is_deleted, _told_by, _load_id
from coded
where
    (is_deleted or valid_from <= valid_to)
    {%- if since >= 0 %}
    and _told_by in (select _told_by from coded where news_load_id > {{ since }})
    {%- endif %}

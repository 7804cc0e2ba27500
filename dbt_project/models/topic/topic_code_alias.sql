{{ config(materialized='view') }}

-- Other codes by which things with a city code are known. What is not to be told of stands in a column of its own.
with code as (
    select city_code, scheme, local_code, legacy_code, issued_on from {{ ref('base_city_code') }}
),

alias as (
    select
        city_code,
        case scheme when 'component' then '30428-16' else scheme end as scheme,
        legacy_code as alias_code,
        cast(null as string) as sealed_code,
        issued_on as valid_from,
        cast('9999-12-31' as date) as valid_to
    from code
    where legacy_code is not null
    union all
    -- The numbering of 2005, with a sequence of two digits.
    select
        city_code, 'grid14', concat(substr(legacy_code, 1, 12), substr(legacy_code, 14)), null, issued_on,
        cast('9999-12-31' as date)
    from code
    where scheme = 'grid15' and substr(legacy_code, 13, 1) = '0'
    union all
    select c.city_code, 'uscc', o.uscc, null, o.valid_from, o.valid_to
    from {{ ref('base_organisation') }} as o
    inner join code as c on o.org_code = c.legacy_code and c.scheme = 'org'
    where o.uscc is not null
    union all
    select c.city_code, 'address', t.address_id, null, c.issued_on, cast('9999-12-31' as date)
    from {{ ref('topic_community') }} as t
    inner join code as c on t.community_no = c.legacy_code and c.scheme = 'community'
    where t.address_id is not null
    union all
    select c.city_code, 'address', t.address_id, null, c.issued_on, cast('9999-12-31' as date)
    from {{ ref('topic_community_building') }} as t
    inner join code as c on concat(t.community_no, '-', t.building_code) = c.legacy_code and c.scheme = 'building'
    where t.address_id is not null
    union all
    select
        c.city_code, 'device', t.device_id, null, coalesce(t.installed_on, cast('1900-01-01' as date)),
        cast('9999-12-31' as date)
    from {{ ref('topic_device') }} as t
    inner join code as c on t.device_id = c.local_code and c.scheme = 'device'
    union all
    select
        c.city_code, 'frontage', t.segment_no, null, min(t.signed_on), cast('9999-12-31' as date)
    from {{ ref('topic_frontage_duty') }} as t
    inner join code as c on t.segment_no = c.local_code and c.scheme = 'frontage'
    group by c.city_code, t.segment_no
    union all
    select city_code, 'house', null, local_code, issued_on, cast('9999-12-31' as date)
    from code
    where scheme = 'house'
    union all
    select c.city_code, 'address', null, t.address_id, c.issued_on, cast('9999-12-31' as date)
    from code as c
    inner join {{ ref('base_house') }} as t on c.local_code = t.house_code
    where c.scheme = 'house' and t.address_id is not null
)

select city_code, scheme, alias_code, sealed_code, valid_from, valid_to from alias

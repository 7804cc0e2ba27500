{# Reference systems: which one a point may be in, which one a file says it is in, and the way to degrees. #}

{# Which kind of numbers a pair of coordinates is; NULL where it is none that is known here. A pair alone does not tell
   WGS84 from GCJ-02 or Baidu from Web Mercator. #}
{% macro crs_family(x, y) -%}
    case
        when {{ x }} >= 3 and {{ x }} <= 54 and {{ y }} >= 73 and {{ y }} <= 136 then 'degrees_swapped'
        when abs({{ x }}) <= 180 and abs({{ y }}) <= 90 then 'degrees'
        when {{ x }} > 100000 and {{ x }} < 900000 and {{ y }} > 300000 and {{ y }} < 6100000 then 'gauss_kruger'
        when {{ x }} > 24000000 and {{ x }} < 46000000 and {{ y }} > 300000 and {{ y }} < 6100000 then 'gauss_kruger_zone'
        when {{ x }} > 8000000 and {{ x }} < 16000000 and {{ y }} > 300000 and {{ y }} < 7200000 then 'mercator'
    end
{%- endmacro %}

{# Reference systems that points may be delivered in, by the kind of their numbers: code and, for Gauss-Krüger in zones
   of three degrees (EPSG:4534 to 4554 without the zone in the easting, 4513 to 4533 with it), the central meridian. #}
{% macro known_crs() -%}
    {%- set found = [
        ('EPSG:4490', 'degrees', 0), ('GCJ02', 'degrees', 0), ('BD09', 'degrees', 0),
        ('BD09MC', 'mercator', 0), ('EPSG:3857', 'mercator', 0)
    ] -%}
    {%- for zone in range(25, 46) -%}
        {%- do found.append(('EPSG:' ~ (4509 + zone), 'gauss_kruger', 3 * zone)) -%}
        {%- do found.append(('EPSG:' ~ (4488 + zone), 'gauss_kruger_zone', 3 * zone)) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# Points `x`, `y` in the reference system `crs` (a code of `known_crs`) with the central meridian `meridian` to WGS84
   degrees `lon`, `lat`, rounded to seven decimals; NULL where the system is NULL or unknown. #}
{% macro to_wgs84(relation, x, y, crs, meridian) -%}
    select
        *,
        round(case
            when {{ crs }} = 'EPSG:4490' then {{ x }}
            when {{ crs }} in ('GCJ02', 'BD09', 'BD09MC') then _wgs_lon
            when {{ crs }} = 'EPSG:3857' then {{ x }} * 180 / 20037508.342789244
            when {{ meridian }} > 0 then _gk_lon
        end, 7) as lon,
        round(case
            when {{ crs }} = 'EPSG:4490' then {{ y }}
            when {{ crs }} in ('GCJ02', 'BD09', 'BD09MC') then _wgs_lat
            when {{ crs }} = 'EPSG:3857' then (2 * atan2(exp({{ y }} / 6378137), 1) - pi() / 2) * 180 / pi()
            when {{ meridian }} > 0 then _gk_lat
        end, 7) as lat
    from (
        {{ gauss_kruger_to_degrees('(' ~ gcj02_to_wgs84('(select *, '
            ~ "case when " ~ crs ~ " = 'GCJ02' then " ~ x ~ " else _off_lon end as _gcj_lon, "
            ~ "case when " ~ crs ~ " = 'GCJ02' then " ~ y ~ " else _off_lat end as _gcj_lat from ("
            ~ bd09_to_gcj02('(select *, '
                ~ "case " ~ crs ~ " when 'BD09' then " ~ x ~ " when 'BD09MC' then _mc_lon end as _bd_lon, "
                ~ "case " ~ crs ~ " when 'BD09' then " ~ y ~ " when 'BD09MC' then _mc_lat end as _bd_lat, "
                ~ "case when " ~ meridian ~ " > 0 then case when " ~ x ~ " < 1000000 then " ~ x ~ " else " ~ x ~ " - "
                ~ meridian ~ " / 3 * 1000000 end end as _gk_x from ("
                ~ bd09mc_to_bd09(relation, "case when " ~ crs ~ " = 'BD09MC' then " ~ x ~ " end", y, '_mc_lon', '_mc_lat')
                ~ ') as metres) as baidu', '_bd_lon', '_bd_lat', '_off_lon', '_off_lat')
            ~ ') as offset_once) as shifted', '_gcj_lon', '_gcj_lat', '_wgs_lon', '_wgs_lat')
            ~ ') as unshifted', '_gk_x', y, meridian, '_gk_lon', '_gk_lat') }}
    ) as measured
{%- endmacro %}

{# The code of the reference system that a file names: the text of a .prj file or a name such as
   urn:ogc:def:crs:EPSG::4490. WGS84 is CGCS2000 to the centimetre. NULL where it names none that is known here. #}
{% macro declared_crs(expression) -%}
    {%- set epsg = first_match(expression, 'EPSG:+([0-9]{4,5})$') -%}
    {%- set meridian = first_match(expression, '^PROJCS.*CGCS2000_3_Degree_GK_CM_([0-9]{2,3})E') -%}
    {%- set zone = first_match(expression, '^PROJCS.*CGCS2000_3_Degree_GK_Zone_([0-9]{2})') -%}
    case
        when {{ epsg }} in ('4326', '4490') then 'EPSG:4490'
        when {{ epsg }} is not null then concat('EPSG:', {{ epsg }})
        when {{ meridian }} is not null
            then concat('EPSG:', cast(4509 + cast({{ meridian }} as integer) / 3 as integer))
        when {{ zone }} is not null then concat('EPSG:', cast(4488 + cast({{ zone }} as integer) as string))
        when {{ expression }} like 'GEOGCS%' and ({{ expression }} like '%China%2000%' or {{ expression }} like '%WGS%84%')
            then 'EPSG:4490'
    end
{%- endmacro %}

{# CTE `crs`: the reference systems that are known, by the kind of their numbers. #}
{% macro reference_systems() -%}
    crs as (
        {%- for code, family, meridian in known_crs() %}
        select '{{ code }}' as code, '{{ family }}' as family, {{ meridian }} as meridian
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# Of each file (`object_id`) of `differences` (degrees `east`, `north` from where a point should be, at `lat`, when read
   in the system `code`) the system with the smallest median offset, where there are at least `least` points, and
   whether that is at most `limit` metres. `least` and `limit` are parameters with their defaults. #}
{% macro best_crs(differences, least, least_default, limit, limit_default) -%}
    select
        object_id,
        code,
        meridian,
        points,
        offset_m,
        offset_m <= {{ parameter(limit, limit_default, as_of()) }} as is_in_place
    from (
        select *, row_number() over (partition by object_id order by offset_m, code) as place
        from (
            select
                object_id,
                code,
                meridian,
                count(distinct component_code) as points,
                111320 * sqrt(
                    power({{ percentile('east', 0.5) }} * cos(radians(min(lat))), 2)
                    + power({{ percentile('north', 0.5) }}, 2)
                ) as offset_m
            from {{ differences }}
            group by object_id, code, meridian
        ) as measured
        where points >= {{ parameter(least, least_default, as_of()) }}
    ) as ranked
    where place = 1
{%- endmacro %}

{# Coordinates: GCJ-02, BD-09, Baidu Mercator (BD09MC), Web Mercator and Gauss-Krüger metres to degrees and back.

   Degrees are CGCS2000, which WGS84 equals to the centimetre. GCJ-02 adds an offset that is known, BD-09 adds another to
   that, Baidu Mercator is a polynomial per band of northing. GCJ-02 is undone by fixed-point iteration (three rounds
   leave less than a millimetre); BD-09 by its usual inverse (6 cm). Outside of the box round China GCJ-02 adds nothing.

   The steps wrap a relation: each gives all its columns and two more. What is NULL stays NULL. #}

{# Bands of |northing|, each with its lower bound and coefficients: two for longitude, seven for latitude, the scale. #}
{% macro bd09mc_bands() -%}
    {{ return([
        (12890594.86, 1.410526172116255e-8, 8.98305509648872e-6,
            [-1.9939833816331, 200.9824383106796, -187.2403703815547, 91.6087516669843, -23.38765649603339,
             2.57121317296198, -0.03801003308653], 17337981.2),
        (8362377.87, -7.435856389565537e-9, 8.983055097726239e-6,
            [-0.78625201886289, 96.32687599759846, -1.85204757529826, -59.36935905485877, 47.40033549296737,
             -16.50741931063887, 2.28786674699375], 10260144.86),
        (5591021, -3.030883460898826e-8, 8.98305509983578e-6,
            [0.30071316287616, 59.74293618442277, 7.357984074871, -25.38371002664745, 13.45380521110908,
             -3.29883767235584, 0.32710905363475], 6856817.37),
        (3481989.83, -1.981981304930552e-8, 8.983055099779535e-6,
            [0.03278182852591, 40.31678527705744, 0.65659298677277, -4.44255534477492, 0.85341911805263,
             0.12923347998204, -0.04625736007561], 4482777.06),
        (1678043.12, 3.09191371068437e-9, 8.983055096812155e-6,
            [0.00006995724062, 23.10934304144901, -0.00023663490511, -0.6321817810242, -0.00663494467273,
             0.03430082397953, -0.00466043876332], 2555164.4),
        (0, 2.890871144776878e-9, 8.983055095805407e-6,
            [-3.068298e-8, 7.47137025468032, -0.00000353937994, -0.02145144861037, -0.00001234426596,
             0.00010322952773, -0.00000323890364], 826088.5)
    ]) }}
{%- endmacro %}

{# The offset in degrees that GCJ02 adds to the WGS84 point (lon, lat). #}
{% macro gcj02_offset_lon(lon, lat) -%}
    {%- set x = '(' ~ lon ~ ' - 105)' -%}{%- set y = '(' ~ lat ~ ' - 35)' -%}
    (
        300 + {{ x }} + 2 * {{ y }} + 0.1 * {{ x }} * {{ x }} + 0.1 * {{ x }} * {{ y }} + 0.1 * sqrt(abs({{ x }}))
        + (20 * sin(6 * {{ x }} * pi()) + 20 * sin(2 * {{ x }} * pi())) * 2 / 3
        + (20 * sin({{ x }} * pi()) + 40 * sin({{ x }} / 3 * pi())) * 2 / 3
        + (150 * sin({{ x }} / 12 * pi()) + 300 * sin({{ x }} / 30 * pi())) * 2 / 3
    ) * 180 / (6378245.0 / sqrt({{ gcj02_magic(lat) }}) * cos(radians({{ lat }})) * pi())
{%- endmacro %}

{% macro gcj02_offset_lat(lon, lat) -%}
    {%- set x = '(' ~ lon ~ ' - 105)' -%}{%- set y = '(' ~ lat ~ ' - 35)' -%}
    (
        -100 + 2 * {{ x }} + 3 * {{ y }} + 0.2 * {{ y }} * {{ y }} + 0.1 * {{ x }} * {{ y }} + 0.2 * sqrt(abs({{ x }}))
        + (20 * sin(6 * {{ x }} * pi()) + 20 * sin(2 * {{ x }} * pi())) * 2 / 3
        + (20 * sin({{ y }} * pi()) + 40 * sin({{ y }} / 3 * pi())) * 2 / 3
        + (160 * sin({{ y }} / 12 * pi()) + 320 * sin({{ y }} / 30 * pi())) * 2 / 3
    ) * 180 / (
        6378245.0 * (1 - 0.00669342162296594323) / ({{ gcj02_magic(lat) }} * sqrt({{ gcj02_magic(lat) }})) * pi()
    )
{%- endmacro %}

{% macro gcj02_magic(lat) -%}
    (1 - 0.00669342162296594323 * sin(radians({{ lat }})) * sin(radians({{ lat }})))
{%- endmacro %}

{# Whether GCJ-02 moves the point (lon, lat). #}
{% macro is_in_gcj02_box(lon, lat) -%}
    ({{ lon }} >= 72.004 and {{ lon }} <= 137.8347 and {{ lat }} >= 0.8293 and {{ lat }} <= 55.8271)
{%- endmacro %}

{# WGS84 degrees `lon`, `lat` to GCJ-02 degrees `to_lon`, `to_lat`. #}
{% macro wgs84_to_gcj02(relation, lon, lat, to_lon='gcj_lon', to_lat='gcj_lat') -%}
    select
        *,
        {{ lon }} + case when {{ is_in_gcj02_box(lon, lat) }} then {{ gcj02_offset_lon(lon, lat) }} else 0 end as {{ to_lon }},
        {{ lat }} + case when {{ is_in_gcj02_box(lon, lat) }} then {{ gcj02_offset_lat(lon, lat) }} else 0 end as {{ to_lat }}
    from {{ relation }}
{%- endmacro %}

{# GCJ-02 degrees to WGS84 degrees; the rounds on the way stay as columns with a leading underscore. #}
{% macro gcj02_to_wgs84(relation, lon, lat, to_lon='wgs_lon', to_lat='wgs_lat') -%}
    {%- set steps = [[lon, lat], ['_lon_1', '_lat_1'], ['_lon_2', '_lat_2'], [to_lon, to_lat]] -%}
    {%- for step in [3, 2, 1] %}
    select
        *,
        case
            when {{ is_in_gcj02_box(lon, lat) }}
                then {{ lon }} - {{ gcj02_offset_lon(steps[step - 1][0], steps[step - 1][1]) }}
            else {{ lon }}
        end as {{ steps[step][0] }},
        case
            when {{ is_in_gcj02_box(lon, lat) }}
                then {{ lat }} - {{ gcj02_offset_lat(steps[step - 1][0], steps[step - 1][1]) }}
            else {{ lat }}
        end as {{ steps[step][1] }}
    from {{ '(' if not loop.last else relation }}
    {%- endfor %}
    ) as round_1
    ) as round_2
{%- endmacro %}

{# GCJ-02 degrees to BD-09 degrees. #}
{% macro gcj02_to_bd09(relation, lon, lat, to_lon='bd_lon', to_lat='bd_lat') -%}
    {%- set radius = "(sqrt(" ~ lon ~ " * " ~ lon ~ " + " ~ lat ~ " * " ~ lat ~ ") + 0.00002 * sin(" ~ lat ~ " * pi() * 3000 / 180))" -%}
    {%- set angle = "(atan2(" ~ lat ~ ", " ~ lon ~ ") + 0.000003 * cos(" ~ lon ~ " * pi() * 3000 / 180))" -%}
    select
        *,
        {{ radius }} * cos({{ angle }}) + 0.0065 as {{ to_lon }},
        {{ radius }} * sin({{ angle }}) + 0.006 as {{ to_lat }}
    from {{ relation }}
{%- endmacro %}

{# BD-09 degrees to GCJ-02 degrees. #}
{% macro bd09_to_gcj02(relation, lon, lat, to_lon='gcj_lon', to_lat='gcj_lat') -%}
    {%- set x = "(" ~ lon ~ " - 0.0065)" -%}
    {%- set y = "(" ~ lat ~ " - 0.006)" -%}
    {%- set radius = "(sqrt(power(" ~ x ~ ", 2) + power(" ~ y ~ ", 2)) - 0.00002 * sin(" ~ y ~ " * pi() * 3000 / 180))" -%}
    {%- set angle = "(atan2(" ~ y ~ ", " ~ x ~ ") - 0.000003 * cos(" ~ x ~ " * pi() * 3000 / 180))" -%}
    select
        *,
        {{ radius }} * cos({{ angle }}) as {{ to_lon }},
        {{ radius }} * sin({{ angle }}) as {{ to_lat }}
    from {{ relation }}
{%- endmacro %}

{# Baidu Mercator metres to BD-09 degrees. #}
{% macro bd09mc_to_bd09(relation, x, y, to_lon='bd_lon', to_lat='bd_lat') -%}
    select
        *,
        case
            {%- for bound, c0, c1, latitude, scale in bd09mc_bands() %}
            when abs({{ y }}) >= {{ bound }} then sign({{ x }}) * ({{ c0 }} + {{ c1 }} * abs({{ x }}))
            {%- endfor %}
        end as {{ to_lon }},
        case
            {%- for bound, c0, c1, latitude, scale in bd09mc_bands() %}
            when abs({{ y }}) >= {{ bound }} then sign({{ y }}) * (
                {%- for coefficient in latitude %}
                {{ '+ ' if not loop.first }}({{ coefficient }}) * power(abs({{ y }}) / {{ scale }}, {{ loop.index0 }})
                {%- endfor %})
            {%- endfor %}
        end as {{ to_lat }}
    from {{ relation }}
{%- endmacro %}

{# Baidu Mercator metres to WGS84 degrees `lon`, `lat`, rounded to seven decimals, about a centimetre. #}
{% macro bd09mc_to_wgs84(relation, x, y) -%}
    select *, round(_wgs_lon, 7) as lon, round(_wgs_lat, 7) as lat
    from (
        {{ gcj02_to_wgs84('(' ~ bd09_to_gcj02(
            '(' ~ bd09mc_to_bd09(relation, x, y, '_bd_lon', '_bd_lat') ~ ') as baidu',
            '_bd_lon', '_bd_lat', '_gcj_lon', '_gcj_lat'
        ) ~ ') as shifted', '_gcj_lon', '_gcj_lat', '_wgs_lon', '_wgs_lat') }}
    ) as measured
{%- endmacro %}

{# Gauss-Krüger on the ellipsoid of CGCS2000: half axes and the Krüger series to the fourth order of the third
   flattening (L. Krüger 1912; errors far below a millimetre within a zone). `alpha` is from the sphere to metres,
   `beta` back, `delta` from conformal to geographic latitude, `radius` that of the rectifying sphere. #}
{% macro krueger() -%}
    {%- set f = 1 / 298.257222101 -%}
    {%- set n = f / (2 - f) -%}
    {{ return({
        'eccentricity': (f * (2 - f)) ** 0.5,
        'radius': 6378137 / (1 + n) * (1 + n ** 2 / 4 + n ** 4 / 64),
        'alpha': [
            n / 2 - 2 / 3 * n ** 2 + 5 / 16 * n ** 3 + 41 / 180 * n ** 4,
            13 / 48 * n ** 2 - 3 / 5 * n ** 3 + 557 / 1440 * n ** 4,
            61 / 240 * n ** 3 - 103 / 140 * n ** 4,
            49561 / 161280 * n ** 4
        ],
        'beta': [
            n / 2 - 2 / 3 * n ** 2 + 37 / 96 * n ** 3 - 1 / 360 * n ** 4,
            1 / 48 * n ** 2 + 1 / 15 * n ** 3 - 437 / 1440 * n ** 4,
            17 / 480 * n ** 3 - 37 / 840 * n ** 4,
            4397 / 161280 * n ** 4
        ],
        'delta': [
            2 * n - 2 / 3 * n ** 2 - 2 * n ** 3 + 116 / 45 * n ** 4,
            7 / 3 * n ** 2 - 8 / 5 * n ** 3 - 227 / 45 * n ** 4,
            56 / 15 * n ** 3 - 136 / 35 * n ** 4,
            4279 / 630 * n ** 4
        ]
    }) }}
{%- endmacro %}

{# Degrees to Gauss-Krüger metres: easting `to_x` (500,000 on the meridian, no zone prefix) and northing `to_y`.
   `meridian` is the central meridian in degrees, a number or an expression. #}
{% macro degrees_to_gauss_kruger(relation, lon, lat, meridian, to_x='easting', to_y='northing') -%}
    {%- set k = krueger() -%}
    select
        *,
        500000 + {{ k.radius }} * (
            _eta{% for a in k.alpha %} + {{ a }} * cos({{ 2 * loop.index }} * _xi) * sinh({{ 2 * loop.index }} * _eta){% endfor %}
        ) as {{ to_x }},
        {{ k.radius }} * (
            _xi{% for a in k.alpha %} + {{ a }} * sin({{ 2 * loop.index }} * _xi) * cosh({{ 2 * loop.index }} * _eta){% endfor %}
        ) as {{ to_y }}
    from (
        select *, atan2(_t, cos(_l)) as _xi, asinh(sin(_l) / sqrt(_t * _t + cos(_l) * cos(_l))) as _eta
        from (
            select
                *,
                radians({{ lon }} - {{ meridian }}) as _l,
                sinh(
                    atanh(sin(radians({{ lat }})))
                    - {{ k.eccentricity }} * atanh({{ k.eccentricity }} * sin(radians({{ lat }})))
                ) as _t
            from {{ relation }}
        ) as turned
    ) as conformal
{%- endmacro %}

{# Gauss-Krüger metres without zone prefix to degrees. #}
{% macro gauss_kruger_to_degrees(relation, x, y, meridian, to_lon='gk_lon', to_lat='gk_lat') -%}
    {%- set k = krueger() -%}
    select
        *,
        {{ meridian }} + atan2(sinh(_eta), cos(_xi)) * 180 / pi() as {{ to_lon }},
        (
            _chi{% for d in k.delta %} + {{ d }} * sin({{ 2 * loop.index }} * _chi){% endfor %}
        ) * 180 / pi() as {{ to_lat }}
    from (
        select *, asin(sin(_xi) / cosh(_eta)) as _chi
        from (
            select
                *,
                _n{% for b in k.beta %} - {{ b }} * sin({{ 2 * loop.index }} * _n) * cosh({{ 2 * loop.index }} * _e){% endfor %} as _xi,
                _e{% for b in k.beta %} - {{ b }} * cos({{ 2 * loop.index }} * _n) * sinh({{ 2 * loop.index }} * _e){% endfor %} as _eta
            from (
                select *, ({{ x }} - 500000) / {{ k.radius }} as _e, {{ y }} / {{ k.radius }} as _n from {{ relation }}
            ) as scaled
        ) as conformal
    ) as spherical
{%- endmacro %}

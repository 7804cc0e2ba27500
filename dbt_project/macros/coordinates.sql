{# From Baidu Mercator metres (BD09MC) to WGS84 degrees: BD09MC → BD09 → GCJ02 → WGS84.

   The first step is a polynomial per band of northing, the second undoes an offset that turns with the point, the
   third inverts GCJ02 by fixed-point iteration (three rounds leave less than a millimetre). Degrees are rounded to
   seven decimals, about a centimetre. #}

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

{# The columns of `relation` and the point as `lon`, `lat` (and the steps on the way, with a leading underscore);
   NULL where `x` or `y` is NULL. #}
{% macro bd09mc_to_wgs84(relation, x, y) -%}
    select
        *,
        round(_gcj_lon - {{ gcj02_offset_lon('_lon_2', '_lat_2') }}, 7) as lon,
        round(_gcj_lat - {{ gcj02_offset_lat('_lon_2', '_lat_2') }}, 7) as lat
    from (
        select
            *,
            _gcj_lon - {{ gcj02_offset_lon('_lon_1', '_lat_1') }} as _lon_2,
            _gcj_lat - {{ gcj02_offset_lat('_lon_1', '_lat_1') }} as _lat_2
        from (
            select
                *,
                _gcj_lon - {{ gcj02_offset_lon('_gcj_lon', '_gcj_lat') }} as _lon_1,
                _gcj_lat - {{ gcj02_offset_lat('_gcj_lon', '_gcj_lat') }} as _lat_1
            from (
                select
                    *,
                    {{ bd09_radius() }} * cos({{ bd09_angle() }}) as _gcj_lon,
                    {{ bd09_radius() }} * sin({{ bd09_angle() }}) as _gcj_lat
                from (
                    select
                        *,
                        case
                            {%- for bound, c0, c1, latitude, scale in bd09mc_bands() %}
                            when abs({{ y }}) >= {{ bound }} then sign({{ x }}) * ({{ c0 }} + {{ c1 }} * abs({{ x }}))
                            {%- endfor %}
                        end as _bd_lon,
                        case
                            {%- for bound, c0, c1, latitude, scale in bd09mc_bands() %}
                            when abs({{ y }}) >= {{ bound }} then sign({{ y }}) * (
                                {%- for coefficient in latitude %}
                                {{ '+ ' if not loop.first }}({{ coefficient }}) * power(abs({{ y }}) / {{ scale }}, {{ loop.index0 }})
                                {%- endfor %})
                            {%- endfor %}
                        end as _bd_lat
                    from {{ relation }}
                ) as mercator
            ) as baidu
        ) as first_round
    ) as second_round
{%- endmacro %}

{% macro bd09_radius() -%}
    (sqrt(power(_bd_lon - 0.0065, 2) + power(_bd_lat - 0.006, 2)) - 0.00002 * sin((_bd_lat - 0.006) * pi() * 3000 / 180))
{%- endmacro %}

{% macro bd09_angle() -%}
    (atan2(_bd_lat - 0.006, _bd_lon - 0.0065) - 0.000003 * cos((_bd_lon - 0.0065) * pi() * 3000 / 180))
{%- endmacro %}

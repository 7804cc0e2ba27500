{# Reading of addresses as people say them. A text is peeled from the left: divisions, road, house number; what is left
   is a compound and, at its end, a building. Written for Chinese addresses (levels of GB/T 39609-2020). #}

{# A text without blanks, full-width signs and what follows the place itself: opposite, beside, 50 metres east … #}
{% macro address_folded(expression) -%}
    translate(
        replace(replace({{ expression }}, ' ', ''), '　', ''), '０１２３４５６７８９＃－', '0123456789#-'
    )
{%- endmacro %}
{% macro address_aside() -%}
    {{ return('(对面|旁边|附近|隔壁|门口|后面|边上|路口|交叉口|[东南西北]{1,2}侧).*$') }}
{%- endmacro %}

{# Whether a folded text says where something is by something else (rule A3). #}
{% macro is_relative_address(folded) -%}
    {{ has_match(folded, address_aside()) }}
{%- endmacro %}

{# The folded text without what is said aside and without the divisions at its beginning. A compound may end in the
   character of a district (小区, 园区 …), so that does not end a division. #}
{% macro address_rest(folded) -%}
    {%- set place = replace_matches(folded, address_aside(), '') -%}
    {%- set below_city = replace_matches(place, '^[一-龥]{2,6}市', '') -%}
    {%- set below_district = replace_matches(below_city, '^[一-龥]{1,4}(新区|[^小社园地片城厂街市景]区|县)', '') -%}
    {{ replace_matches(below_district, '^[一-龥]{1,6}(街道|镇|乡)', '') }}
{%- endmacro %}

{# Name of the street or town in a folded text; NULL where it names none. #}
{% macro address_street(folded) -%}
    {%- set below_city = replace_matches(folded, '^[一-龥]{2,6}市', '') -%}
    {%- set below_district = replace_matches(below_city, '^[一-龥]{1,4}(新区|[^小社园地片城厂街市景]区|县)', '') -%}
    {{ first_match(below_district, '^([一-龥]{1,6}?(?:街道|镇|乡))') }}
{%- endmacro %}

{# Road and house number at the beginning of a rest, and the compound and building that follow them. #}
{% macro address_road(rest) -%}
    {{ first_match(rest, '^([一-龥]{1,8}?(?:大道|路|街|巷|胡同|弄))') }}
{%- endmacro %}
{% macro address_house_no(rest) -%}
    {{ first_match(rest, '^[一-龥]{1,8}?(?:大道|路|街|巷|胡同|弄)([0-9]{1,5})号(?:[^楼]|$)') }}
{%- endmacro %}
{% macro address_inside(rest) -%}
    {{ replace_matches(rest, '^[一-龥]{1,8}?(大道|路|街|巷|胡同|弄)([0-9]{1,5}号)?', '') }}
{%- endmacro %}
{% macro address_compound(inside) -%}
    nullif({{ replace_matches(inside, '([0-9]{1,4}|[一二三四五六七八九十]{1,3})(号楼|栋|幢|座|#楼?)$', '') }}, '')
{%- endmacro %}

{# Number of a building at the end: 三号楼, 3号楼, 3#, 3栋, 十二幢 (rule A4), in digits. #}
{% macro address_building(inside) -%}
    {%- set number = first_match(inside, '([0-9]{1,4}|[一二三四五六七八九十]{1,3})(?:号楼|栋|幢|座|#楼?)$') -%}
    {{ chinese_number(number) }}
{%- endmacro %}

{# A number from 1 to 99 written in Chinese characters, in digits; digits stay as they are. #}
{% macro chinese_number(expression) -%}
    translate(
        case
            when {{ expression }} = '十' then '10'
            when {{ expression }} like '十_' then replace({{ expression }}, '十', '1')
            when {{ expression }} like '_十' then replace({{ expression }}, '十', '0')
            when {{ expression }} like '_十_' then replace({{ expression }}, '十', '')
            else {{ expression }}
        end, '一二三四五六七八九', '123456789'
    )
{%- endmacro %}

{# Personal data: pseudonyms and masks. #}

{# A keyed, one-way pseudonym of an identifier: nested SHA-256 over the key given to the run, so that it can neither
   be turned round by trying all phone numbers nor be extended. NULL stays NULL. #}
{% macro pseudonym(expression, purpose) -%}
    case
        when {{ expression }} is not null
            then concat('P', substr({{ sha256_hex(
                "concat(" ~ run_value('pseudonym_key') ~ ", ':outer:', "
                ~ sha256_hex("concat(" ~ run_value('pseudonym_key') ~ ", ':" ~ purpose ~ ":', " ~ expression ~ ")")
                ~ ")"
            ) }}, 1, 32))
    end
{%- endmacro %}

{# First character of a name, two for a compound surname, and asterisks. #}
{% macro mask_name(expression) -%}
    case
        when {{ expression }} is null then null
        when substr({{ expression }}, 1, 2) in ('欧阳', '上官', '司马', '诸葛', '东方', '皇甫', '尉迟', '公孙', '慕容', '司徒')
            then concat(substr({{ expression }}, 1, 2), '**')
        else concat(substr({{ expression }}, 1, 1), '*')
    end
{%- endmacro %}

{# Free text without identity numbers, bank cards, phone numbers, e-mail addresses, number plates and house numbers.
   Full-width digits are folded first, so that they cannot hide a number. #}
{% macro mask_text(expression) -%}
    {%- set masked = namespace(sql="translate(" ~ expression ~ ", '０１２３４５６７８９', '0123456789')") -%}
    {%- for pattern, replacement in [
        ('([1-9][0-9]{5})[0-9]{8}([0-9]{3}[0-9Xx])', '\\1********\\2'),
        ('[0-9]{12,15}([0-9]{4})', '************\\1'),
        ('(1[3-9][0-9])[ -]?[0-9]{4}[ -]?([0-9]{4})', '\\1****\\2'),
        ('(0[0-9]{2,3})[ -]?[0-9]{4,5}([0-9]{3})', '\\1-****\\2'),
        ('([A-Za-z0-9])[A-Za-z0-9._-]*@[A-Za-z0-9.-]+', '\\1***@***'),
        ('([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z])[·]?[A-Z0-9]{2,3}([A-Z0-9]{3})', '\\1·***\\2'),
        ('[0-9]+(号|栋|幢|单元|室)', '**\\1'),
    ] -%}
        {%- set masked.sql = replace_matches(masked.sql, pattern, replacement) -%}
    {%- endfor -%}
    {{ masked.sql }}
{%- endmacro %}

{# Free text masked, and the name that is known beside it masked within it. #}
{% macro mask_text_of(expression, name) -%}
    case
        when length({{ name }}) >= 2
            then replace({{ mask_text(expression) }}, {{ name }}, {{ mask_name(name) }})
        else {{ mask_text(expression) }}
    end
{%- endmacro %}

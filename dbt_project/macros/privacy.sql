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

{# The pseudonym of a natural person by a resident number, which departments write with 15 or 18 digits and either x:
   one person has one key, whoever tells of them. #}
{% macro person_key(expression) -%}
    {{ pseudonym(person_id_18(expression), 'person') }}
{%- endmacro %}

{# First character of a name, two of a longer one with a compound surname, and asterisks. #}
{% macro mask_name(expression) -%}
    case
        when {{ expression }} is null then null
        when length({{ expression }}) > 2 and substr({{ expression }}, 1, 2) in (
            {%- for surname in var('masks')['compound_surnames'] %}'{{ surname }}'{{ ", " if not loop.last }}{% endfor -%}
        )
            then concat(substr({{ expression }}, 1, 2), '**')
        when length({{ expression }}) < 2 then '*'
        else concat(substr({{ expression }}, 1, 1), '*')
    end
{%- endmacro %}

{# Free text without identity numbers, bank cards, phone numbers, e-mail addresses, number plates and house numbers.
   Characters are folded first, so that full-width digits cannot hide a number. The forms are those of the gateway. #}
{% macro mask_text(expression) -%}
    {%- set forms = var('masks')['text'] -%}
    {%- set masked = namespace(sql="translate(" ~ expression ~ ", '" ~ forms['fold'] | join("', '") ~ "')") -%}
    {%- for pattern, replacement in forms['patterns'] -%}
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

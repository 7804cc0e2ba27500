{# Generic tests of this project. #}

{# No two rows have the same values in `columns`. Returns the keys that are there more than once. #}
{% test unique_key(model, columns) %}
    select {{ columns | join(', ') }}, count(*) as copies
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{# Every value of `column` is found in `to`.`field`; NULL is good. Returns the values that are not. #}
{% test known(model, column_name, to, field, scheme=none) %}
    select m.{{ column_name }}, count(*) as uses
    from {{ model }} as m
    left join {{ to }} as t
        on m.{{ column_name }} = t.{{ field }}
        {%- if scheme %} and t.scheme = '{{ scheme }}'{% endif %}
    where m.{{ column_name }} is not null and t.{{ field }} is null
    group by m.{{ column_name }}
{% endtest %}

{# Every row that is not deleted has its parent: the same values of `columns` in `to`. Returns the orphans. #}
{% test belongs_to(model, columns, to) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    where not is_deleted
    except
    select {{ columns | join(', ') }}
    from {{ to }}
{% endtest %}

{# No text in `columns` holds a mobile number or an identity number. Returns how many texts of a column do. #}
{% test no_personal_numbers(model, columns) %}
    {%- for column in columns %}
    select '{{ column }}' as column_name, count(*) as texts
    from {{ model }}
    where
        {{ has_match(column, '(^|[^0-9])1[3-9][0-9]{9}($|[^0-9])') }}
        or {{ has_match(column, '(^|[^0-9])[1-9][0-9]{5}(19|20)[0-9]{9}[0-9Xx]($|[^0-9])') }}
    having count(*) > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endtest %}

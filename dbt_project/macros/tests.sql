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

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

{# Every value of `column` is a pseudonym as the macro `pseudonym` makes them. Returns how many are not. #}
{% test is_pseudonym(model, column_name) %}
    select count(*) as others
    from {{ model }}
    where {{ column_name }} is not null and not {{ has_match(column_name, '^P[0-9a-f]{32}$') }}
    having count(*) > 0
{% endtest %}

{# No time in `columns` is finer than the hour. Returns how many of a column are. #}
{% test whole_hours(model, columns) %}
    {%- for column in columns %}
    select '{{ column }}' as column_name, count(*) as times
    from {{ model }}
    where {{ column }} <> {{ hour_of(column) }}
    having count(*) > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endtest %}

{# No count in `columns` that is shown is below `k`. Returns how many of a column are. #}
{% test at_least(model, columns, k) %}
    {%- for column in columns %}
    select '{{ column }}' as column_name, count(*) as cells
    from {{ model }}
    where {{ column }} < {{ k }}
    having count(*) > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endtest %}

{# Every row is, by `key`, a row of `to` that meets `condition`. Returns the keys of those that are not. #}
{% test rows_of(model, to, key, condition) %}
    select {{ key | join(', ') }}
    from {{ model }}
    except
    select {{ key | join(', ') }}
    from {{ to }}
    where {{ condition }}
{% endtest %}

{# Every value of `column` stands in one of `columns` of its row, or in `field` of a row of `to` with the same `key`;
   NULL is good, and rows that do not meet `condition` are not looked at. Returns how many do not. #}
{% test one_of(model, column_name, columns, to, field, key, condition='true') %}
    select count(*) as others
    from {{ model }} as m
    where
        m.{{ column_name }} is not null
        and {{ condition }}
        {%- for column in columns %}
        and m.{{ column_name }} is distinct from m.{{ column }}
        {%- endfor %}
        and not exists (
            select 1
            from {{ to }} as t
            where t.{{ field }} = m.{{ column_name }}
                {%- for column in key %} and t.{{ column }} = m.{{ column }}{% endfor %}
        )
    having count(*) > 0
{% endtest %}

{# No row that meets `condition` has in `column`, in any case of its letters, the value that `field` has in
   the row of `to` with the same `key`. Returns how many do. #}
{% test absent(model, column_name, to, field, key, condition) %}
    select count(*) as others
    from {{ model }} as m
    inner join {{ to }} as t
        on
            {%- for column in key %}
            {{ 'and ' if not loop.first }}m.{{ column }} = t.{{ column }}
            {%- endfor %}
    where upper(m.{{ column_name }}) = upper(t.{{ field }}) and {{ condition }}
    having count(*) > 0
{% endtest %}

{# Every row agrees in all of `columns`, its quasi-identifiers, with at least k - 1 others, and each such class has at
   least l different values in each of `sensitive`, unless it shows none. Returns the classes that fall short. #}
{% test k_anonymous(model, columns, sensitive) %}
    with {{ parameters_of_base() }},

    threshold as (
        select {{ smallest_group(as_of()) }} as k, {{ smallest_variety(as_of()) }} as l
    ),

    class as (
        select
            {{ columns | join(', ') }},
            {%- for column in sensitive %}
            case when max({{ column }}) is not null then count(distinct coalesce({{ column }}, '')) end
                as variety_{{ loop.index }},
            {%- endfor %}
            count(*) as members
        from {{ model }}
        group by {{ columns | join(', ') }}
    )

    select class.*
    from class
    cross join threshold
    where
        class.members < threshold.k
        {%- for column in sensitive %}
        or class.variety_{{ loop.index }} < threshold.l
        {%- endfor %}
{% endtest %}

{# Nobody who knows the totals of rows and columns can work out a small count that is not shown.

   Tries it: every hidden count lies between bounds, which each total narrows until nothing changes any more. A total
   that is small itself is published nowhere, nor anything that tells it; so the total of a whole table adds nothing. `truth` holds the counts, `within` names the table, `across` its rows and
   `down` its columns. Returns the hidden counts that are known exactly and are small. #}
{% test withstands_subtraction(model, measures, within, across, down, truth) %}
    {%- set lines = [[within, across], [within, down]] %}
    with limits as (
        select {{ smallest_cell() }} as smallest
    )
    {%- for measure in measures %},

    cell_{{ measure }} as (
        select
            coalesce(t.{{ within }}, m.{{ within }}) as {{ within }},
            coalesce(t.{{ across }}, m.{{ across }}) as {{ across }},
            coalesce(t.{{ down }}, m.{{ down }}) as {{ down }},
            coalesce(t.{{ measure }}, 0) as amount,
            m.{{ within }} is not null and m.{{ measure }} is null as is_hidden
        from {{ truth }} as t
        full join {{ model }} as m
            on t.{{ within }} = m.{{ within }} and t.{{ across }} = m.{{ across }} and t.{{ down }} = m.{{ down }}
    ),

    summed_{{ measure }} as (
        select
            *,
            {%- for line in lines %}
            sum(amount) over (partition by {{ line | join(', ') }}) as total_{{ loop.index }},
            sum(case when is_hidden then amount end) over (partition by {{ line | join(', ') }})
                as rest_{{ loop.index }}{{ ',' if not loop.last }}
            {%- endfor %}
        from cell_{{ measure }}
    ),

    narrowed_{{ measure }}_0 as (
        select
            {{ within }},
            {{ across }},
            {{ down }},
            cast(0 as bigint) as low,
            cast(least(
                {%- for line in lines %}
                case when total_{{ loop.index }} >= limits.smallest then rest_{{ loop.index }} else 1000000000000 end
                {{- ',' if not loop.last }}
                {%- endfor %}
            ) as bigint) as high,
            {%- for line in lines %}
            case when total_{{ loop.index }} >= limits.smallest then rest_{{ loop.index }} end
                as rest_{{ loop.index }}{{ ',' if not loop.last }}
            {%- endfor %}
        from summed_{{ measure }}
        cross join limits
        where is_hidden
    )
    {%- for round in range(10) %}
    {%- set line = lines[round % 2] %}
    {%- set rest = 'rest_' ~ (round % 2 + 1) %},

    narrowed_{{ measure }}_{{ round + 1 }} as (
        select
            {{ within }},
            {{ across }},
            {{ down }},
            cast(coalesce(greatest(
                low, {{ rest }} - (sum(high) over (partition by {{ line | join(', ') }}) - high)
            ), low) as bigint) as low,
            cast(coalesce(least(
                high, {{ rest }} - (sum(low) over (partition by {{ line | join(', ') }}) - low)
            ), high) as bigint) as high,
            rest_1,
            rest_2
        from narrowed_{{ measure }}_{{ round }}
    )
    {%- endfor %}
    {%- endfor %}
    {% for measure in measures %}
    select '{{ measure }}' as measure, {{ within }}, {{ across }}, {{ down }}, low as amount
    from narrowed_{{ measure }}_10
    cross join limits
    where low = high and low > 0 and low < limits.smallest
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endtest %}

{# Every value of `column` is not before that of `other` of its row, and NULL where that is. Returns how many are not. #}
{% test follows(model, column_name, other) %}
    select count(*) as others
    from {{ model }}
    where {{ column_name }} < {{ other }} or ({{ column_name }} is null) <> ({{ other }} is null)
    having count(*) > 0
{% endtest %}

{# No value of `column` is more than that of `other` of its row. Returns how many are. #}
{% test at_most(model, column_name, other) %}
    select count(*) as others
    from {{ model }}
    where {{ column_name }} > {{ other }}
    having count(*) > 0
{% endtest %}

{# The values of `column` sum to one in every group of `groups`. Returns the groups in which they do not. #}
{% test sums_to_one(model, column, groups) %}
    select {{ groups | join(', ') }}, sum({{ column }}) as total
    from {{ model }}
    group by {{ groups | join(', ') }}
    having abs(sum({{ column }}) - 1) > 0.000000001
{% endtest %}

{# Every city code in `columns`, which may be several joined by semicolons, is sound. Returns those that are not. #}
{% test sound_city_codes(model, columns) %}
    {%- for column in columns %}
    select '{{ column }}' as column_name, part
    from ({{ split_rows(model, [], column, ';') }}) as listed
    where not {{ is_city_code('part') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endtest %}

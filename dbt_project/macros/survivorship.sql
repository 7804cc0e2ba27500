{# One datum, one source: which of several sources speaks for an element, and where they disagree.

   The vocabulary source_of_truth ranks the sources of each element, with dates of validity; the order in force on the
   day of a state decides that state. A source that says nothing of an element leaves it to the next. #}

{# Elements of a legal entity. Status and its dates go together: they are of one source. #}
{% macro entity_elements() -%}
    {{ return([
        'reg_no', 'entity_name', 'entity_type_code', 'legal_rep_name', 'reg_capital_yuan', 'established_on',
        'approved_on', 'industry_code', 'reg_address', 'authority_name', 'contact_phone_masked', 'division_code'
    ]) }}
{%- endmacro %}
{% macro entity_status_elements() -%}
    {{ return(['status_code', 'cancelled_on', 'revoked_on']) }}
{%- endmacro %}

{# Elements that are held against each other; the rest is written too freely to be compared, or is nobody's business. #}
{% macro entity_compared_elements() -%}
    {{ return([
        'entity_name', 'entity_type_code', 'legal_rep_name', 'reg_capital_yuan', 'established_on', 'status_code',
        'industry_code', 'reg_address', 'division_code'
    ]) }}
{%- endmacro %}

{# The sources of legal entities, the one first that speaks where the vocabulary does not say. #}
{% macro entity_sources() -%}
    {{ return({'register': 'stg_register__entity', 'credit': 'stg_credit__entity'}) }}
{%- endmacro %}

{# A name as it is compared: without blanks, brackets of one width. It is shown as filed. #}
{% macro normal_name(expression) -%}
    translate(replace(replace({{ expression }}, ' ', ''), '　', ''), '()', '（）')
{%- endmacro %}

{# Credit codes of the entities of which a source has told anything after the load `since`. #}
{% macro entities_since(since) -%}
    select uscc from {{ ref('stg_register__entity') }} where _load_id > {{ since }}
    union
    select uscc from {{ ref('stg_credit__entity') }} where _load_id > {{ since }}
{%- endmacro %}

{# CTEs up to `sided`: every state of the entities touched since the load `since`, with what each source then said
   (`register_…`, `credit_…`), whether it said anything (`has_…`), and which came first for each element
   (`credit_first_…`). One row per entity and moment; the bookkeeping is of the version that came at that moment. #}
{% macro entity_sides(since) -%}
    {%- set elements = entity_elements() + entity_status_elements() -%}
    version as (
        {%- for source, model in entity_sources().items() %}
        select
            '{{ source }}' as source,
            uscc,
            {%- for column in elements if column != 'contact_phone_masked' %}
            {{ column }},
            {%- endfor %}
            {{ mask_text('contact_phone') }} as contact_phone_masked,
            {{ bookkeeping() }}
        from {{ ref(model) }}
        {%- if since >= 0 %}
        where uscc in ({{ entities_since(since) }})
        {%- endif %}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ),

    -- Of several versions of one source and moment the newest counts.
    told as (
        {{ newest('version', ['source', 'uscc', 'version_at']) }}
    ),

    step as (
        select *, row_number() over (partition by uscc order by version_at, source desc) as step_no
        from told
    ),

    pointed as (
        select
            *,
            max(case when source = 'register' then step_no end) over (partition by uscc order by step_no)
                as register_step,
            max(case when source = 'credit' then step_no end) over (partition by uscc order by step_no) as credit_step,
            lead(version_at) over (partition by uscc order by step_no) as next_at,
            max(_load_id) over (partition by uscc) as entity_load_id
        from step
    ),

    source_order as (
        select
            element,
            source,
            rank,
            coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
            coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
        from {{ source('vocab', 'source_of_truth') }}
    ),

    order_day as (
        select valid_from as starts_on from source_order
        union
        select cast('1900-01-01' as date) as starts_on
    ),

    order_period as (
        select starts_on, lead(starts_on) over (order by starts_on) as next_on from order_day
    ),

    preference as (
        select
            p.starts_on,
            p.next_on
            {%- for column in elements if column not in ('cancelled_on', 'revoked_on') %},
            {%- set named = "o.element = 'legal_entity." ~ column | replace('_masked', '') ~ "'" %}
            coalesce(min(case when {{ named }} and o.source = 'credit' then o.rank end), 99)
            < coalesce(min(case when {{ named }} and o.source = 'register' then o.rank end), 98)
                as credit_first_{{ column }}
            {%- endfor %}
        from order_period as p
        left join source_order as o on p.starts_on >= o.valid_from and p.starts_on <= o.valid_to
        group by p.starts_on, p.next_on
    ),

    sided as (
        select
            p.uscc,
            p.source,
            {{ bookkeeping('p') }},
            p.entity_load_id,
            r.uscc is not null as has_register,
            c.uscc is not null as has_credit
            {%- for column in elements %},
            r.{{ column }} as register_{{ column }},
            c.{{ column }} as credit_{{ column }}
            {%- if column not in ('cancelled_on', 'revoked_on') %},
            f.credit_first_{{ column }}
            {%- endif %}
            {%- endfor %}
            {%- for source in ['register', 'credit'] %}
            {%- for column in ['_batch_id', '_file_name', '_line'] %},
            {{ source[0] }}.{{ column }} as {{ source }}{{ column }}
            {%- endfor %}
            {%- endfor %}
        from pointed as p
        inner join preference as f
            on
                cast(p.version_at as date) >= f.starts_on
                and (f.next_on is null or cast(p.version_at as date) < f.next_on)
        left join step as r on p.uscc = r.uscc and p.register_step = r.step_no and not r.is_deleted
        left join step as c on p.uscc = c.uscc and p.credit_step = c.step_no and not c.is_deleted
        -- Of what two sources told at one moment only the end of it is a state.
        where p.next_at is null or p.next_at <> p.version_at
    )
{%- endmacro %}

{# What is believed of an element of `sided`. #}
{% macro surviving(column) -%}
    {%- if column in entity_status_elements() -%}
        case
            when has_credit and (credit_first_status_code or not has_register) then credit_{{ column }}
            else register_{{ column }}
        end
    {%- else -%}
        case
            when credit_first_{{ column }} then coalesce(credit_{{ column }}, register_{{ column }})
            else coalesce(register_{{ column }}, credit_{{ column }})
        end
    {%- endif -%}
{%- endmacro %}

{# Incremental strategy `rewrite`: rows of the keys that the model's configuration names by a macro are removed and
   written anew, also where nothing is left to write. #}
{% macro get_incremental_rewrite_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arguments['target_relation'] }}
    where {{ config.require('unique_key') }} in ({{ context[config.require('rewrites')]() }});

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    (
        select {{ columns }}
        from {{ arguments['temp_relation'] }}
    )
{%- endmacro %}

{% macro corrected_entities() -%}
    {{ entities_since(watermark()) }}
{%- endmacro %}

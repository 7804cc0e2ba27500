{{ config(
    materialized='incremental', incremental_strategy='rewrite', unique_key='subject_key', rewrites='corrected_entities'
) }}

-- The queue of corrections: where two sources say different things of an element of a legal entity, from when to when.
-- It shows what each said last; the department whose source does not speak for the element is asked to check.
with {{ entity_sides(watermark()) }},

latest as (
    select max(_load_id) as load_id from version
),

element_value as (
    {%- for column in entity_compared_elements() %}
    {%- set register, credit = 'register_' ~ column, 'credit_' ~ column %}
    select
        uscc,
        '{{ column }}' as element,
        version_at,
        {%- if column == 'entity_name' %}
        coalesce({{ normal_name(register) }} <> {{ normal_name(credit) }}, false) as is_conflict,
        {%- else %}
        coalesce({{ register }} <> {{ credit }}, false) as is_conflict,
        {%- endif %}
        credit_first_{{ column }} as credit_speaks,
        cast({{ register }} as string) as register_value,
        cast({{ credit }} as string) as credit_value,
        register_batch_id,
        register_file_name,
        register_line,
        credit_batch_id,
        credit_file_name,
        credit_line
    from sided
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

state as (
    select
        *,
        lag(is_conflict) over one as was_conflict,
        lead(version_at) over one as next_at
    from element_value
    window one as (partition by uscc, element order by version_at)
),

run as (
    select
        *,
        sum(case when is_conflict and not coalesce(was_conflict, false) then 1 else 0 end)
            over (partition by uscc, element order by version_at) as run_no
    from state
    where is_conflict or coalesce(was_conflict, false)
),

ranked as (
    select
        *,
        min(version_at) over (partition by uscc, element, run_no) as opened_at,
        row_number() over (partition by uscc, element, run_no order by version_at desc) as place
    from run
    where is_conflict
)

select
    'legal_entity' as subject_kind,
    uscc as subject_key,
    element,
    opened_at,
    next_at as closed_at,
    next_at is null as is_open,
    case when credit_speaks then 'credit' else 'register' end as owner_source,
    case when credit_speaks then credit_value else register_value end as owner_value,
    case when credit_speaks then credit_batch_id else register_batch_id end as owner_batch_id,
    case when credit_speaks then credit_file_name else register_file_name end as owner_file_name,
    case when credit_speaks then credit_line else register_line end as owner_line,
    case when credit_speaks then 'register' else 'credit' end as other_source,
    case when credit_speaks then '{{ var("owner_credit") }}' else '{{ var("owner_register") }}' end as owner_org,
    case when credit_speaks then '{{ var("owner_register") }}' else '{{ var("owner_credit") }}' end as checking_org,
    case when credit_speaks then register_value else credit_value end as other_value,
    case when credit_speaks then register_batch_id else credit_batch_id end as other_batch_id,
    case when credit_speaks then register_file_name else credit_file_name end as other_file_name,
    case when credit_speaks then register_line else credit_line end as other_line,
    latest.load_id as _load_id
from ranked
cross join latest
where place = 1

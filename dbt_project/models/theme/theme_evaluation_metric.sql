{{ config(materialized='view') }}

{%- set grid_rates = [
    ('filing', 'reported_and_filed', 'reported'), ('proactive', 'found_by_the_city', 'filed'),
    ('dispatch', 'dispatched_right', 'dispatched'), ('handling', 'handled', 'due'),
    ('timely', 'handled_in_time', 'due'), ('rework', 'reworked', 'handled'),
    ('closing', 'closed', 'closing_due'), ('timely_closing', 'closed_in_time', 'closing_due')
] %}
{%- set hotline_rates = [
    ('response', 'contacts_in_time', 'contacts_due'), ('first_kept', 'first_kept', 'first_received'),
    ('resolution', 'resolution_points', 'resolution_answers'),
    ('satisfaction', 'satisfaction_points', 'satisfaction_answers')
] %}

-- Every rate that evaluation can refer to, one below the other.
with rate as (
    {%- for name, numerator, denominator in grid_rates %}
    select 'grid.{{ name }}' as metric_ref, dimension, unit_code, month, {{ numerator }} as numerator, {{ denominator }} as denominator
    from {{ ref('theme_grid_performance') }}
    union all
    {%- endfor %}
    {%- for name, numerator, denominator in hotline_rates %}
    select 'hotline.{{ name }}' as metric_ref, 'organisation' as dimension, org_code as unit_code, month, {{ numerator }} as numerator, {{ denominator }} as denominator
    from {{ ref('theme_hotline_score') }}
    union all
    {%- endfor %}
    select
        concat(source, '.repeat') as metric_ref,
        'district' as dimension,
        district_code as unit_code,
        month,
        sum(repeated) as numerator,
        sum(reported) as denominator
    from {{ ref('theme_case_efficiency') }}
    where district_code <> 'unknown'
    group by source, district_code, month
)

select
    metric_ref,
    dimension,
    unit_code,
    month,
    cast(numerator as double) as numerator,
    cast(denominator as double) as denominator,
    {{ ratio('numerator', 'denominator') }} as value
from rate

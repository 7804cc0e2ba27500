{{ config(materialized='view') }}

-- What departments delivered, and what became of it.
select
    batch_id,
    table_name,
    feed,
    case feed
        {%- for feed in var('lateness_days', {}) | sort %}
        when '{{ feed }}' then '{{ var('owner_' ~ feed) }}'
        {%- else %}
        when '' then ''
        {%- endfor %}
    end as org_code,
    business_date,
    status,
    rows_in,
    rows_accepted,
    rows_quarantined,
    rows_duplicate,
    coalesce(late_days, 0) as late_days
from {{ source('ops', 'batch') }}

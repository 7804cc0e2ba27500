{{ config(unique_key='month', incremental_strategy='restate', restates='hotline_topic_months') }}

{%- set months = restated_months() %}

-- What people turn to the hotline with: requests by class, district and day of acceptance, as they now stand.
select
    {{ month_of('accept_time') }} as month,
    cast(accept_time as date) as day,
    coalesce(district_code, 'unknown') as district_code,
    coalesce(class_l3_code, 'unknown') as class_code,
    count(*) as tickets,
    count(case when ticket_type_code in ('complaint', 'report') then 1 end) as complaints,
    count(case when urgency_code in ('urgent', 'critical') then 1 end) as urgent,
    count(case when excluded_reason_code is not null then 1 end) as excluded,
    count(finish_time) as finished,
    count(case when finish_time <= limit_at then 1 end) as finished_in_time,
    count(case when reopen_count > 0 then 1 end) as reopened,
    cast(coalesce((select max(_load_id) from {{ ref('topic_hotline_ticket') }}), -1) as bigint) as _load_id
from {{ ref('topic_hotline_ticket') }}
where not is_deleted and {{ in_months('accept_time', months) }}
group by
    {{ month_of('accept_time') }},
    cast(accept_time as date),
    coalesce(district_code, 'unknown'),
    coalesce(class_l3_code, 'unknown')

{{ config(materialized='table') }}

-- Requests to the hotline by district, month and type, every count as it is.
select
    coalesce(district_code, 'unknown') as district_code,
    {{ month_of('accept_time') }} as month,
    coalesce(ticket_type_code, 'unknown') as ticket_type_code,
    count(*) as tickets,
    count(finish_time) as finished
from {{ ref('topic_hotline_ticket') }}
where not is_deleted and excluded_reason_code is null and accept_time is not null
group by 1, 2, 3

-- Requests to the hotline by district, month and type; counts below five are not published.
with counted as (
    select
        coalesce(district_code, 'unknown') as district_code,
        {{ month_of('accept_time') }} as month,
        coalesce(ticket_type_code, 'unknown') as ticket_type_code,
        count(*) as tickets,
        count(finish_time) as finished
    from {{ ref('topic_hotline_ticket') }}
    where not is_deleted and excluded_reason_code is null and accept_time is not null
    group by 1, 2, 3
),

district as (
    select division_code, max(division_name) as district_name
    from {{ ref('base_division') }}
    where division_level = 3
    group by division_code
),

{{ codes_now() }}

select
    c.district_code,
    d.district_name,
    c.month,
    c.ticket_type_code,
    kind.name as ticket_type_name,
    kind.name_en as ticket_type_name_en,
    case when c.tickets >= 5 then c.tickets end as tickets,
    case when c.tickets >= 5 and c.finished >= 5 then c.finished end as finished,
    c.tickets < 5 as is_suppressed,
    {{ settles_on('hotline', 'c.month') }} as settles_on
from counted as c
left join district as d on c.district_code = d.division_code
{{ code_name('kind', 'hotline_type', 'c.ticket_type_code') }}

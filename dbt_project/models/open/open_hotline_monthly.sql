-- Requests to the hotline by district, month and type. Small counts are not published, nor those from which they could
-- be worked out when the totals of districts and types are known.
with counted as (
    select district_code, month, ticket_type_code, tickets, finished from {{ ref('theme_hotline_monthly') }}
),

hidden as (
    {{ hidden_cells('counted', 'month', 'district_code', 'ticket_type_code', 'tickets',
        'select ' ~ smallest_cell() ~ ' as smallest') }}
),

hidden_finished as (
    {{ hidden_cells('counted', 'month', 'district_code', 'ticket_type_code', 'finished',
        'select ' ~ smallest_cell() ~ ' as smallest') }}
),

-- Corners without a request are listed too, as hidden: that nothing stands there would tell as much as a count.
cell as (
    select month, district_code, ticket_type_code from counted
    union
    select month, district_code, ticket_type_code from hidden
    union
    select month, district_code, ticket_type_code from hidden_finished
),

district as (
    select division_code, max(division_name) as district_name
    from {{ ref('base_division') }}
    where division_level = 3
    group by division_code
),

{{ codes_now() }},

shown as (
    select
        cell.month,
        cell.district_code,
        cell.ticket_type_code,
        c.tickets,
        c.finished,
        h.month is not null or c.month is null as is_suppressed,
        f.month is not null as is_finished_suppressed
    from cell
    left join counted as c
        on
            cell.month = c.month
            and cell.district_code = c.district_code
            and cell.ticket_type_code = c.ticket_type_code
    left join hidden as h
        on
            cell.month = h.month
            and cell.district_code = h.district_code
            and cell.ticket_type_code = h.ticket_type_code
    left join hidden_finished as f
        on
            cell.month = f.month
            and cell.district_code = f.district_code
            and cell.ticket_type_code = f.ticket_type_code
)

select
    s.district_code,
    d.district_name,
    s.month,
    s.ticket_type_code,
    kind.name as ticket_type_name,
    kind.name_en as ticket_type_name_en,
    case when not s.is_suppressed then s.tickets end as tickets,
    case when not s.is_suppressed and not s.is_finished_suppressed then s.finished end as finished,
    s.is_suppressed,
    {{ settles_on('hotline', 's.month') }} as settles_on
from shown as s
left join district as d on s.district_code = d.division_code
{{ code_name('kind', 'hotline_type', 's.ticket_type_code') }}

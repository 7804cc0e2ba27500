{{ config(materialized='view') }}

-- Cases and tickets behind every indicator of evaluation.
select
    concat('grid.', measure) as metric_ref,
    dimension,
    unit_code,
    month,
    case_no as reported_no,
    '00' as sub_no,
    is_counted
from {{ ref('theme_grid_performance_case') }}
union all
select
    concat('hotline.', measure) as metric_ref,
    'organisation' as dimension,
    org_code as unit_code,
    month,
    ticket_no as reported_no,
    sub_no,
    is_counted
from {{ ref('theme_hotline_score_ticket') }}

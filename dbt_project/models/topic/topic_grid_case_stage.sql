{{ config(unique_key='case_no') }}

{%- set stages = [
    (1, 'report_at', 'report_at'),
    (2, 'report_at', 'file_at'),
    (3, 'file_at', 'dispatch_at'),
    (4, 'dispatch_at', 'handle_at'),
    (5, 'handle_at', 'verify_at'),
    (6, 'verify_at', 'close_at'),
    (7, 'close_at', 'cast(null as timestamp)')
] %}
{%- set since = watermark() %}

-- The seven stages of a case: each begins when the one before it ended and ends at its own time stamp.
with cases as (
    select *
    from {{ ref('topic_grid_case') }}
    where
        not is_deleted
        {%- if since >= 0 %}
        and _load_id > {{ since }}
        {%- endif %}
),

{{ working_time() }},

stages as (
    {%- for seq, enter, leave in stages %}
    select
        case_no,
        {{ seq }} as stage_seq,
        cast('{{ seq }}' as string) as stage_code,
        {{ enter }} as enter_at,
        {{ leave }} as leave_at,
        handle_org_code,
        is_void,
        _batch_id,
        _load_id
    from cases
    where {{ enter }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    s.case_no,
    s.stage_seq,
    s.stage_code,
    s.enter_at,
    s.leave_at,
    s.handle_org_code,
    {{ work_minutes('entered', 'left_at') }} as work_minutes,
    s.is_void,
    s._batch_id,
    s._load_id
from stages as s
{{ work_clock('entered', 's.enter_at') }}
{{ work_clock('left_at', 's.leave_at') }}

{{ config(materialized='view') }}

-- The ledger of hotline 96310: tickets of the classes that are city management's, with the case filed from each.
with own_class as (
    select c.code as class_l1_code
    from {{ source('vocab', 'code_crosswalk') }} as x
    inner join {{ ref('base_code') }} as c on c.scheme = 'hotline_class' and x.source_value = c.name and c.is_current
    where x.scheme = 'ledger_96310'
),

filed as (
    select ticket_no, min(case_no) as case_no
    from {{ ref('topic_enforcement_case') }}
    where not is_deleted and ticket_no is not null
    group by ticket_no
)

select
    t.ticket_no,
    t.sub_no,
    t.ticket_type_code,
    t.class_l1_code,
    t.class_l2_code,
    t.class_l3_code,
    t.accept_time,
    t.dispatch_time,
    t.limit_at,
    t.finish_time,
    t.undertake_org_code,
    t.district_code,
    t.street_code,
    t.status_code,
    t.reopen_count,
    f.case_no
from {{ ref('topic_hotline_ticket') }} as t
inner join own_class as o on t.class_l1_code = o.class_l1_code
left join filed as f on t.ticket_no = f.ticket_no
where not t.is_deleted and t.excluded_reason_code is null

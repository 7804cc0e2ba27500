{{ config(materialized='view') }}

-- Texts that could not be led to a standard address surely enough: most frequent first, for a person to decide.
with said as (
    select 'grid_case' as record_kind, case_no as record_no, address_raw from {{ ref('topic_grid_case') }}
    union all
    select
        'hotline_ticket' as record_kind,
        concat(ticket_no, '-', sub_no) as record_no,
        address_raw
    from {{ ref('topic_hotline_ticket') }}
)

select
    said.address_raw,
    m.district_code,
    m.street_code,
    max(m.confidence) as confidence,
    count(*) as records
from {{ ref('topic_address_match') }} as m
inner join said on m.record_kind = said.record_kind and m.record_no = said.record_no
where m.is_queued
group by said.address_raw, m.district_code, m.street_code

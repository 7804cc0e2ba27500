{{ config(materialized='view') }}

-- The ledger of penalties: every decision reported, with the case behind it and its enforcement item, and every case
-- of city management that was decided and of which no decision was reported.
with {{ parameters() }},

enforcement_case as (
    select case_no, item_code, item_version, org_code, party_uscc, party_type_code, tier_code, fine_yuan, decided_at, stage_code
    from {{ ref('topic_enforcement_case') }}
    where not is_deleted and decided_at is not null
),

penalty as (
    select
        doc_no, authority_code, case_no, item_code, party_uscc, party_type_code, category_codes, fine_yuan, decided_on,
        severity_code, published_at, publish_delay_days, repaired_at
    from {{ ref('topic_penalty') }}
    where not is_deleted
),

calendar as (
    select day, is_working, work_days_before from {{ ref('base_calendar') }}
),

joined as (
    select
        case when p.doc_no is not null then concat(p.authority_code, ' ', p.doc_no) else c.case_no end as entry_no,
        p.doc_no,
        coalesce(p.authority_code, c.org_code) as authority_code,
        coalesce(p.case_no, c.case_no) as case_no,
        coalesce(c.item_code, p.item_code) as item_code,
        c.item_version,
        case when coalesce(p.party_type_code, c.party_type_code) <> 'natural' then coalesce(p.party_uscc, c.party_uscc) end
            as party_uscc,
        coalesce(p.party_type_code, c.party_type_code) as party_type_code,
        p.category_codes,
        c.tier_code,
        coalesce(p.fine_yuan, c.fine_yuan) as fine_yuan,
        coalesce(p.decided_on, cast(c.decided_at as date)) as decided_on,
        p.severity_code,
        p.published_at,
        p.publish_delay_days,
        cast(p.repaired_at as date) as repaired_on,
        c.stage_code,
        p.doc_no is not null as is_reported
    from penalty as p
    full outer join enforcement_case as c on p.case_no = c.case_no
),

limited as (
    select *, {{ parameter('enforcement.penalty_workdays', 7, 'decided_on') }} as report_days from joined
)

select
    j.entry_no,
    j.doc_no,
    j.authority_code,
    j.case_no,
    j.item_code,
    item.aspect_name,
    item.item_name,
    j.party_uscc,
    j.party_type_code,
    j.category_codes,
    j.tier_code,
    j.fine_yuan,
    j.decided_on,
    due.day as report_due_on,
    j.severity_code,
    j.published_at,
    j.publish_delay_days,
    j.repaired_on,
    j.stage_code,
    j.is_reported
from limited as j
left join {{ ref('base_enforcement_item') }} as item
    on
        j.item_code = item.item_code
        and (
            j.item_version = item.item_version
            or (j.item_version is null and j.decided_on >= item.valid_from and j.decided_on <= item.valid_to)
        )
left join calendar as decided on j.decided_on = decided.day
left join calendar as due
    on due.is_working and due.work_days_before = decided.work_days_before + j.report_days

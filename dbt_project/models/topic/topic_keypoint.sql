{{ config(unique_key='entry_no') }}

-- Entries of the key-point ledger as they now stand.
with arrivals as (
    {{ versions_since(ref('stg_enforcement__keypoint'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['entry_no']) }}
),

winning as (
    {{ winners('newest', ['entry_no']) }}
)

select
    t.entry_no,
    t.point_no,
    t.point_name,
    t.kind_code,
    t.source_code,
    t.org_code,
    t.division_code,
    division.district_code,
    division.street_code,
    t.opened_on,
    t.due_on,
    t.rectified_on,
    t.verified_on,
    t.closed_on,
    {{ bookkeeping('t') }}
from winning as t
{{ division_on('division', 't.division_code', 't.opened_on') }}

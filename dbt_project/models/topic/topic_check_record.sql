{{ config(unique_key='record_no') }}

-- Checks on the spot as they now stand; persons and plates stay behind a pseudonym.
with arrivals as (
    {{ versions_since(ref('stg_enforcement__check'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['record_no']) }}
),

winning as (
    {{ winners('newest', ['record_no']) }}
)

select
    t.record_no,
    t.checked_at,
    t.org_code,
    t.kind_code,
    case when t.kind_code = 'premises' then t.subject_name else {{ mask_name('t.subject_name') }} end as subject_name,
    {{ person_key('t.subject_id') }} as subject_key,
    t.subject_uscc,
    t.division_code,
    division.district_code,
    division.street_code,
    t.result_code,
    t.case_no,
    {{ bookkeeping('t') }}
from winning as t
{{ division_on('division', 't.division_code', 'cast(t.checked_at as date)') }}

{{ config(unique_key='record_id') }}

-- Credit records as they now stand; the name of a natural person is masked.
with arrivals as (
    {{ versions_since(ref('stg_credit__record'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['record_id']) }}
),

winning as (
    {{ winners('newest', ['record_id']) }}
)

select
    r.record_id,
    r.subject_key,
    case
        when length(r.subject_key) = 33 then {{ mask_name('r.subject_name') }}
        else r.subject_name
    end as subject_name,
    r.info_kind,
    {{ mask_text('r.fact_summary') }} as fact_summary_masked,
    r.determined_on,
    r.determine_org,
    r.severity_code,
    r.expires_on,
    r.source_table,
    r.source_id,
    r.state_code,
    {{ bookkeeping('r') }}
from winning as r

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='subject_key') }}

-- Whoever a credit record speaks of, as the newest record names them; the name of a natural person is masked.
with arrivals as (
    {{ versions_since(ref('stg_credit__record'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['subject_key']) }}
),

winning as (
    {{ winners('newest', ['subject_key']) }}
)

select
    subject_key,
    case
        when length(subject_key) = 33 then 'natural'
        when substr(subject_key, 1, 2) = '92' then 'self_employed'
        else 'legal'
    end as subject_type_code,
    case when length(subject_key) <> 33 then subject_key end as uscc,
    case when length(subject_key) = 33 then subject_key end as person_key,
    case when length(subject_key) = 33 then {{ mask_name('subject_name') }} else subject_name end as subject_name,
    {{ bookkeeping() }}
from winning
where subject_key is not null

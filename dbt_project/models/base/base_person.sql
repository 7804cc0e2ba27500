{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='person_key') }}

-- Residents as they are now known, by a keyed pseudonym of their number. The number itself stays behind.
with arrivals as (
    {{ versions_since(ref('stg_population__person'), watermark()) }}
),

keyed as (
    select *, {{ person_key('id_no') }} as person_key
    from arrivals
),

newest as (
    {{ newest('keyed', ['person_key']) }}
),

winning as (
    {{ winners('newest', ['person_key']) }}
)

select
    p.person_key,
    p.person_name,
    p.sex_code,
    p.born_on,
    p.hukou_code as hukou_division_code,
    p.residence_code as residence_division_code,
    p.resident_type_code,
    p.is_alive,
    length(p.delivered_id_no) = 15 as is_completed,
    {{ bookkeeping('p') }}
from winning as p
where p.person_key is not null

{{ config(materialized='view') }}

-- The life of every legal entity as it may be shared: a penalty that was repaired is not told of any more.
select
    uscc,
    occurred_on,
    event_code,
    source_table,
    source_id,
    serial,
    org_code,
    detail,
    known_at
from {{ ref('topic_entity_lifecycle') }}
where not is_repaired

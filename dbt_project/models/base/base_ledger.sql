{{ config(materialized='view') }}

-- The ledgers that departments kept of their own, and the key ledger each went into.
select
    ledger_no,
    name as ledger_name,
    key_ledger as key_ledger_code,
    key_name,
    key_name_en,
    served_by,
    coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
from {{ source('vocab', 'ledger') }}

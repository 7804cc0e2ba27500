-- The city's settings, each with its time of validity.
select
    name as parameter_name,
    value as parameter_value,
    valid_from,
    valid_to,
    source
from {{ source('vocab', 'parameter') }}

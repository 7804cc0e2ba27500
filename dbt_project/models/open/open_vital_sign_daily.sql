-- The daily report of the city's vital signs: what each was held at, for the city as a whole.
with {{ codes_now() }},

value as (
    select
        v.*,
        d.sign_name,
        d.sign_name_en,
        case when d.reckoning in ('ratio', 'mean') then v.denominator else v.numerator end as facts
    from {{ ref('theme_vital_sign_value') }} as v
    left join {{ ref('theme_vital_sign_definition') }} as d
        on v.sign_code = d.sign_code and v.definition_from = d.valid_from
    where v.area_level = 2
),

smallest as (
    select {{ smallest_cell() }} as facts
)

select
    v.day,
    v.sign_code,
    v.sign_name,
    v.sign_name_en,
    v.dim_code,
    dimension.name as dim_name,
    case when v.facts >= smallest.facts and not v.is_stale then v.value end as value,
    v.unit,
    case when v.facts >= smallest.facts then v.facts end as facts,
    case when v.facts >= smallest.facts or v.is_stale then v.level_code end as level_code,
    case when v.facts >= smallest.facts or v.is_stale then level.name end as level_name,
    v.stale_reason_code,
    v.heard_on
from value as v
cross join smallest
{{ code_name('dimension', 'sign_dimension', 'v.dim_code') }}
{{ code_name('level', 'sign_level', 'v.level_code') }}

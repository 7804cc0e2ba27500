{{ config(materialized='table') }}

-- Shops and the street before their doors as of the day of the run: who has the duty for a frontage, since when, who
-- had it before, and whether it is kept.
with {{ parameters() }},

agreement as (
    select
        *,
        lag(agreement_no) over earlier as follows_agreement_no,
        lag(ended_on) over earlier as before_ended_on
    from {{ ref('topic_frontage_duty') }}
    where not is_deleted and signed_on <= {{ as_of() }}
    window earlier as (partition by segment_no order by signed_on, agreement_no)
)

select
    agreement_no,
    shop_name,
    party_uscc,
    segment_no,
    segment_name,
    frontage_m,
    district_code,
    street_code,
    signed_on,
    ended_on,
    {{ as_of() }} as as_of,
    follows_agreement_no,
    cast({{ days_between('before_ended_on', 'signed_on') }} - 1 as integer) as days_without_duty,
    checked_on,
    case
        when ended_on < {{ as_of() }} then 'ended'
        when
            checked_on is null
            or {{ days_between('checked_on', as_of()) }} > {{ parameter('frontage.check_days', 30, as_of()) }}
            then 'unchecked'
        when 'broken' in (sanitation_code, order_code, greenery_code) then 'broken'
        else 'met'
    end as duty_status,
    concat_ws(
        ';',
        case when sanitation_code = 'broken' then 'sanitation' end,
        case when order_code = 'broken' then 'order' end,
        case when greenery_code = 'broken' then 'greenery' end
    ) as broken_duties
from agreement

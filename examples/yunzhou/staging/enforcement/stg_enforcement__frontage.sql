-- Agreements of shops for the street before their doors.
with crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
),

places as (
    {{ division_paths() }}
)

select
    t.agreement_no,
    t.shop_name,
    t.party_uscc,
    t.segment_no,
    t.segment_name,
    t.frontage_m,
    coalesce(street.code, district.code) as division_code,
    t.signed_on,
    t.ended_on,
    t.checked_on,
    sanitation.code as sanitation_code,
    order_kept.code as order_code,
    greenery.code as greenery_code,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'frontage_duty') }} as t
{{ crosswalk('sanitation', 'frontage_result', 't.sanitation', 'crosswalk') }}
{{ crosswalk('order_kept', 'frontage_result', 't.order_kept', 'crosswalk') }}
{{ crosswalk('greenery', 'frontage_result', 't.greenery', 'crosswalk') }}
left join places as district
    on t.district = district.district and district.street = '' and district.community = ''
left join places as street
    on t.district = street.district and t.street = street.street and street.community = ''

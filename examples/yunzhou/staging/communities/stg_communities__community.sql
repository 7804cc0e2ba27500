-- Residential communities: names of places to the code of the division.
with places as (
    {{ division_paths() }}
)

select
    t.community_no,
    t.community_name,
    coalesce(community.code, street.code, district.code) as division_code,
    t.address_id,
    t.grid_code,
    t.lon,
    t.lat,
    t.built_year,
    t.households,
    t.property_name,
    t.property_uscc,
    t.property_since,
    t.fee as fee_yuan,
    t.contact_name,
    t.contact_phone,
    t.committee as committee_name,
    t.committee_formed_on,
    t.committee_term_to,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'community') }} as t
left join places as district
    on t.district = district.district and district.street = '' and district.community = ''
left join places as street
    on t.district = street.district and t.street = street.street and street.community = ''
left join places as community
    on t.district = community.district and t.street = community.street and t.residents = community.community

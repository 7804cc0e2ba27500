{{ config(unique_key='community_no') }}

-- Residential communities as they now stand; who can be reached stays behind a mask.
with arrivals as (
    {{ versions_since(ref('stg_communities__community'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['community_no']) }}
),

winning as (
    {{ winners('newest', ['community_no']) }}
)

select
    t.community_no,
    t.community_name,
    t.division_code,
    division.district_code,
    division.street_code,
    t.address_id,
    t.grid_code,
    t.lon,
    t.lat,
    t.built_year,
    t.households,
    t.property_name,
    t.property_uscc,
    t.property_since,
    t.fee_yuan,
    {{ mask_name('t.contact_name') }} as contact_name,
    t.contact_phone,
    t.committee_name,
    t.committee_formed_on,
    t.committee_term_to,
    {{ bookkeeping('t') }}
from winning as t
{{ division_on('division', 't.division_code', 't._business_date') }}

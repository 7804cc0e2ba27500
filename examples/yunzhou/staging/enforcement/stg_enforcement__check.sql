-- Checks on the spot.
with crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
),

places as (
    {{ division_paths() }}
)

select
    t.record_no,
    t.checked_at,
    org.org_code,
    t.officer,
    kind.code as kind_code,
    t.subject_name,
    t.subject_id,
    t.subject_uscc,
    coalesce(street.code, district.code) as division_code,
    t.address as address_raw,
    result.code as result_code,
    t.case_no,
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'check_record') }} as t
{{ crosswalk('kind', 'check_kind', 't.kind', 'crosswalk') }}
{{ crosswalk('result', 'check_result', 't.result', 'crosswalk') }}
{{ organisation_named('org', 't.org') }}
left join places as district
    on t.district = district.district and district.street = '' and district.community = ''
left join places as street
    on t.district = street.district and t.street = street.street and street.community = ''

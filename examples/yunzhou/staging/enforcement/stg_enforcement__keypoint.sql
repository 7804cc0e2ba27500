-- Entries of the key-point ledger.
with crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
),

places as (
    {{ division_paths() }}
)

select
    t.entry_no,
    t.point_no,
    t.point_name,
    kind.code as kind_code,
    source.code as source_code,
    org.org_code,
    coalesce(street.code, district.code) as division_code,
    t.opened_on,
    t.due_on,
    t.rectified_on,
    t.verified_on,
    t.closed_on,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'keypoint') }} as t
{{ crosswalk('kind', 'keypoint_kind', 't.kind', 'crosswalk') }}
{{ crosswalk('source', 'keypoint_source', 't.source', 'crosswalk') }}
{{ organisation_named('org', 't.org') }}
left join places as district
    on t.district = district.district and district.street = '' and district.community = ''
left join places as street
    on t.district = street.district and t.street = street.street and street.community = ''

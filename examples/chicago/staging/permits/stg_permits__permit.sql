-- Building permits. The applicant is not delivered, so the general contractor stands in as the party; without the
-- mark of a firm in the name it is taken for a person, whose name stays at L3. The reported cost (US dollars, the
-- city's currency) has no column in the interface and stays in the landed table.
with delivered as (
    select
        *,
        regexp_matches(
            upper(general_contractor),
            '\b(INC|INCORPORATED|LLC|L\.? ?L\.? ?C|CORP|CORPORATION|LTD|LIMITED|LP|LLP|CO|COMPANY|COMPANIES|GROUP'
            || '|ASSOC(IATION|IATES)?|CONSTRUCTION|SERVICES?|ELECTRIC(AL)?|PLUMBING|HEATING|ROOFING|BUILDERS?|HOMES'
            || '|CONTRACT(ORS?|ING)|ENTERPRISES?|DEVELOPMENT|SYSTEMS?|SOLUTIONS|MASONRY|RESTORATION|MANAGEMENT)\b'
        ) as is_firm,
        -- A month delivered again says when in its name; the monthly files stand for the end of their month.
        try_strptime(nullif(regexp_extract(_file_name, '__(\d{8}T\d{6})_', 1), ''), '%Y%m%dT%H%M%S') as delivered_at
    from {{ source('landed', 'permits_building_permit') }}
)

select
    permit.permit_no as doc_no,
    'CHIDOB' as authority_code,
    'Chicago Department of Buildings' as authority_name,
    cast(null as varchar) as party_uscc,
    permit.general_contractor as party_name,
    case when permit.is_firm then 'legal' when not permit.is_firm then 'natural' end as party_type_code,
    cast(null as varchar) as party_person_id,
    'Building permit' as doc_name,
    kind.code as permit_type_code,
    coalesce(permit.work_type, permit.review_type) as licence_name,
    permit.permit_no as licence_no,
    permit.description as content,
    permit.issued_on as decided_on,
    permit.issued_on as valid_from,
    cast(null as date) as valid_to,
    cast(null as boolean) as is_long_term,
    state.code as state_code,
    'Chicago Department of Buildings' as source_org,
    cast(null as timestamp) as published_at,
    cast(null as varchar) as item_code,
    permit.longitude as lon,
    permit.latitude as lat,
    case
        when permit.community_area > 0 then '1714' || lpad(cast(permit.community_area as varchar), 2, '0')
    end as division_code,
    {{ landed_bookkeeping('permit', 'delivered_at') }}
from delivered as permit
{{ crosswalk('kind', 'permit_type', 'permit.permit_type') }}
{{ crosswalk('state', 'permit_state', 'permit.status') }}

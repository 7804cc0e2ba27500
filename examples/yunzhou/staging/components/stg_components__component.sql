-- Components as the survey delivers them: names of organisations and states to codes, points as they were measured.
with organisation as (
    select alias, org_code from {{ source('vocab', 'organisation_alias') }}
),

crosswalk as (
    select scheme, source_value, code from {{ source('vocab', 'code_crosswalk') }}
    where scheme = 'component_state'
),

delivered as (
    select
        *,
        {{ replace_matches('own_org', '[、，,;；].*$', '') }} as first_owner
    from {{ source('landed', 'component') }}
)

select
    t.component_code,
    concat('C', substr(t.component_code, 7, 4)) as class_code,
    t.component_name,
    supervise_org.org_code as supervise_org_code,
    own_org.org_code as own_org_code,
    t.own_org as own_orgs_raw,
    maintain_org.org_code as maintain_org_code,
    state.code as state_code,
    t.first_on,
    t.changed_on,
    t.data_source,
    t.location_desc,
    {{ grid_code_15('t.grid_code') }} as grid_code,
    t.batch_year as census_year,
    t.x,
    t.y,
    {{ declared_crs('t.declared_crs') }} as declared_crs,
    {{ landed_bookkeeping('t', 'changed_on') }}
from delivered as t
{{ organisation_named('supervise_org', 't.supervise_org', 'organisation') }}
{{ organisation_named('own_org', 't.first_owner', 'organisation') }}
{{ organisation_named('maintain_org', 't.maintain_org', 'organisation') }}
{{ crosswalk('state', 'component_state', 't.state', 'crosswalk') }}

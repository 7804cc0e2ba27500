-- Shifts with their eight settings; the conclusion comes later as a new version.
select
    t.shift_id,
    org.org_code,
    t.home_grid_code,
    t.inspector,
    t.duty,
    t.route,
    t.starts_at,
    t.ends_at,
    t.quota,
    t.stay_minutes,
    conclusion.code as conclusion_code,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'patrol_shift') }} as t
{{ organisation_named('org', 't.org') }}
{{ crosswalk('conclusion', 'patrol_conclusion', 't.conclusion') }}

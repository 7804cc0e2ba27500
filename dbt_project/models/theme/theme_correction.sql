{{ config(materialized='table') }}

-- How many disagreements each department is asked to check, by element, and how long they have stood.
with queue as (
    select
        *,
        {{ days_between('cast(opened_at as date)', 'coalesce(cast(closed_at as date), ' ~ as_of() ~ ')') }} as days_open
    from {{ ref('base_correction') }}
    where cast(opened_at as date) <= {{ as_of() }}
)

select
    checking_org,
    owner_org,
    subject_kind,
    element,
    {{ as_of() }} as as_of,
    count(*) as opened,
    count(case when not is_open then 1 end) as closed,
    count(case when is_open then 1 end) as still_open,
    {{ ratio('count(case when not is_open then 1 end)', 'count(*)') }} as closed_rate,
    max(case when is_open then days_open end) as longest_open_days,
    {{ percentile('case when not is_open then days_open end', 0.5) }} as median_days_to_close
from queue
group by checking_org, owner_org, subject_kind, element

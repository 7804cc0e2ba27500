{{ config(materialized='view') }}

-- The ledger of key points: every entry with the step it has reached, and which time its point is listed.
select
    entry_no,
    point_no,
    point_name,
    kind_code,
    source_code,
    org_code,
    district_code,
    street_code,
    opened_on,
    due_on,
    rectified_on,
    verified_on,
    closed_on,
    case
        when closed_on is not null then 'settled'
        when verified_on is not null then 'verified'
        when rectified_on is not null then 'rectified'
        else 'listed'
    end as step_code,
    cast(row_number() over (partition by point_no order by opened_on, entry_no) as integer) as turn
from {{ ref('topic_keypoint') }}
where not is_deleted

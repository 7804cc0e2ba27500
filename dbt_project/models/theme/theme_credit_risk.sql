{{ config(materialized='table') }}

-- Credit risk of every legal entity as of the day of the run: penalties and bad records weigh by their severity and
-- fade with age; what has been repaired weighs nothing.
with {{ parameters() }},

entity as (
    select uscc, entity_name, district_code
    from {{ ref('base_legal_entity') }}
    where not is_deleted
),

finding as (
    select
        party_uscc as uscc,
        severity_code,
        decided_on as found_on,
        coalesce(cast(repaired_at as date) <= {{ as_of() }}, false) as is_repaired,
        'penalty' as finding_kind
    from {{ ref('topic_penalty') }}
    where not is_deleted and party_uscc is not null and decided_on <= {{ as_of() }}
    union all
    select
        subject_key as uscc,
        severity_code,
        determined_on as found_on,
        state_code = 'repaired' as is_repaired,
        'record' as finding_kind
    from {{ ref('topic_credit_record') }}
    where
        not is_deleted
        and info_kind = 'dishonest'
        and determined_on <= {{ as_of() }}
        and coalesce(expires_on, {{ as_of() }}) >= {{ as_of() }}
        and coalesce(state_code, 'valid') <> 'withdrawn'
        and coalesce(source_table, '') <> 'penalty'
),

weighed as (
    select
        *,
        cast(
            case
                when is_repaired then 0
                else
                    case severity_code
                        when 'serious' then {{ parameter('risk.severity.serious', 60, as_of()) }}
                        when 'general' then {{ parameter('risk.severity.general', 25, as_of()) }}
                        when 'minor' then {{ parameter('risk.severity.minor', 10, as_of()) }}
                        else 0
                    end
                    * exp(
                        - {{ days_between('found_on', as_of()) }}
                        / {{ parameter('risk.decay_days', 365, as_of()) }}
                    )
            end as decimal(18, 6)
        ) as points
    from finding
),

summed as (
    select
        uscc,
        sum(points) as points,
        count(case when finding_kind = 'penalty' then 1 end) as penalties,
        count(case when finding_kind = 'record' then 1 end) as bad_records,
        count(case when is_repaired then 1 end) as repaired,
        count(case when severity_code = 'serious' and not is_repaired then 1 end) as serious,
        count(case when severity_code = 'general' and not is_repaired then 1 end) as general,
        count(case when severity_code = 'minor' and not is_repaired then 1 end) as minor,
        max(found_on) as last_found_on
    from weighed
    group by uscc
),

scored as (
    select
        e.uscc,
        e.entity_name,
        e.district_code,
        cast(coalesce(s.points, 0) as decimal(12, 2)) as score,
        coalesce(s.penalties, 0) as penalties,
        coalesce(s.bad_records, 0) as bad_records,
        coalesce(s.repaired, 0) as repaired,
        coalesce(s.serious, 0) as serious,
        coalesce(s.general, 0) as general,
        coalesce(s.minor, 0) as minor,
        s.last_found_on
    from entity as e
    left join summed as s on e.uscc = s.uscc
)

select
    uscc,
    {{ as_of() }} as as_of,
    entity_name,
    district_code,
    score,
    case
        when score >= {{ parameter('risk.grade.d', 80, as_of()) }} then 'D'
        when score >= {{ parameter('risk.grade.c', 50, as_of()) }} then 'C'
        when score >= {{ parameter('risk.grade.b', 20, as_of()) }} then 'B'
        else 'A'
    end as grade,
    concat_ws(
        ';',
        case when serious > 0 then 'serious' end,
        case when general > 0 then 'general' end,
        case when minor > 0 then 'minor' end,
        case when repaired > 0 then 'repaired' end
    ) as reason_codes,
    penalties,
    bad_records,
    repaired,
    serious,
    general,
    minor,
    last_found_on
from scored

{# What credit risk is made of: findings, what each weighs on a day, and the grade of their sum. #}

{# CTE `finding`: penalties and bad records of legal entities, from when to when they count. A record of a penalty is
   not counted beside it. The condition `where_subject` bounds the subjects, with `{}` for their key. #}
{% macro credit_findings(where_subject='true') -%}
    finding as (
        select
            party_uscc as uscc,
            severity_code,
            decided_on as found_on,
            cast(repaired_at as date) as repaired_on,
            cast('9999-12-31' as date) as counts_until,
            'penalty' as finding_kind
        from {{ ref('topic_penalty') }}
        where
            not is_deleted and party_uscc is not null and decided_on is not null
            and {{ where_subject | replace('{}', 'party_uscc') }}
        union all
        select
            subject_key as uscc,
            severity_code,
            determined_on as found_on,
            case when state_code = 'repaired' then determined_on end as repaired_on,
            coalesce(expires_on, cast('9999-12-31' as date)) as counts_until,
            'record' as finding_kind
        from {{ ref('topic_credit_record') }}
        where
            not is_deleted
            and length(subject_key) <> 33  -- a natural person is not graded
            and info_kind = 'dishonest'
            and determined_on is not null
            and coalesce(state_code, 'valid') <> 'withdrawn'
            and coalesce(source_table, '') <> 'penalty'
            and {{ where_subject | replace('{}', 'subject_key') }}
    )
{%- endmacro %}

{# Whether a finding counts on a day at all. #}
{% macro counts_on(day) -%}
    found_on <= {{ day }} and counts_until >= {{ day }}
{%- endmacro %}

{# What a finding weighs on a day: its severity, fading with age; nothing once it is repaired. Needs `parameter`. #}
{% macro credit_points(day) -%}
    cast(
        case
            when repaired_on <= {{ day }} then 0
            else
                case severity_code
                    when 'serious' then {{ parameter('risk.severity.serious', 60, day) }}
                    when 'general' then {{ parameter('risk.severity.general', 25, day) }}
                    when 'minor' then {{ parameter('risk.severity.minor', 10, day) }}
                    else 0
                end
                * exp(- {{ days_between('found_on', day) }} / {{ parameter('risk.decay_days', 365, day) }})
        end as decimal(18, 6)
    )
{%- endmacro %}

{# Columns over the findings of one subject, from `points` and the day on which they were weighed. #}
{% macro credit_counts(day) -%}
    sum(points) as points,
    count(case when finding_kind = 'penalty' then 1 end) as penalties,
    count(case when finding_kind = 'record' then 1 end) as bad_records,
    count(case when repaired_on <= {{ day }} then 1 end) as repaired,
    {%- for severity in ['serious', 'general', 'minor'] %}
    count(case when severity_code = '{{ severity }}' and coalesce(repaired_on > {{ day }}, true) then 1 end)
        as {{ severity }},
    {%- endfor %}
    max(found_on) as last_found_on
{%- endmacro %}

{% macro credit_grade(score, day) -%}
    case
        when {{ score }} >= {{ parameter('risk.grade.d', 80, day) }} then 'D'
        when {{ score }} >= {{ parameter('risk.grade.c', 50, day) }} then 'C'
        when {{ score }} >= {{ parameter('risk.grade.b', 20, day) }} then 'B'
        else 'A'
    end
{%- endmacro %}

{% macro credit_reasons() -%}
    concat_ws(
        ';',
        case when serious > 0 then 'serious' end,
        case when general > 0 then 'general' end,
        case when minor > 0 then 'minor' end,
        case when repaired > 0 then 'repaired' end
    )
{%- endmacro %}

{# Which version of weights and thresholds was in force on a day. #}
{% macro credit_model_version(day) -%}
    concat('risk/', cast(cast({{ parameter('risk.model', 1, day) }} as integer) as string))
{%- endmacro %}

{# Subjects whose monthly grades must be written anew: those of whom anything new is known, and all of them once
   another month is over. #}
{% macro graded_subjects() -%}
    {%- set since = watermark() -%}
    {%- set turned -%}
        {{ month_of(date_plus('day', 1, as_of())) }}
        <> (select {{ month_of(date_plus('day', 1, 'max(_as_of)')) }} from {{ this }})
    {%- endset -%}
    select party_uscc as subject_key from {{ ref('topic_penalty') }}
    where party_uscc is not null and (_load_id > {{ since }} or {{ turned }})
    union
    select subject_key from {{ ref('topic_credit_record') }}
    where subject_key is not null and (_load_id > {{ since }} or {{ turned }})
    union
    select uscc as subject_key from {{ ref('base_legal_entity') }}
    where _load_id > {{ since }}
{%- endmacro %}

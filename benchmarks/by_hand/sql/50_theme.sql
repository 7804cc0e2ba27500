-- One question each: response, resolution and satisfaction; timeliness of the grid; credit risk.
create macro reckoned_until(month) as
    least(cast(month + to_months(1) as timestamp), cast(getvariable('as_of') as timestamp) + interval 1 day);

create table theme_hotline_score as
with scored as (
    from topic_hotline_ticket where not is_deleted and excluded_reason_code is null
    and ticket_type_code not in ('consult', 'consultation', 'praise') and undertake_org_code is not null
),
response as (
    select undertake_org_code as org_code, month_of(contact_due_at) as month, count(*) as contacts_due,
        count(*) filter (first_contact_time <= contact_due_at) as contacts_in_time
    from scored where contact_due_at < reckoned_until(month_of(contact_due_at)) group by all
),
last_visit as (
    from topic_hotline_visit where not is_deleted and visit_time is not null
    qualify row_number() over (partition by ticket_no, sub_no order by visit_time desc, visit_no desc) = 1
),
answer as (
    select t.undertake_org_code as org_code, month_of(v.visit_time) as month, count(*) as visited,
        count(*) filter (v.is_reached) as reached, count(v.resolved_code) filter (v.is_reached) as resolution_answers,
        count(*) filter (v.is_reached and v.resolved_code = 'resolved') as resolved,
        count(*) filter (v.is_reached and v.resolved_code = 'partly') as partly,
        count(v.satisfied_code) filter (v.is_reached) as satisfaction_answers,
        count(*) filter (v.is_reached and v.satisfied_code = 'satisfied') as satisfied,
        count(*) filter (v.is_reached and v.satisfied_code = 'basically') as basically
    from last_visit v join scored t on t.ticket_no = v.ticket_no and t.sub_no = v.sub_no group by all
),
counted as (
    select coalesce(r.org_code, a.org_code) as org_code, coalesce(r.month, a.month) as month,
        coalesce(contacts_due, 0) as contacts_due, coalesce(contacts_in_time, 0) as contacts_in_time,
        coalesce(visited, 0) as visited, coalesce(reached, 0) as reached,
        coalesce(resolution_answers, 0) as resolution_answers,
        cast(coalesce(resolved, 0) + coalesce(partly, 0) * setting('hotline.partly_resolved') as decimal(18, 4))
            as resolution_points,
        coalesce(satisfaction_answers, 0) as satisfaction_answers,
        cast(coalesce(satisfied, 0) + coalesce(basically, 0) * setting('hotline.basically_satisfied') as decimal(18, 4))
            as satisfaction_points
    from response r full join answer a on a.org_code = r.org_code and a.month = r.month
)
select *, ratio(contacts_in_time, contacts_due) as response_rate,
    ratio(resolution_points, resolution_answers) as resolution_rate,
    ratio(satisfaction_points, satisfaction_answers) as satisfaction_rate,
    cast(100 * (setting('hotline.weight.response') * response_rate + setting('hotline.weight.resolved') * resolution_rate
        + setting('hotline.weight.satisfied') * satisfaction_rate) as decimal(7, 3)) as score,
    cast(month + to_months(1) + to_days(60 - 1) as date) as settles_on
from counted;

create table theme_grid_timeliness as
with counting as (
    from topic_grid_case where not is_deleted and not is_void and handle_org_code is not null
),
reported as (
    select handle_org_code as org_code, month_of(report_at) as month, count(*) as reported,
        count(*) filter (file_at < reckoned_until(month_of(report_at))) as reported_and_filed
    from counting where report_at is not null group by all
),
filed as (
    select handle_org_code as org_code, month_of(file_at) as month, count(*) as filed
    from counting where file_at is not null group by all
),
due as (
    select handle_org_code as org_code, month_of(due_at) as month, count(*) as due,
        count(*) filter (is_handled) as handled, count(*) filter (is_handled and handle_at <= due_at) as handled_in_time,
        count(*) filter (is_handled and rework_count > 0) as reworked,
        quantile_cont(handle_work_minutes, 0.5) filter (is_handled) as median_minutes,
        quantile_cont(handle_work_minutes, 0.9) filter (is_handled) as p90_minutes
    from (select *, handle_at < reckoned_until(month_of(due_at)) as is_handled from counting
          where due_at < reckoned_until(month_of(due_at)))
    group by all
),
closed as (
    select handle_org_code as org_code, month_of(close_at) as month, count(*) as closed
    from counting where close_at is not null group by all
)
select org_code, month, coalesce(reported, 0) as reported, coalesce(reported_and_filed, 0) as reported_and_filed,
    ratio(coalesce(reported_and_filed, 0), coalesce(reported, 0)) as filing_rate, coalesce(filed, 0) as filed,
    coalesce(due, 0) as due, coalesce(handled, 0) as handled, ratio(coalesce(handled, 0), coalesce(due, 0)) as handling_rate,
    coalesce(handled_in_time, 0) as handled_in_time,
    ratio(coalesce(handled_in_time, 0), coalesce(due, 0)) as timely_rate,
    coalesce(handled, 0) - coalesce(handled_in_time, 0) as overtime, coalesce(due, 0) - coalesce(handled, 0) as unhandled,
    coalesce(reworked, 0) as reworked, ratio(coalesce(reworked, 0), coalesce(handled, 0)) as rework_rate,
    coalesce(closed, 0) as closed, cast(median_minutes as decimal(18, 1)) as median_work_minutes,
    cast(p90_minutes as decimal(18, 1)) as p90_work_minutes,
    cast(month + to_months(1) + to_days(30 - 1) as date) as settles_on
from reported full join filed using (org_code, month) full join due using (org_code, month)
full join closed using (org_code, month);

create table theme_credit_risk as
with finding as (
    select party_uscc as uscc, severity_code, decided_on as found_on,
        coalesce(cast(repaired_at as date) <= getvariable('as_of'), false) as is_repaired, true as is_penalty
    from topic_penalty where not is_deleted and party_uscc is not null and decided_on <= getvariable('as_of')
    union all
    select subject_key, severity_code, determined_on, state_code = 'repaired', false from topic_credit_record
    where not is_deleted and info_kind = 'dishonest' and determined_on <= getvariable('as_of')
    and coalesce(expires_on, getvariable('as_of')) >= getvariable('as_of')
    and coalesce(state_code, 'valid') <> 'withdrawn' and coalesce(source_table, '') not like '%penalty%'
),
summed as (
    select uscc, sum(cast(case when is_repaired then 0 else case severity_code
            when 'serious' then setting('risk.severity.serious') when 'general' then setting('risk.severity.general')
            when 'minor' then setting('risk.severity.minor') else 0 end
            * exp(-date_diff('day', found_on, getvariable('as_of')) / setting('risk.decay_days')) end
            as decimal(18, 6))) as points,
        count(*) filter (is_penalty) as penalties, count(*) filter (not is_penalty) as bad_records,
        count(*) filter (is_repaired) as repaired,
        count(*) filter (severity_code = 'serious' and not is_repaired) as serious,
        count(*) filter (severity_code = 'general' and not is_repaired) as general,
        count(*) filter (severity_code = 'minor' and not is_repaired) as minor, max(found_on) as last_found_on
    from finding group by uscc
)
select e.uscc, getvariable('as_of') as as_of, e.entity_name, e.district_code,
    cast(coalesce(s.points, 0) as decimal(12, 2)) as score,
    case when score >= setting('risk.grade.d') then 'D' when score >= setting('risk.grade.c') then 'C'
         when score >= setting('risk.grade.b') then 'B' else 'A' end as grade,
    concat_ws(';', case when serious > 0 then 'serious' end, case when general > 0 then 'general' end,
        case when minor > 0 then 'minor' end, case when repaired > 0 then 'repaired' end) as reason_codes,
    coalesce(s.penalties, 0) as penalties, coalesce(s.bad_records, 0) as bad_records,
    coalesce(s.repaired, 0) as repaired, coalesce(s.serious, 0) as serious, coalesce(s.general, 0) as general,
    coalesce(s.minor, 0) as minor, s.last_found_on
from base_legal_entity e left join summed s on s.uscc = e.uscc where not e.is_deleted;

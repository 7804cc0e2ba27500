-- The five open datasets.
create table open_hotline_monthly as
with counted as (
    select coalesce(district_code, 'unknown') as district_code, month_of(accept_time) as month,
        coalesce(ticket_type_code, 'unknown') as ticket_type_code, count(*) as tickets, count(finish_time) as finished
    from topic_hotline_ticket where not is_deleted and excluded_reason_code is null and accept_time is not null
    group by all
)
select c.district_code, d.name as district_name, c.month, c.ticket_type_code, k.name as ticket_type_name,
    k.name_en as ticket_type_name_en, case when c.tickets >= 5 then c.tickets end as tickets,
    case when c.tickets >= 5 and c.finished >= 5 then c.finished end as finished, c.tickets < 5 as is_suppressed,
    cast(c.month + to_months(1) + to_days(60 - 1) as date) as settles_on
from counted c
left join (select code, max(name) as name from division where level = 3 group by code) d on d.code = c.district_code
left join base_code k on k.scheme = 'hotline_type' and k.code = c.ticket_type_code and k.is_current;

create table open_grid_case as
select c.case_no, c.case_kind, c.class_code, class.name as class_name, class.name_en as class_name_en,
    c.source_channel_code, source.name as source_channel_name, hour_of(c.report_at) as report_hour,
    hour_of(c.file_at) as file_hour, hour_of(c.dispatch_at) as dispatch_hour, hour_of(c.handle_at) as handle_hour,
    hour_of(c.close_at) as close_hour, hour_of(c.due_at) as due_hour, c.handle_at <= c.due_at as is_handled_in_time,
    c.stage_code, stage.name as stage_name, c.ext_count, c.rework_count, c.handle_org_code,
    org.org_name as handle_org_name, c.district_code, c.street_code, c.community_code
from topic_grid_case c
left join base_code class on class.scheme = 'grid_class' and class.code = c.class_code and class.is_current
left join base_code source on source.scheme = 'grid_source' and source.code = c.source_channel_code and source.is_current
left join base_code stage on stage.scheme = 'grid_stage' and stage.code = c.stage_code and stage.is_current
left join base_organisation org on org.org_code = c.handle_org_code
where not c.is_deleted and not c.is_void;

create table open_permit as
select p.doc_no, p.authority_code, coalesce(a.org_name, p.authority_name) as authority_name, p.party_uscc, p.party_name,
    p.doc_name, p.permit_type_code, t.name as permit_type_name, p.licence_name, p.licence_no,
    p.content_masked as content, p.decided_on, p.valid_from, p.valid_to, p.is_long_term, p.state_code,
    s.name as state_name, cast(p.published_at as date) as published_on, p.publish_delay_days, p.item_code,
    p.division_code, p.district_code
from topic_permit p
left join base_organisation a on a.org_code = p.authority_code
left join base_code t on t.scheme = 'permit_type' and t.code = p.permit_type_code and t.is_current
left join base_code s on s.scheme = 'permit_state' and s.code = p.state_code and s.is_current
where not p.is_deleted and p.party_type_code = 'legal';

create table open_penalty as
select p.doc_no, p.authority_code, coalesce(a.org_name, p.authority_name) as authority_name, p.party_uscc, p.party_name,
    p.violation_type, p.basis, p.category_codes, p.fine_yuan, p.confiscated_yuan, p.licence_action, p.decided_on,
    p.severity_code, s.name as severity_name, p.publish_from, p.publish_until, p.item_code,
    cast(p.published_at as date) as published_on
from topic_penalty p
left join base_organisation a on a.org_code = p.authority_code
left join base_code s on s.scheme = 'credit_severity' and s.code = p.severity_code and s.is_current
where not p.is_deleted and p.party_type_code = 'legal'
    and getvariable('as_of') between p.publish_from and p.publish_until
    and coalesce(cast(p.repaired_at as date) > getvariable('as_of'), true);

create table open_legal_entity as
select e.uscc, e.entity_name, e.entity_type_code, t.name as entity_type_name, e.reg_capital_yuan, e.established_on,
    e.approved_on, e.status_code, s.name as status_name, e.cancelled_on, e.revoked_on, e.industry_code,
    i.name as industry_name, e.reg_address, e.authority_name, e.division_code, e.district_code
from base_legal_entity e
left join base_code t on t.scheme = 'entity_type' and t.code = e.entity_type_code and t.is_current
left join base_code s on s.scheme = 'entity_status' and s.code = e.status_code and s.is_current
left join base_code i on i.scheme = 'industry' and i.code = e.industry_code and i.is_current
where not e.is_deleted;

-- The five open datasets.
create table hotline_counted as
select coalesce(district_code, 'unknown') as d, month_of(accept_time) as month, coalesce(ticket_type_code, 'unknown') as t,
    count(*) as tickets, count(finish_time) as finished
from topic_hotline_ticket where not is_deleted and excluded_reason_code is null and accept_time is not null
group by all;
create macro hidden_of(cells, least_shown) as table
with chosen as (
    select s.month, s.d, s.t, h.t as other_t, e.d as other_d
    from query_table(cells) s
    join (select distinct t from query_table(cells)) h on h.t <> s.t
    join (select distinct d from query_table(cells)) e on e.d <> s.d
    left join query_table(cells) a on (a.month, a.d, a.t) = (s.month, s.d, h.t)
    left join query_table(cells) b on (b.month, b.d, b.t) = (s.month, e.d, s.t)
    left join query_table(cells) c on (c.month, c.d, c.t) = (s.month, e.d, h.t)
    where s.n < least_shown
    qualify row_number() over (partition by s.month, s.d, s.t order by
        case when a.n >= least_shown and b.n >= least_shown and c.n > 0 then 0
            when a.n > 0 and b.n > 0 and c.n > 0 then 1 when c.n > 0 then 2 when a.n > 0 and b.n > 0 then 3 else 4 end,
        coalesce(a.n, 0) + coalesce(b.n, 0) + coalesce(c.n, 0), e.d, h.t) = 1
)
select month, d, t from query_table(cells) where n < least_shown
union select month, d, other_t from chosen
union select month, other_d, t from chosen
union select month, other_d, other_t from chosen;
create table hotline_tickets_n as select month, d, t, tickets as n from hotline_counted;
create table hotline_finished_n as select month, d, t, finished as n from hotline_counted;
create table hotline_hidden as from hidden_of('hotline_tickets_n', 5);
create table hotline_hidden_finished as from hidden_of('hotline_finished_n', 5);

create table open_hotline_monthly as
with cell as (
    select month, d, t from hotline_counted union from hotline_hidden union from hotline_hidden_finished
)
select cell.d as district_code, d.name as district_name, cell.month, cell.t as ticket_type_code,
    k.name as ticket_type_name, k.name_en as ticket_type_name_en,
    case when h.month is null then c.tickets end as tickets,
    case when h.month is null and f.month is null then c.finished end as finished,
    h.month is not null or c.month is null as is_suppressed,
    cast(cell.month + to_months(1) + to_days(60 - 1) as date) as settles_on
from cell
left join hotline_counted c on (c.month, c.d, c.t) = (cell.month, cell.d, cell.t)
left join hotline_hidden h on (h.month, h.d, h.t) = (cell.month, cell.d, cell.t)
left join hotline_hidden_finished f on (f.month, f.d, f.t) = (cell.month, cell.d, cell.t)
left join (select code, max(name) as name from division where level = 3 group by code) d on d.code = cell.d
left join base_code k on k.scheme = 'hotline_type' and k.code = cell.t and k.is_current;

create table grid_shown as
select case_no, coalesce(case_kind, '') as kind, coalesce(district_code, '') as district,
    coalesce(street_code, '') as street, coalesce(community_code, '') as community,
    coalesce(class_code[:3], '') as grp, coalesce(class_code, '') as class, coalesce(handle_org_code, '') as org,
    coalesce(cast(date_trunc('week', report_at) as date), date '1900-01-01') as week,
    coalesce(month_of(report_at), date '1900-01-01') as month,
    coalesce(cast(date_trunc('year', report_at) as date), date '1900-01-01') as year,
    coalesce(source_channel_code, '') as channel, source_channel_code, cast(null as integer) as detail,
    cast(round((epoch(dispatch_at) - epoch(report_at)) / 3600) as integer) as hours_to_dispatch,
    cast(round((epoch(handle_at) - epoch(dispatch_at)) / 3600) as integer) as hours_to_handle,
    cast(round((epoch(close_at) - epoch(report_at)) / 3600) as integer) as hours_to_close,
    handle_at <= due_at as is_handled_in_time, stage_code, ext_count, rework_count
from topic_grid_case where not is_deleted and not is_void;
update grid_shown s set detail = 1 from (
    select kind, district, street, community, grp, class, org, week from grid_shown where detail is null
    group by all having count(*) >= setting('disclosure.k') and count(distinct channel) >= setting('disclosure.l')
) g where s.detail is null and (s.kind, s.district, s.street, s.community, s.grp, s.class, s.org, s.week) = (g.kind, g.district, g.street, g.community, g.grp, g.class, g.org, g.week);
update grid_shown s set detail = 2 from (
    select kind, district, street, community, grp, month from grid_shown where detail is null
    group by all having count(*) >= setting('disclosure.k') and count(distinct channel) >= setting('disclosure.l')
) g where s.detail is null and (s.kind, s.district, s.street, s.community, s.grp, s.month) = (g.kind, g.district, g.street, g.community, g.grp, g.month);
update grid_shown s set detail = 3 from (
    select kind, district, street, grp, class, month from grid_shown where detail is null
    group by all having count(*) >= setting('disclosure.k') and count(distinct channel) >= setting('disclosure.l')
) g where s.detail is null and (s.kind, s.district, s.street, s.grp, s.class, s.month) = (g.kind, g.district, g.street, g.grp, g.class, g.month);
update grid_shown s set detail = 4 from (
    select kind, district, street, grp, month from grid_shown where detail is null
    group by all having count(*) >= setting('disclosure.k') and count(distinct channel) >= setting('disclosure.l')
) g where s.detail is null and (s.kind, s.district, s.street, s.grp, s.month) = (g.kind, g.district, g.street, g.grp, g.month);
update grid_shown s set detail = 5 from (
    select kind, district, grp, month from grid_shown where detail is null
    group by all having count(*) >= setting('disclosure.k') and count(distinct channel) >= setting('disclosure.l')
) g where s.detail is null and (s.kind, s.district, s.grp, s.month) = (g.kind, g.district, g.grp, g.month);
update grid_shown s set detail = 6 from (
    select kind, month from grid_shown where detail is null
    group by all having count(*) >= setting('disclosure.k') and count(distinct channel) >= setting('disclosure.l')
) g where s.detail is null and (s.kind, s.month) = (g.kind, g.month);
update grid_shown s set detail = 7 from (
    select kind, year from grid_shown where detail is null
    group by all having count(*) >= setting('disclosure.k') and count(distinct channel) >= setting('disclosure.l')
) g where s.detail is null and (s.kind, s.year) = (g.kind, g.year);
update grid_shown set detail = 8 where detail is null and (
    select count(*) from grid_shown where detail is null) >= setting('disclosure.k');

create table open_grid_case as
with opened as (
    select pseudonym(case_no || ':' || detail, 'open_case') as case_id,
        case when detail < 8 then nullif(kind, '') end as case_kind,
        case when detail <= 5 then nullif(grp, '') end as class_group_code,
        case when detail in (1, 3) then nullif(class, '') end as class_code,
        case when detail < 8 then source_channel_code end as source_channel_code,
        nullif(case when detail = 1 then week when detail <= 6 then month when detail = 7 then year end,
            date '1900-01-01') as reported_from,
        case when detail = 1 then 'week' when detail <= 6 then 'month' when detail = 7 then 'year' end
            as reported_period,
        hours_to_dispatch, hours_to_handle, hours_to_close, is_handled_in_time, stage_code, ext_count, rework_count,
        case when detail = 1 then nullif(org, '') end as handle_org_code,
        case when detail <= 5 then nullif(district, '') end as district_code,
        case when detail <= 4 then nullif(street, '') end as street_code,
        case when detail <= 2 then nullif(community, '') end as community_code,
        [0, 3, 3, 4, 5, 7, 7, 8][detail] as generalised
    from grid_shown where detail is not null
)
select o.case_id, o.case_kind, o.class_group_code, grp.name as class_group_name, grp.name_en as class_group_name_en,
    o.class_code, class.name as class_name, class.name_en as class_name_en, o.source_channel_code,
    source.name as source_channel_name, o.reported_from, o.reported_period, o.hours_to_dispatch, o.hours_to_handle,
    o.hours_to_close, o.is_handled_in_time, o.stage_code, stage.name as stage_name, o.ext_count, o.rework_count,
    o.handle_org_code, org.org_name as handle_org_name, o.district_code, o.street_code, o.community_code, o.generalised
from opened o
left join base_code grp on grp.scheme = 'grid_class' and grp.code = o.class_group_code and grp.is_current
left join base_code class on class.scheme = 'grid_class' and class.code = o.class_code and class.is_current
left join base_code source on source.scheme = 'grid_source' and source.code = o.source_channel_code and source.is_current
left join base_code stage on stage.scheme = 'grid_stage' and stage.code = o.stage_code and stage.is_current
left join base_organisation org on org.org_code = o.handle_org_code;

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

-- The present state of everything: the newest version of each key, its words turned into codes.
create macro worked(d, c) as d.work_minutes_before + case when d.is_working then c.minutes_worked else 0 end;
create macro minute_of(t) as hour(t) * 60 + minute(t);

create table base_legal_entity_history as
with version as (
    select e.*, cast(case when regexp_matches(reg_capital, 'USD|EUR|HKD|JPY|GBP|美元|欧元|港币|港元|日元|英镑') then null
            else cast(nullif(regexp_extract(reg_capital, '([0-9]+(?:[.][0-9]+)?)', 1), '') as decimal(18, 6))
                * case when reg_capital like '%万%' then 10000 else 1 end end as decimal(18, 2)) as reg_capital_yuan,
        t.code as entity_type_code, s.code as status_code
    from entity e
    left join word t on t.scheme = 'entity_type' and t.source_value = e.entity_type
    left join word s on s.scheme = 'entity_status' and s.source_value = e.status
    qualify row_number() over (partition by uscc, version_at
        order by business_date desc, batch desc, file_name desc, line desc) = 1
),
compared as (
    select *, (reg_no, entity_name, entity_type_code, legal_rep_name, reg_capital_yuan, established_on, approved_on,
        status_code, cancelled_on, revoked_on, industry_code, reg_address, authority_name, division_code) as state
    from version
),
changed as (
    select * from compared
    window w as (partition by uscc order by version_at)
    qualify state is distinct from lag(state) over w or lag(uscc) over w is null
)
select * exclude (state), version_at as valid_from, lead(version_at) over w as valid_to, valid_to is null as is_current
from changed window w as (partition by uscc order by version_at);

create table base_legal_entity as
select e.uscc, e.reg_no, e.entity_name, t.code as entity_type_code, e.legal_rep_name,
    cast(case when regexp_matches(e.reg_capital, 'USD|EUR|HKD|JPY|GBP|美元|欧元|港币|港元|日元|英镑') then null
        else cast(nullif(regexp_extract(e.reg_capital, '([0-9]+(?:[.][0-9]+)?)', 1), '') as decimal(18, 6))
            * case when e.reg_capital like '%万%' then 10000 else 1 end end as decimal(18, 2)) as reg_capital_yuan,
    e.established_on, e.approved_on, s.code as status_code, e.cancelled_on, e.revoked_on, e.industry_code, e.reg_address,
    e.authority_name, e.contact_phone, e.division_code, d.district_code, e.version_at, e.is_deleted
from (from entity qualify row_number() over (partition by uscc
    order by version_at desc, business_date desc, batch desc, file_name desc, line desc) = 1) e
left join word t on t.scheme = 'entity_type' and t.source_value = e.entity_type
left join word s on s.scheme = 'entity_status' and s.source_value = e.status
left join base_division d on d.division_code = e.division_code
    and coalesce(e.approved_on, e.established_on, e.business_date) between d.valid_from and d.valid_to;

create table topic_hotline_ticket as
with latest as (
    select *, substr(ticket_no, 1, 15) as number, coalesce(nullif(substr(ticket_no, 17), ''), '00') as sub_no
    from ticket
    qualify row_number() over (partition by number, sub_no
        order by version_at desc, business_date desc, batch desc, file_name desc, line desc) = 1
)
select t.number as ticket_no, t.sub_no, t.master_no, channel.code as channel_code, kind.code as ticket_type_code,
    coalesce(l1.code, l2.code, class.code) as class_l1_code,
    case when l1.code is not null then l2.code when l2.code is not null then class.code end as class_l2_code,
    case when l1.code is not null then class.code end as class_l3_code,
    mask_text_of(t.title, t.caller_name) as title_masked, mask_text_of(t.content, t.caller_name) as content_masked,
    pseudonym(nullif(regexp_replace(t.caller_phone, '[^0-9]', '', 'g'), ''), 'phone') as caller_key,
    t.event_time, t.accept_time, t.dispatch_time, t.sign_time, t.first_contact_time,
    t.dispatch_time + to_seconds(3600 * case when urgency.code in ('urgent', 'critical')
        then coalesce(setting('hotline.contact_limit_hours_urgent'), 2)
        else coalesce(setting('hotline.contact_limit_hours'), 24) end) as contact_due_at,
    t.limit_at, t.finish_time, t.archive_time, first_org.org_code as first_org_code,
    undertake_org.org_code as undertake_org_code,
    coalesce(community.code, street.code, district.code) as place_code, d.district_code, d.street_code,
    t.address as address_raw, t.lon, t.lat, urgency.code as urgency_code, status.code as status_code,
    coalesce(t.reopen_count, 0) as reopen_count,
    case when t.excluded_reason is not null then coalesce(excluded.code, 'other') end as excluded_reason_code,
    t.version_at, t.is_deleted
from latest t
left join word channel on channel.scheme = 'hotline_channel' and channel.source_value = t.channel
left join word kind on kind.scheme = 'hotline_type' and kind.source_value = t.ticket_type
left join word class on class.scheme = 'hotline_class'
    and class.source_value = concat_ws('/', t.class_l1, t.class_l2, t.class_l3)
left join word urgency on urgency.scheme = 'urgency' and urgency.source_value = t.urgency
left join word status on status.scheme = 'hotline_status' and status.source_value = t.status
left join word excluded on excluded.scheme = 'hotline_excluded_reason' and excluded.source_value = t.excluded_reason
left join code c3 on c3.scheme = 'hotline_class' and c3.code = class.code
left join code l2 on l2.scheme = 'hotline_class' and l2.code = c3.parent_code
left join code l1 on l1.scheme = 'hotline_class' and l1.code = l2.parent_code
left join organisation_alias first_org on first_org.alias = t.first_org
left join organisation_alias undertake_org on undertake_org.alias = t.undertake_org
left join place district on district.district = t.district and district.street = '' and district.community = ''
left join place street on street.district = t.district and street.street = t.street and street.community = ''
left join place community on community.district = t.district and community.street = t.street
    and community.community = t.community
left join base_division d on d.division_code = coalesce(community.code, street.code, district.code)
    and cast(coalesce(t.accept_time, t.version_at) as date) between d.valid_from and d.valid_to;

create table topic_hotline_visit as
with latest as (
    select *, substr(ticket_no, 1, 15) as number, coalesce(nullif(substr(ticket_no, 17), ''), '00') as sub_no
    from visit
    qualify row_number() over (partition by number, sub_no, visit_no
        order by version_at desc, business_date desc, batch desc, file_name desc, line desc) = 1
)
select v.number as ticket_no, v.sub_no, v.visit_no, v.visit_time, m.code as method_code, v.is_reached,
    r.code as resolved_code, s.code as satisfied_code, mask_text(v.comment) as comment_masked, v.version_at, v.is_deleted
from latest v
left join word m on m.scheme = 'visit_method' and m.source_value = v.method
left join word r on r.scheme = 'visit_resolved' and r.source_value = v.resolved
left join word s on s.scheme = 'visit_satisfied' and s.source_value = v.satisfied;

create table topic_grid_case as
with latest as (
    from "case" qualify row_number() over (partition by case_no
        order by version_at desc, business_date desc, batch desc, file_name desc, line desc) = 1
),
side as (
    select case_no, max(extended_to) as extended_to, cast(count(distinct extended_at) as integer) as extensions,
        cast(count(distinct reworked_at) as integer) as reworks
    from (select case_no, applied_at as extended_at, case when approved_by is not null then new_deadline_at end
                 as extended_to, null::timestamp as reworked_at from extension
          where coalesce(asked, '') not in ('挂账', '回退')
          union all select case_no, null, null, returned_at from rework)
    group by case_no
),
pause as (
    select case_no, greatest(applied_at, dispatch_at) as since, coalesce(least(hung_to, handle_at), handle_at) as until
    from extension join latest using (case_no) where asked = '挂账'
),
hang as (
    select case_no, cast(sum(greatest(worked(ud, uc) - worked(sd, sc), 0)) as bigint) as minutes,
        sum(greatest(epoch(until) - epoch(since), 0)) / 3600 as hours, bool_or(until is null) as is_hung
    from pause
    left join base_calendar sd on sd.day = cast(since as date)
    left join base_work_clock sc on sc.minute_of_day = minute_of(since)
    left join base_calendar ud on ud.day = cast(until as date)
    left join base_work_clock uc on uc.minute_of_day = minute_of(until)
    group by case_no
),
-- When the minutes hung are over, counted on from the deadline.
resumed as (
    select l.case_no, hang.is_hung, hang.minutes, hang.hours,
        greatest(l.deadline_at, l.bundled_deadline_at, side.extended_to) as extended_to,
        cast(rd.day as timestamp) + to_minutes(rc.minute_of_day) as work_end
    from latest l join hang using (case_no) left join side using (case_no)
    left join base_calendar ed on ed.day = cast(greatest(l.deadline_at, l.bundled_deadline_at, side.extended_to) as date)
    left join base_work_clock ec
        on ec.minute_of_day = minute_of(greatest(l.deadline_at, l.bundled_deadline_at, side.extended_to))
    left join base_calendar rd on rd.is_working and rd.work_days_before
        = (worked(ed, ec) + hang.minutes - 1) // (select max(minutes_worked) from base_work_clock)
    left join (select minutes_worked, min(minute_of_day) as minute_of_day from base_work_clock group by 1) rc
        on rc.minutes_worked = worked(ed, ec) + hang.minutes - rd.work_minutes_before
),
baidu as (
    select *, -1.981981304930552e-8 + 8.983055099779535e-6 * x as bd_x, y / 4482777.06 as s,
        0.03278182852591 + s * (40.31678527705744 + s * (0.65659298677277 + s * (-4.44255534477492
        + s * (0.85341911805263 + s * (0.12923347998204 - s * 0.04625736007561))))) as bd_y
    from latest
),
gcj as (
    select * exclude (bd_x, s, bd_y),
        sqrt(pow(bd_x - 0.0065, 2) + pow(bd_y - 0.006, 2)) - 0.00002 * sin((bd_y - 0.006) * pi() * 3000 / 180) as r,
        atan2(bd_y - 0.006, bd_x - 0.0065) - 0.000003 * cos((bd_x - 0.0065) * pi() * 3000 / 180) as a,
        r * cos(a) as gx, r * sin(a) as gy
    from baidu
),
once as (select *, gx - offset_lon(gx, gy) as x1, gy - offset_lat(gx, gy) as y1 from gcj),
twice as (select *, gx - offset_lon(x1, y1) as x2, gy - offset_lat(x1, y1) as y2 from once),
located as (
    select * exclude (r, a, gx, gy, x1, y1, x2, y2), round(gx - offset_lon(x2, y2), 7) as lon,
    round(gy - offset_lat(x2, y2), 7) as lat
    from twice
)
select t.case_no, case when class.code like 'C%' then 'component' when class.code like 'E%' then 'event' end as case_kind,
    class.code as class_code, source_channel.code as source_channel_code, mask_text(t.description) as description_masked,
    t.component_code, t.report_at, t.file_at, t.dispatch_at, t.handle_at, t.verify_at, t.close_at, t.deadline_at,
    t.bundled_deadline_at,
    case when hang.is_hung then null
         when limited.limit_unit = 'hour' and hang.hours > 0 then hang.extended_to + to_seconds(3600 * hang.hours)
         when hang.minutes > 0 then hang.work_end
         else greatest(t.deadline_at, t.bundled_deadline_at, side.extended_to) end as due_at,
    stage.code as stage_code, coalesce(t.stage like '%[作废]%', false) as is_void, org.org_code as handle_org_code,
    pseudonym(t.inspector, 'inspector') as inspector_key,
    coalesce(cell.community_code, community.code, street.code, district.code) as place_code, d.district_code,
    d.street_code, d.community_code, grid_code_15(t.grid_code) as grid_code, t.address as address_raw, t.lon, t.lat,
    case when t.x is not null then 'BD09MC' end as src_crs,
    greatest(coalesce(t.ext_count, 0), coalesce(side.extensions, 0)) as ext_count,
    greatest(coalesce(t.rework_count, 0), coalesce(side.reworks, 0)) as rework_count,
    cast(worked(hd, hc) - worked(dd, dc) as bigint) - coalesce(hang.minutes, 0) as handle_work_minutes, t.version_at,
    t.is_deleted
from located t
left join side on side.case_no = t.case_no
left join resumed hang on hang.case_no = t.case_no
left join word class on class.scheme = 'grid_class'
    and class.source_value = concat_ws('/', t.case_kind, t.class_major, t.class_minor)
left join time_limit limited on limited.severity = 'general' and limited.class_code = class.code
    and cast(t.dispatch_at as date)
    between coalesce(limited.valid_from, date '1900-01-01') and coalesce(limited.valid_to, date '9999-12-31')
left join word source_channel on source_channel.scheme = 'grid_source' and source_channel.source_value = t.source_channel
left join word stage on stage.scheme = 'grid_stage' and stage.source_value = replace(t.stage, '[作废]', '')
left join organisation_alias org on org.alias = t.handle_org
left join grid_cell cell on cell.grid_code = grid_code_15(t.grid_code) and cast(t.report_at as date) >= cell.valid_from
    and cast(t.report_at as date) <= coalesce(cell.valid_to, date '9999-12-31')
left join place district on district.district = t.district and district.street = '' and district.community = ''
left join place street on street.district = t.district and street.street = t.street and street.community = ''
left join place community on community.district = t.district and community.street = t.street
    and community.community = t.community
left join base_division d
    on d.division_code = coalesce(cell.community_code, community.code, street.code, district.code)
    and cast(coalesce(t.report_at, t.version_at) as date) between d.valid_from and d.valid_to
left join base_calendar dd on dd.day = cast(t.dispatch_at as date)
left join base_work_clock dc on dc.minute_of_day = minute_of(t.dispatch_at)
left join base_calendar hd on hd.day = cast(t.handle_at as date)
left join base_work_clock hc on hc.minute_of_day = minute_of(t.handle_at);

create table topic_grid_case_stage as
with step as (
    select case_no, handle_org_code, is_void, unnest([
        {'seq': 1, 'enter': report_at, 'leave': report_at}, {'seq': 2, 'enter': report_at, 'leave': file_at},
        {'seq': 3, 'enter': file_at, 'leave': dispatch_at}, {'seq': 4, 'enter': dispatch_at, 'leave': handle_at},
        {'seq': 5, 'enter': handle_at, 'leave': verify_at}, {'seq': 6, 'enter': verify_at, 'leave': close_at},
        {'seq': 7, 'enter': close_at, 'leave': null}]) as s
    from topic_grid_case where not is_deleted
)
select case_no, s.seq as stage_seq, cast(s.seq as varchar) as stage_code, s.enter as enter_at, s.leave as leave_at,
    handle_org_code, cast(worked(ld, lc) - worked(ed, ec) as bigint) as work_minutes, is_void
from step
left join base_calendar ed on ed.day = cast(s.enter as date)
left join base_work_clock ec on ec.minute_of_day = minute_of(s.enter)
left join base_calendar ld on ld.day = cast(s.leave as date)
left join base_work_clock lc on lc.minute_of_day = minute_of(s.leave)
where s.enter is not null;

create table topic_permit as
with coded as (
    select p.*, normal_doc_no(p.doc_no) as number, coalesce(office.org_code, p.authority_code) as authority,
        kind.code as party_type_code
    from permit p left join office on office.uscc = p.authority_code
    left join word kind on kind.scheme = 'party_type' and kind.source_value = p.party_type
    qualify row_number() over (partition by number, authority
        order by version_at desc, business_date desc, batch desc, file_name desc, line desc) = 1
)
select p.number as doc_no, p.authority as authority_code, p.authority_name,
    case when p.party_type_code <> 'natural' then p.party_uscc end as party_uscc,
    case when p.party_type_code = 'legal' then p.party_name else mask_name(p.party_name) end as party_name,
    p.party_type_code, pseudonym(p.party_person_id, 'person') as party_person_key, p.doc_name,
    t.code as permit_type_code, p.licence_name, p.licence_no, mask_text(p.content) as content_masked, p.decided_on,
    p.valid_from, case when p.valid_to < date '2099-12-31' then p.valid_to end as valid_to,
    not p.is_deleted and (p.valid_to is null or p.valid_to >= date '2099-12-31') as is_long_term, s.code as state_code,
    p.source_org, p.published_at, cast(pub.work_days_before - dec.work_days_before as integer) as publish_delay_days,
    p.item_code, p.lon, p.lat, p.division_code, d.district_code, p.version_at, p.is_deleted
from coded p
left join word t on t.scheme = 'permit_type' and t.source_value = p.permit_type
left join word s on s.scheme = 'permit_state' and s.source_value = p.state
left join base_calendar dec on dec.day = p.decided_on
left join base_calendar pub on pub.day = cast(p.published_at as date)
left join base_division d on d.division_code = p.division_code
    and coalesce(p.decided_on, p.business_date) between d.valid_from and d.valid_to;

create table topic_credit_repair as
select r.repair_id, normal_doc_no(r.doc_no) as doc_no, coalesce(a.org_code, r.authority_code) as authority_code,
    r.party_uscc, r.applied_on, r.decided_on, w.code as decision_code, r.effect_at,
    coalesce(o.org_code, r.decide_org) as decide_org,
    case r.obligations_done when '是' then true when '否' then false end as obligations_done, r.version_at, r.is_deleted
from (from repair qualify row_number() over (partition by repair_id
    order by version_at desc, business_date desc, batch desc, file_name desc, line desc) = 1) r
left join word w on w.scheme = 'repair_decision' and w.source_value = r.decision
left join office a on a.uscc = r.authority_code
left join office o on o.uscc = r.decide_org;

create table topic_credit_record as
select r.record_id, r.subject_key,
    case when length(r.subject_key) = 33 then mask_name(r.subject_name) else r.subject_name end as subject_name,
    k.code as info_kind, mask_text(r.fact_summary) as fact_summary_masked, r.determined_on,
    coalesce(o.org_code, r.determine_org) as determine_org, s.code as severity_code, r.expires_on, r.source_table,
    r.source_id, t.code as state_code, r.version_at, r.is_deleted
from (from record qualify row_number() over (partition by record_id
    order by version_at desc, business_date desc, batch desc, file_name desc, line desc) = 1) r
left join word k on k.scheme = 'info_kind' and k.source_value = r.info_kind
left join word s on s.scheme = 'credit_severity' and s.source_value = r.severity
left join word t on t.scheme = 'credit_state' and t.source_value = r.state
left join organisation_alias o on o.alias = r.determine_org;

create table topic_penalty as
with latest as (
    select p.*, normal_doc_no(p.doc_no) as number, coalesce(office.org_code, p.authority_code) as authority,
        list_transform(string_split(replace(concat_ws(';', category, category_2), '；', ';'), ';'), lambda c: codes[c])
            as category_list
    from penalty p cross join (
        select map(list(source_value), list(code)) as codes from word where scheme = 'penalty_category')
    left join office on office.uscc = p.authority_code
    qualify row_number() over (partition by number, authority
        order by version_at desc, business_date desc, batch desc, file_name desc, line desc) = 1
),
repaired as (
    select doc_no, authority_code, min(effect_at) filter (decision_code = 'granted' and not is_deleted) as repaired_at
    from topic_credit_repair group by all
),
graded as (
    select p.*, r.repaired_at, kind.code as party_type_code, cast(p.fine_wan * 10000 as decimal(18, 2)) as fine_yuan,
        coalesce(said.code, case greatest(
            case when list_has_any(category_list, ['close', 'restrict_employment', 'revoke_licence', 'detention']) then 3
                 when list_has_any(category_list, ['confiscate_income', 'confiscate_goods', 'restrict_business',
                    'suspend_licence', 'suspend_business', 'downgrade']) then 2
                 when list_has_any(category_list, ['warning', 'criticism', 'other', 'published']) then 1 else 0 end,
            case when coalesce(fine_yuan, 0) <= 0 then case when list_contains(category_list, 'fine') then 2 else 0 end
                 when fine_yuan >= coalesce(setting('penalty.fine.serious'), 1000000) then 3
                 when fine_yuan >= coalesce(setting('penalty.fine.general'), 1000) then 2 else 1 end)
            when 3 then 'serious' when 2 then 'general' when 1 then 'minor' end) as severity_code,
        said.code is not null as is_severity_delivered
    from latest p
    left join repaired r on r.doc_no = p.number and r.authority_code = p.authority
    left join word kind on kind.scheme = 'party_type' and kind.source_value = p.party_type
    left join word said on said.scheme = 'credit_severity' and said.source_value = p.severity
)
select p.number as doc_no, p.authority as authority_code, p.authority_name,
    case when p.party_type_code <> 'natural' then p.party_uscc end as party_uscc,
    case when p.party_type_code = 'legal' then p.party_name else mask_name(p.party_name) end as party_name,
    p.party_type_code, pseudonym(p.party_person_id, 'person') as party_person_key, p.violation_type,
    mask_text(p.fact) as fact_masked, p.basis,
    array_to_string(list_sort(list_filter(p.category_list, lambda c: c is not null)), ';') as category_codes,
    mask_text(p.content) as content_masked, p.fine_yuan,
    cast(p.confiscated_wan * 10000 as decimal(18, 2)) as confiscated_yuan, p.licence_action, p.decided_on, p.valid_to,
    p.severity_code, p.is_severity_delivered, p.decided_on as publish_from,
    cast(p.decided_on + to_months(rule.min_months) as date) as publish_min_until,
    coalesce(cast(p.decided_on + to_months(rule.max_months) as date), p.publish_until) as publish_until,
    rule.source as publish_rule, p.item_code, p.case_no, p.published_at,
    cast(pub.work_days_before - dec.work_days_before as integer) as publish_delay_days, p.repaired_at, p.version_at,
    p.is_deleted
from graded p
left join publicity_rule rule on rule.severity = p.severity_code
    and p.decided_on >= coalesce(rule.valid_from, date '1900-01-01')
    and p.decided_on <= coalesce(rule.valid_to, date '9999-12-31')
left join base_calendar dec on dec.day = p.decided_on
left join base_calendar pub on pub.day = cast(p.published_at as date);

-- The register of legal entities.
create table entity_judged as
with text as (
    select p.batch, p.business_date, p.file_name, line, error, t as r, fold("统一社会信用代码") as uscc,
        fold("注册号") as reg_no, clean("主体名称") as entity_name, clean("主体类型") as entity_type,
        clean("法定代表人") as legal_rep_name, clean("注册资本") as reg_capital, fold("成立日期") as established_text,
        fold("核准日期") as approved_text, clean("登记状态") as status, fold("注销日期") as cancelled_text,
        fold("吊销日期") as revoked_text, fold("行业代码") as industry_code, clean("住所") as reg_address,
        clean("登记机关") as authority_name, fold("联系电话") as contact_phone, fold("行政区划代码") as division_code,
        fold("批次号") as delta_text, fold("更新时间") as updated_text
    from entity_text t join piece p using (piece)
),
typed as (
    select *, as_date(established_text) as established_on, as_date(approved_text) as approved_on,
        as_date(cancelled_text) as cancelled_on, as_date(revoked_text) as revoked_on, as_integer(delta_text) as delta_no,
        as_time(updated_text) as updated_at
    from text
),
judged as (
select r, error, batch, business_date, file_name, line, uscc, reg_no, entity_name, entity_type, legal_rep_name, reg_capital,
    established_on, approved_on, status, cancelled_on, revoked_on, industry_code, reg_address, authority_name,
    contact_phone, division_code, delta_no, updated_at,
    rules([case when industry_code not in (select code from code where scheme = 'industry') then 'E7' end]) as flags,
    case when error is not null then ['R3'] else rules([
        case when uscc is null then 'R2' end,
        case when entity_name is null or entity_type is null or status is null or updated_text is null then 'R1' end,
        case when unread(established_text, established_on) or unread(approved_text, approved_on)
            or unread(cancelled_text, cancelled_on) or unread(revoked_text, revoked_on) or unread(delta_text, delta_no)
            or unread(updated_text, updated_at) then 'T1' end,
        case when bad_uscc(uscc) then 'E1' end,
        case when status not in (select source_value from word where scheme = 'entity_status')
            or entity_type not in (select source_value from word where scheme = 'entity_type') then 'E2' end,
        case when cancelled_on < established_on or revoked_on < established_on then 'E3' end,
        case when (status = '注销') <> (cancelled_on is not null) then 'E3b' end
    ]) end as bad
from typed
)
select * exclude (r, error), case when len(bad) > 0 then coalesce(to_json(error), to_json(r)) end as raw from judged;

-- Penalties of both layouts, gathered under the names of the new one.
create table penalty_judged as
with text as (
    select p.batch, p.business_date, p.file_name, line, error, t as r, clean(CF_WSH) as doc_no,
        fold(CF_CFJGDM) as authority_code, clean(CF_CFJG) as authority_name, clean(CF_XDR_MC) as party_name,
        clean(CF_XDR_LB) as party_type, fold(CF_XDR_SHXYM) as party_uscc, clean(CF_XDR_ZJLX) as party_id_type,
        fold(CF_XDR_ZJHM) as party_person_id, clean(CF_FRDB) as legal_rep_name, clean(CF_WFXW) as violation_type,
        clean(CF_SY) as fact, clean(CF_YJ) as basis, clean(CF_CFLB) as category, clean(CF_CFLB2) as category_2,
        clean(CF_NR) as content, fold(CF_NR_FK) as fine_text, fold(CF_NR_WFFF) as confiscated_text,
        clean(CF_NR_ZKDX) as licence_action, fold(CF_JDRQ) as decided_text,
        case when fold(CF_YXQ) not in ('长期', '永久') then fold(CF_YXQ) end as to_text, fold(CF_GSJZQ) as until_text,
        clean(CF_SXCD) as severity, fold(CF_AYDM) as item_code, fold(CF_AJH) as case_no, clean(CF_SJLY) as source_org,
        clean(CF_ZT) as state, clean(BZ) as remark, fold(SJC) as published_text
    from penalty_text t join piece p using (piece)
),
typed as (
    select *, as_amount(fine_text) as fine_wan, as_amount(confiscated_text) as confiscated_wan,
        as_date(decided_text) as decided_on, as_date(to_text) as valid_to, as_date(until_text) as publish_until,
        as_time(published_text) as published_at,
        list_filter(string_split(replace(concat_ws(';', category, category_2), '；', ';'), ';'), lambda c: c <> '')
            as categories
    from text
),
judged as (
    select t.*,
        case when error is not null then ['R3'] else rules([
            case when doc_no is null or authority_code is null then 'R2' end,
            case when t.authority_name is null or party_name is null or category is null or decided_text is null
                or published_text is null then 'R1' end,
            case when unread(fine_text, fine_wan) or unread(confiscated_text, confiscated_wan)
                or unread(decided_text, decided_on) or unread(to_text, t.valid_to)
                or unread(until_text, publish_until) or unread(published_text, published_at) then 'T1' end,
            case when bad_uscc(party_uscc) then 'X1' end,
            case when party_uscc is null and party_person_id is null then 'X1b' end,
            case when bad_doc_no(doc_no) then 'X2' end,
            case when not list_has_all((select list(source_value) from word where scheme = 'penalty_category'),
                categories) then 'X4' end,
            case when party_type not in (select source_value from word where scheme = 'party_type') then 'X4b' end,
            case when holds_identity(concat_ws(' ', party_name, party_uscc, violation_type, fact, content)) then 'X7' end,
            case when decided_on < date '2000-01-01' or decided_on > business_date then 'X8' end,
            case when t.item_code is not null and i.item_code is null then 'C1' end,
            case when fine_wan > 0 and fine_wan * 100 > i.max_fine_yuan then 'C2b' end,
            case when severity not in (select source_value from word where scheme = 'credit_severity') then 'C3' end
        ]) end as bad,
        rules([
            case when cast(published_at as date) > decided_on + 9
                and p.work_days_before + cast(p.is_working as integer)
                    - d.work_days_before - cast(d.is_working as integer) > 7 then 'X6' end,
            case when fine_wan > 0 and (fine_wan * 10000 < i.min_fine_yuan
                or (fine_wan * 10000 > i.max_fine_yuan and fine_wan * 100 <= i.max_fine_yuan)) then 'C2' end,
            case when abs(try_cast(nullif(regexp_extract(content, '罚款(?:人民币)?([0-9.]+)元', 1), '')
                as decimal(18, 2)) - fine_wan * 10000) > 0.01 then 'C5' end
        ]) as flags
    from typed t
    left join enforcement_item i on i.item_code = t.item_code
        and decided_on between i.valid_from and coalesce(i.valid_to, date '9999-12-31')
    left join base_calendar d on d.day = decided_on
    left join base_calendar p on p.day = cast(published_at as date)
)
select batch, business_date, file_name, line, doc_no, authority_code, authority_name, party_name, party_type, party_uscc,
    party_id_type, party_person_id, legal_rep_name, violation_type, fact, basis, category, category_2, content, fine_wan,
    confiscated_wan, licence_action, decided_on, valid_to, publish_until, severity, item_code, case_no, source_org, state,
    remark, published_at, flags, bad, case when len(bad) > 0 then coalesce(to_json(error), to_json(r)) end as raw
from judged;

create table repair_judged as
with text as (
    select p.batch, p.business_date, p.file_name, line, error, t as r, fold("修复编号") as repair_id,
        clean("处罚决定书文号") as doc_no, fold("处罚机关代码") as authority_code, fold("统一社会信用代码") as party_uscc,
        clean("相对人名称") as party_name, fold("处罚决定日期") as penalty_text, clean("失信程度") as severity,
        fold("申请日期") as applied_text, clean("义务履行完毕") as obligations_done, clean("修复决定") as decision,
        fold("决定日期") as decided_text, fold("决定单位代码") as decide_org, fold("生效时间") as effect_text,
        fold("更新时间") as updated_text
    from repair_text t join piece p using (piece)
),
typed as (
    select *, as_date(penalty_text) as penalty_decided_on, as_date(applied_text) as applied_on,
        as_date(decided_text) as decided_on, as_time(effect_text) as effect_at, as_time(updated_text) as updated_at
    from text
),
judged as (
select r, error, batch, business_date, file_name, line, repair_id, t.doc_no, t.authority_code, party_uscc, party_name,
    penalty_decided_on, t.severity, applied_on, obligations_done, decision, decided_on, decide_org, effect_at, updated_at,
    rules([
        case when decided_on is not null and not exists (
            select 1 from penalty_judged p where len(p.bad) = 0 and p.batch <= t.batch
            and p.business_date <= t.business_date and p.authority_code = t.authority_code
            and normal_doc_no(p.doc_no) = normal_doc_no(t.doc_no)) then 'K4a' end
    ]) as flags,
    case when error is not null then ['R3'] else rules([
        case when repair_id is null then 'R2' end,
        case when t.doc_no is null or applied_text is null or updated_text is null then 'R1' end,
        case when unread(penalty_text, penalty_decided_on) or unread(applied_text, applied_on)
            or unread(decided_text, decided_on) or unread(effect_text, effect_at) or unread(updated_text, updated_at)
            then 'T1' end,
        case when decision = '准予修复' and exists (
            select 1 from publicity_rule r join word w on w.scheme = 'credit_severity' and w.code = r.severity
            where w.source_value = t.severity and decided_on >= r.valid_from
            and decided_on <= coalesce(r.valid_to, date '9999-12-31')
            and decided_on < penalty_decided_on + to_months(r.min_months)) then 'K4b' end,
        case when decide_org <> t.authority_code then 'K4c' end,
        case when decision not in (select source_value from word where scheme = 'repair_decision')
            or t.severity not in (select source_value from word where scheme = 'credit_severity') then 'K4d' end,
        case when decided_on < applied_on then 'K4e' end,
        case when bad_uscc(party_uscc) then 'X1' end
    ]) end as bad
from typed t
)
select * exclude (r, error), case when len(bad) > 0 then coalesce(to_json(error), to_json(r)) end as raw from judged;

create table record_judged as
with text as (
    select p.batch, p.business_date, p.file_name, line, error, t as r, fold("记录编号") as record_id,
        fold("主体标识") as subject_key, clean("主体名称") as subject_name, clean("信息类别") as info_kind,
        clean("事实摘要") as fact_summary, fold("认定日期") as determined_text, clean("认定单位") as determine_org,
        clean("失信程度") as severity, fold("保存期限至") as expires_text, clean("来源表") as source_table,
        clean("来源主键") as source_id, clean("状态") as state
    from record_text t join piece p using (piece)
),
typed as (select *, as_date(determined_text) as determined_on, as_date(expires_text) as expires_on from text),
judged as (
select r, error, batch, business_date, file_name, line, record_id, subject_key, subject_name, info_kind, fact_summary,
    determined_on, determine_org, severity, expires_on, source_table, source_id, state,
    rules([
        case when info_kind = '失信' and expires_on > determined_on + to_years(5) then 'K3' end,
        case when determine_org not in (select alias from organisation_alias) then 'K7' end
    ]) as flags,
    case when error is not null then ['R3'] else rules([
        case when record_id is null then 'R2' end,
        case when info_kind is null or determined_text is null or state is null then 'R1' end,
        case when unread(determined_text, determined_on) or unread(expires_text, expires_on) then 'T1' end,
        case when subject_key is null or not regexp_full_match(subject_key, '[0-9A-HJ-NPQRTUWXY]{18}|P[0-9a-f]{32}')
            then 'K1' end,
        case when info_kind not in (select source_value from word where scheme = 'info_kind')
            or severity not in (select source_value from word where scheme = 'credit_severity')
            or state not in (select source_value from word where scheme = 'credit_state') then 'K6' end
    ]) end as bad
from typed
)
select * exclude (r, error), case when len(bad) > 0 then coalesce(to_json(error), to_json(r)) end as raw from judged;

insert into held
select 'credit', batch, 'K2' from record_judged group by batch
having count(*) filter (where regexp_matches(fact_summary, '宗教信仰|基因|指纹|血型|疾病史')) > 0;

-- The weekly list is complete: what is missing from the next one was withdrawn.
create table record_removed as
with snapshot as (
    select batch, business_date, row_number() over (order by batch) as number
    from (select batch, business_date, bool_or(record_id is null) as is_spoiled,
                 max(business_date) over (order by batch rows unbounded preceding) as newest
          from record_judged group by batch, business_date)
    where business_date = newest and not is_spoiled
),
present as (select distinct record_id, s.number from record_judged j join snapshot s using (batch))
select record_id, s.batch, s.business_date
from (select *, lead(number, 1, 2147483647) over (partition by record_id order by number) as next_number from present)
    as present
join snapshot s on s.number = present.number + 1
where next_number > present.number + 1;

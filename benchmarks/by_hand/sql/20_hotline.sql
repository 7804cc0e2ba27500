-- Tickets: pages of JSON, judged row by row.
create table ticket_judged as
with record as (
    select p.batch, p.business_date, p.file_name, unnest(f.items) as r, generate_subscripts(f.items, 1) as line
    from read_json(getvariable('ticket_files'), filename = true, columns = {items: 'STRUCT(
        "工单编号" VARCHAR, "主单编号" VARCHAR, "来电渠道" VARCHAR, "诉求类型" VARCHAR, "一级分类" VARCHAR, "二级分类" VARCHAR,
        "三级分类" VARCHAR, "标题" VARCHAR, "诉求内容" VARCHAR, "诉求人" VARCHAR, "联系电话" VARCHAR, "事发时间" VARCHAR,
        "受理时间" VARCHAR, "派单时间" VARCHAR, "签收时间" VARCHAR, "首次联系时间" VARCHAR, "办理时限" VARCHAR, "办结时间" VARCHAR,
        "归档时间" VARCHAR, "首接单位" VARCHAR, "承办单位" VARCHAR, "行政区" VARCHAR, "街道乡镇" VARCHAR, "社区村" VARCHAR,
        "事发地址" VARCHAR, "经度" VARCHAR, "纬度" VARCHAR, "紧急程度" VARCHAR, "工单状态" VARCHAR, "重开次数" VARCHAR,
        "是否重复" VARCHAR, "剔除原因" VARCHAR, "更新时间" VARCHAR)[]'}) f
    join piece p on p.path = f.filename and p.tbl = 'ticket'
),
text as (
    select batch, business_date, file_name, line, r, fold(r.工单编号) as ticket_no, fold(r.主单编号) as master_no,
        clean(r.来电渠道) as channel, clean(r.诉求类型) as ticket_type, clean(r.一级分类) as class_l1,
        clean(r.二级分类) as class_l2, clean(r.三级分类) as class_l3, clean(r.标题) as title, clean(r.诉求内容) as content,
        clean(r.诉求人) as caller_name, fold(r.联系电话) as caller_phone, fold(r.事发时间) as event_text,
        fold(r.受理时间) as accept_text, fold(r.派单时间) as dispatch_text, fold(r.签收时间) as sign_text,
        fold(r.首次联系时间) as contact_text, fold(r.办理时限) as limit_text, fold(r.办结时间) as finish_text,
        fold(r.归档时间) as archive_text, clean(r.首接单位) as first_org, clean(r.承办单位) as undertake_org,
        clean(r.行政区) as district, clean(r.街道乡镇) as street, clean(r.社区村) as community, clean(r.事发地址) as address,
        fold(r.经度) as lon_text, fold(r.纬度) as lat_text, clean(r.紧急程度) as urgency, clean(r.工单状态) as status,
        fold(r.重开次数) as reopen_text, fold(r.是否重复) as repeat_text, clean(r.剔除原因) as excluded_reason,
        fold(r.更新时间) as updated_text
    from record
),
typed as (
    select *, as_time(event_text) as event_time, as_time(accept_text) as accept_time,
        as_time(dispatch_text) as dispatch_time, as_time(sign_text) as sign_time,
        as_time(contact_text) as first_contact_time, as_time(limit_text) as limit_at,
        as_time(finish_text) as finish_time, as_time(archive_text) as archive_time, as_double(lon_text) as lon,
        as_double(lat_text) as lat, as_integer(reopen_text) as reopen_count, as_boolean(repeat_text) as is_repeat,
        as_time(updated_text) as updated_at
    from text
),
judged as (
    select *,
        rules([
            case when ticket_no is null then 'R2' end,
            case when channel is null or ticket_type is null or class_l1 is null or accept_text is null
                or urgency is null or status is null or updated_text is null then 'R1' end,
            case when unread(event_text, event_time) or unread(accept_text, accept_time)
                or unread(dispatch_text, dispatch_time) or unread(sign_text, sign_time)
                or unread(contact_text, first_contact_time) or unread(limit_text, limit_at)
                or unread(finish_text, finish_time) or unread(archive_text, archive_time) or unread(lon_text, lon)
                or unread(lat_text, lat) or unread(reopen_text, reopen_count) or unread(repeat_text, is_repeat)
                or unread(updated_text, updated_at) then 'T1' end,
            case when not regexp_full_match(ticket_no, '[0-9]{15}(-[0-9]{2})?') then 'H1' end,
            case when dispatch_time < accept_time - interval 60 second then 'H2a' end,
            case when first_contact_time < dispatch_time - interval 60 second then 'H2b' end,
            case when finish_time < coalesce(first_contact_time, dispatch_time) - interval 60 second then 'H2c' end,
            case when archive_time < finish_time - interval 60 second then 'H2d' end,
            case when least(event_time, accept_time, dispatch_time, sign_time, first_contact_time, finish_time,
                archive_time) < timestamp '2000-01-01' or greatest(event_time, accept_time, dispatch_time, sign_time,
                first_contact_time, finish_time, archive_time) >= business_date + interval 1 day then 'H3' end,
            case when channel not in (select source_value from word where scheme = 'hotline_channel') then 'H4a' end,
            case when ticket_type not in (select source_value from word where scheme = 'hotline_type') then 'H4b' end,
            case when concat_ws('/', class_l1, class_l2, class_l3)
                not in (select source_value from word where scheme = 'hotline_class') then 'H4c' end,
            case when urgency not in (select source_value from word where scheme = 'urgency')
                or status not in (select source_value from word where scheme = 'hotline_status') then 'H4d' end,
            case when first_org not in (select alias from organisation_alias)
                or undertake_org not in (select alias from organisation_alias) then 'H5' end,
            case when lon not between 122.50 and 123.30 or lat not between 34.20 and 34.80 then 'H8' end,
            case when (finish_time is not null) <> (status in ('已办结', '已归档')) then 'H9' end
        ]) as bad,
        rules([
            case when not regexp_full_match(caller_phone, '1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}') then 'H7' end,
            case when (urgency, date_diff('minute', dispatch_time, limit_at)) not in (
                select w.source_value, cast(t.limit_value * 60 as bigint) from time_limit t
                join word w on w.scheme = 'urgency' and w.code = t.severity where t.class_code = 'HOTLINE')
                then 'H12' end,
            case when excluded_reason not in (select source_value from word where scheme = 'hotline_excluded_reason')
                then 'H15' end
        ]) as flags
    from typed
)
select batch, business_date, file_name, line, ticket_no, master_no, channel, ticket_type, class_l1, class_l2, class_l3,
    title, content, caller_name, caller_phone, event_time, accept_time, dispatch_time, sign_time, first_contact_time,
    limit_at, finish_time, archive_time, first_org, undertake_org, district, street, community, address, lon, lat,
    urgency, status, reopen_count, is_repeat, excluded_reason, updated_at, flags, bad,
    case when len(bad) > 0 then to_json(r) end as raw
from judged;

-- A day on which more than one street in twenty is unknown is held whole.
insert into held
select 'hotline', batch, 'H14' from ticket_judged group by batch
having count(street) >= 100
    and avg(cast(street not in (select name from division where level = 4) as integer)) > 0.05;

create table visit_judged as
with record as (
    select p.batch, p.business_date, p.file_name, unnest(f.items) as r, generate_subscripts(f.items, 1) as line
    from read_json(getvariable('visit_files'), filename = true, columns = {items: 'STRUCT(
        "工单编号" VARCHAR, "回访序号" VARCHAR, "回访时间" VARCHAR, "回访方式" VARCHAR, "是否接通" VARCHAR, "解决情况" VARCHAR,
        "满意度" VARCHAR, "回访意见" VARCHAR, "更新时间" VARCHAR)[]'}) f
    join piece p on p.path = f.filename and p.tbl = 'visit'
),
text as (
    select batch, business_date, file_name, line, r, fold(r.工单编号) as ticket_no, fold(r.回访序号) as visit_text,
        fold(r.回访时间) as time_text, clean(r.回访方式) as method, fold(r.是否接通) as reached_text,
        clean(r.解决情况) as resolved, clean(r.满意度) as satisfied, clean(r.回访意见) as comment,
        fold(r.更新时间) as updated_text
    from record
),
typed as (
    select *, as_integer(visit_text) as visit_no, as_time(time_text) as visit_time,
        as_boolean(reached_text) as is_reached, as_time(updated_text) as updated_at
    from text
),
-- Of the ticket: whether it had come by then, and whether some state of it was finished before the call.
known as (
    select v.file_name, v.batch, v.line, true as has_ticket,
        bool_or(coalesce(t.finish_time <= v.visit_time + interval 60 second, false)) as was_finished
    from typed v join ticket_judged t on t.ticket_no = v.ticket_no and t.batch <= v.batch and len(t.bad) = 0
        and t.batch not in (select batch from held where feed = 'hotline')
    group by v.file_name, v.batch, v.line
),
judged as (
select r, v.batch, v.business_date, v.file_name, v.line, ticket_no, visit_no, visit_time, method, is_reached, resolved,
    satisfied, comment, updated_at, []::varchar[] as flags,
    rules([
        case when ticket_no is null or visit_text is null then 'R2' end,
        case when time_text is null or method is null or reached_text is null or updated_text is null then 'R1' end,
        case when unread(visit_text, visit_no) or unread(time_text, visit_time) or unread(reached_text, is_reached)
            or unread(updated_text, updated_at) then 'T1' end,
        case when visit_time < timestamp '2000-01-01' or visit_time >= v.business_date + interval 1 day then 'H3' end,
        case when method not in (select source_value from word where scheme = 'visit_method')
            or resolved not in (select source_value from word where scheme = 'visit_resolved')
            or satisfied not in (select source_value from word where scheme = 'visit_satisfied') then 'H4' end,
        case when ticket_no is not null and k.has_ticket is null then 'H13' end,
        case when k.has_ticket and not k.was_finished then 'H13' end
    ]) as bad
from typed v left join known k on k.batch = v.batch and k.file_name = v.file_name and k.line = v.line
)
select * exclude (r), case when len(bad) > 0 then to_json(r) end as raw from judged;

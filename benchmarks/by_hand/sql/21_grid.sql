-- Cases: delivered as text and as workbooks in two layouts, gathered as texts in case_text.
create table case_judged as
with text as (
    select p.batch, p.business_date, p.file_name, line, error, t as r,
        fold("任务号") as case_no, fold("上报时间") as report_text, clean("大类名称") as class_major,
        clean("小类名称") as class_minor, clean("问题类型") as case_kind, clean("问题来源") as source_channel,
        clean("问题描述") as description, clean("当前阶段名称") as stage, clean("处置部门") as handle_org,
        fold("捆绑处置截止时间") as bundled_text, fold("结案时间") as close_text, clean("所属片区") as area,
        clean("地址描述") as address, clean("所属街道") as street, clean("所属社区") as community,
        clean("监督员") as inspector, fold("处置截止时间") as deadline_text, fold("X坐标") as x_text,
        fold("Y坐标") as y_text, clean("所属区域") as district, clean("延期理由") as ext_reason,
        clean("处置意见") as handle_opinion, fold("单元网格") as grid_code, fold("延期次数") as ext_text,
        fold("部件标识码") as component_code, fold("立案时间") as file_text, fold("派遣时间") as dispatch_text,
        fold("处置时间") as handle_text, fold("反馈时间") as feedback_text, fold("核查时间") as verify_text,
        fold("返工次数") as rework_text, fold("更新时间") as updated_text
    from case_text t join piece p using (piece)
),
typed as (
    select *, as_time(report_text) as report_at, as_time(bundled_text) as bundled_deadline_at,
        as_time(close_text) as close_at, as_time(deadline_text) as deadline_at, as_double(x_text) as x,
        as_double(y_text) as y, as_integer(ext_text) as ext_count, as_time(file_text) as file_at,
        as_time(dispatch_text) as dispatch_at, as_time(handle_text) as handle_at, as_time(feedback_text) as feedback_at,
        as_time(verify_text) as verify_at, as_integer(rework_text) as rework_count, as_time(updated_text) as updated_at,
        concat_ws('/', case_kind, class_major, class_minor) as class_path
    from text
),
judged as (
    select *,
        case when error is not null then ['R3'] else rules([
            case when case_no is null then 'R2' end,
            case when report_text is null or class_major is null or class_minor is null or case_kind is null
                or stage is null or updated_text is null then 'R1' end,
            case when unread(report_text, report_at) or unread(bundled_text, bundled_deadline_at)
                or unread(close_text, close_at) or unread(deadline_text, deadline_at) or unread(x_text, x)
                or unread(y_text, y) or unread(ext_text, ext_count) or unread(file_text, file_at)
                or unread(dispatch_text, dispatch_at) or unread(handle_text, handle_at)
                or unread(feedback_text, feedback_at) or unread(verify_text, verify_at)
                or unread(rework_text, rework_count) or unread(updated_text, updated_at) then 'T1' end,
            -- A workbook keeps six digits of a long number: zeros at the end are a number that was damaged.
            case when not regexp_full_match(case_no, '[0-9]{14,15}')
                or (file_name like '%.xlsx' and regexp_full_match(case_no, '[1-9][0-9]{0,5}0{6,14}')) then 'G1' end,
            case when class_path not in (select source_value from word where scheme = 'grid_class') then 'G2' end,
            case when file_at < report_at or dispatch_at < file_at or handle_at < dispatch_at
                or feedback_at < handle_at or verify_at < feedback_at or close_at < verify_at then 'G3' end,
            case when report_at < timestamp '2000-01-01' or greatest(report_at, file_at, dispatch_at, handle_at,
                feedback_at, verify_at, close_at) >= business_date + interval 1 day then 'G3b' end,
            case when grid_code is not null and not exists (from base_grid_cell c
                where c.grid_code = grid_code_15(typed.grid_code)
                and cast(report_at as date) between c.valid_from and c.valid_to) then 'G4' end,
            case when x not between 13636000 and 13728000 or y not between 4031000 and 4116000 then 'G7' end,
            case when close_at is not null and verify_at is null then 'G9' end
        ]) end as bad,
        rules([
            case when source_channel not in (select source_value from word where scheme = 'grid_source')
                or replace(stage, '[作废]', '') not in (select source_value from word where scheme = 'grid_stage')
                then 'G2b' end,
            case when length(grid_code) = 14 then 'G4b' end,
            case when case_kind = '部件' and (component_code is null
                or not regexp_full_match(component_code, '[0-9]{16}')
                or ('C' || substr(component_code, 7, 4), class_path)
                    not in (select (code, source_value) from word where scheme = 'grid_class')) then 'G6' end,
            case when ext_count > 0 and ext_reason is null then 'G10' end,
            case when handle_at < dispatch_at + interval 2 minute then 'G11' end,
            case when handle_org not in (select alias from organisation_alias) then 'G14' end
        ]) as flags
    from typed
)
select batch, business_date, file_name, line, case_no, report_at, class_major, class_minor, case_kind, source_channel,
    description, stage, handle_org, bundled_deadline_at, close_at, area, address, street, community, inspector,
    deadline_at, x, y, district, ext_reason, handle_opinion, grid_code, ext_count, component_code, file_at, dispatch_at,
    handle_at, feedback_at, verify_at, rework_count, updated_at, flags, bad,
    case when len(bad) > 0 then coalesce(to_json(error), to_json(r)) end as raw
from judged;

-- A day whose middle point lies outside the city came in other coordinates and is held whole.
insert into held
select 'grid', batch, 'G7b' from case_judged group by batch
having count(x) >= 20
    and (median(x) not between 13636000 and 13728000 or median(y) not between 4031000 and 4116000);

create table extension_judged as
with text as (
    select p.batch, p.business_date, p.file_name, line, error, t as r, fold("任务号") as case_no,
        fold("延期序号") as ext_text, fold("申请时间") as applied_text, clean("延期理由") as reason,
        clean("批准人") as approved_by, fold("新截止时间") as deadline_text, clean("申请类型") as asked,
        fold("挂账至") as hung_text
    from extension_text t join piece p using (piece)
),
typed as (
    select *, as_integer(ext_text) as ext_no, as_time(applied_text) as applied_at,
        as_time(deadline_text) as new_deadline_at, as_time(hung_text) as hung_to
    from text
),
judged as (
select r, error, batch, business_date, file_name, line, case_no, ext_no, applied_at, reason, approved_by, new_deadline_at,
    asked, hung_to, []::varchar[] as flags,
    case when error is not null then ['R3'] else rules([
        case when case_no is null or ext_text is null then 'R2' end,
        case when applied_text is null then 'R1' end,
        case when unread(ext_text, ext_no) or unread(applied_text, applied_at)
            or unread(deadline_text, new_deadline_at) or unread(hung_text, hung_to) then 'T1' end,
        case when not regexp_full_match(case_no, '[0-9]{14,15}') then 'G1' end,
        case when applied_at < timestamp '2000-01-01' or applied_at >= business_date + interval 1 day then 'G3b' end,
        case when coalesce(asked, '延期') = '延期' and applied_at is not null
            and coalesce(new_deadline_at <= applied_at, true) then 'G10b' end,
        case when asked not in ('延期', '挂账', '回退') or hung_to <= applied_at then 'G10c' end
    ]) end as bad
from typed
)
select * exclude (r, error), case when len(bad) > 0 then coalesce(to_json(error), to_json(r)) end as raw from judged;

create table rework_judged as
with text as (
    select p.batch, p.business_date, p.file_name, line, error, t as r, fold("任务号") as case_no,
        fold("返工序号") as rework_text, fold("返工时间") as returned_text, clean("返工原因") as reason,
        clean("核查人") as returned_by
    from rework_text t join piece p using (piece)
),
typed as (select *, as_integer(rework_text) as rework_no, as_time(returned_text) as returned_at from text),
judged as (
select r, error, batch, business_date, file_name, line, case_no, rework_no, returned_at, reason, returned_by,
    []::varchar[] as flags,
    case when error is not null then ['R3'] else rules([
        case when case_no is null or rework_text is null then 'R2' end,
        case when returned_text is null then 'R1' end,
        case when unread(rework_text, rework_no) or unread(returned_text, returned_at) then 'T1' end,
        case when not regexp_full_match(case_no, '[0-9]{14,15}') then 'G1' end,
        case when returned_at < timestamp '2000-01-01' or returned_at >= business_date + interval 1 day then 'G3b' end
    ]) end as bad
from typed
)
select * exclude (r, error), case when len(bad) > 0 then coalesce(to_json(error), to_json(r)) end as raw from judged;

create table overtime_judged as
with text as (
    select p.batch, p.business_date, p.file_name, line, error, t as r, fold("任务号") as case_no,
        fold("超时时间") as listed_text, clean("处置部门") as handle_org, clean("超时说明") as reason
    from overtime_text t join piece p using (piece)
),
typed as (select *, as_time(listed_text) as listed_at from text),
judged as (
select r, error, batch, business_date, file_name, line, case_no, listed_at, handle_org, reason, []::varchar[] as flags,
    case when error is not null then ['R3'] else rules([
        case when case_no is null or listed_text is null then 'R2' end,
        case when unread(listed_text, listed_at) then 'T1' end,
        case when not regexp_full_match(case_no, '[0-9]{14,15}') then 'G1' end,
        case when listed_at < timestamp '2000-01-01' or listed_at >= business_date + interval 1 day then 'G3b' end
    ]) end as bad
from typed
)
select * exclude (r, error), case when len(bad) > 0 then coalesce(to_json(error), to_json(r)) end as raw from judged;

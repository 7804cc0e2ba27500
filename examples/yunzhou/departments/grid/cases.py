"""Grid cases: drawn by the day they are reported, told as what each daily export shows of them."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from departments import geo
from departments.chance import planted, text_list, weighted
from departments.grid import plays
from departments.places import spoken
from departments.scales import Scale

SAID, SAID_WAY = spoken("at_k", "a")
LOOKBACK_DAYS = 45  # no case changes later than this after its report
HOURS = [7, 8, 8, 9, 9, 9, 10, 10, 10, 11, 13, 14, 14, 14, 15, 15, 16, 16, 17, 18]
REASONS = ["工程量大，需申请资金", "天气原因无法施工", "权属单位协调中", "备件采购中"]
OPINIONS = ["已清理完毕", "已通知权属单位处置", "现场已恢复", "已劝离，加强巡查"]
MOMENTS = "[report, file, dispatch, extended, handle_1, returned, handle, feedback, verify, close]"
CONDITIONS = {
    "G3": "dispatched is not null", "G3b": "closed is not null", "G6": "kind = '部件'", "G9": "closed is not null",
    "G10": "extensions > 0", "G11": "handled is not null", "G14": "dispatched is not null", "R3": "textual",
}  # fmt: skip


def create_cases(con: duckdb.DuckDBPyConnection, scale: Scale, since: str, until: str) -> None:
    """Creates table grid_case: one row per case reported on the days `since` to `until`, with its whole life.

    Column `play` names what is played with a case (see departments.grid.plays), NULL for most.
    """
    con.execute("drop table if exists grid_case")
    con.execute(f"""
        create table grid_case as
        with numbered as (
            select d.day, d.ordinal, d.ordinal * 1000000 + r.n as k, r.n, {plays.PLAY} as play
            from day d, unnest(range(1, d.cases + 1)) r(n) where d.day between '{since}' and '{until}'),
        drawn as (
            select *, case when play in ('hot', 'standing') then '事件' when u(k, 'kind') < 0.22 then '部件' else '事件' end as kind,
                   {plays.STANDPOINT} as at_k,
                   case when play = 'hot' then {plays.HOT_CELL}
                        else cast(floor(u(at_k, 'cell') * (select count(*) from cell)) as bigint) end as cell_i,
                   {weighted("u(k, 'source')", {"'监督员上报'": 66, "'采集员'": 8, "'热线12345'": 12, "'智能识别'": 9, "'媒体网络'": 2, "'上级批件'": 1, "'其他问题上报'": 2})} as source,
                   cast(day as timestamp) + seconds(case when play = 'hot' then 3600 * ({plays.HOT_HOUR} + u(k, 'minute'))
                       else 3600 * pick({HOURS}, at_k, 'hour') + 3600 * u(at_k, 'minute') + {plays.DELAY} end) as report,
                   play is null and u(k, 'void') < 0.02 as is_void,
                   case when u(k, 'slow') < 0.88 then span(k, 'pace', 0.08, 0.95) else span(k, 'pace', 1.05, 2.2) end as pace
            from numbered),
        classed as (
            select d.* replace (coalesce(p.cell_i, d.cell_i) as cell_i), p.component_code as part_code, p.lon as part_lon, p.lat as part_lat,
                   c.code, c.names, c.limit_value, c.limit_unit, report + seconds(span(k, 'file', 300, 3600)) as file
            from drawn d join class c on substr(c.code, 1, 1) = case when d.kind = '部件' then 'C' else 'E' end
             and case when play = 'hot' then c.code = '{plays.HOT_CLASS}' and c.names[1] = d.kind
                      else c.i = cast(floor(pow(u(k, 'class'), 1.5) * (select count(*) from class x
                                  where substr(x.code, 1, 1) = case when d.kind = '部件' then 'C' else 'E' end)) as bigint) end
            left join class_size z on z.class_code = c.code
            left join component p on p.class_code = c.code and p.class_n = cast(floor(u(at_k, 'component') * z.components) as bigint)),
        sent as (
            select *, file + seconds(span(k, 'dispatch', 180, 1800)) as dispatch,
                   limit_value * case limit_unit when 'work_day' then 480 else 60 end as minutes from classed),
        clocked as (
            select s.*, w.before + case when w.working then work_of_day(minute_of_day(dispatch)) else 0 end as start
            from sent s join workday w on w.day = cast(s.dispatch as date)),
        due as (
            select c.*, case when limit_unit = 'hour' then dispatch + seconds(60 * minutes)
                             else work_clock(a.day, start + minutes - a.before) end as deadline,
                   case when limit_unit = 'hour' then dispatch + seconds(60 * minutes * pace)
                        else work_clock(b.day, start + minutes * pace - b.before) end as handle_1
            from clocked c join worked a on a.before = floor((start + minutes - 0.001) / 480) * 480
            join worked b on b.before = floor((start + minutes * pace - 0.001) / 480) * 480),
        reworked as (
            select *, case when u(k, 'fail') < 0.06 then handle_1 + seconds(span(k, 'check', 2400, 18000)) end as returned,
                   case when pace > 1 and limit_unit = 'work_day' and u(k, 'ext') < 0.35
                        then deadline - seconds(span(k, 'ask', 1800, 10000)) end as extended
            from due),
        handled as (
            select *, case when returned is null then handle_1
                           else returned + seconds(span(k, 'redo', 3600, 30000)) end as handle from reworked),
        fed as (select *, handle + seconds(span(k, 'feedback', 120, 1800)) as feedback from handled),
        verified as (select *, feedback + seconds(span(k, 'verify', 600, 14400)) as verify from fed),
        closed as (select *, verify + seconds(span(k, 'close', 120, 3600)) as close from verified)
        select * replace ({plays.REPLACED}),
               case when extended is not null and play is distinct from 'outside'
                    then deadline + to_days(cast(limit_value as integer)) end as new_deadline,
               case when play = 'hang' then dispatch + 0.2 * (handle_1 - dispatch) end as hung_from,
               case when play = 'hang' then dispatch + 0.8 * (handle_1 - dispatch) end as hung_to,
               case when play = 'misrouted' then file + 0.5 * (dispatch - file) end as misrouted,
               case when play = 'clone' then k - 1 else k end as photo_k
        from closed""")


def create_exports(con: duckdb.DuckDBPyConnection, rates: Mapping[str, float], since: str, until: str) -> None:
    """Creates table export: what the exports of the days `since` to `until` say, one row per case and changed day.

    Needs table drop_day(day, textual): whether the export of a day is text (only text can be malformed).
    """
    con.execute("drop table if exists export")
    con.execute(f"""
        create table export as
        with shown as (
            select *, unnest(list_distinct(list_transform(case when is_void then [report, file] else {MOMENTS} end,
                                                         lambda m: cast(m as date)))) as seen_on
            from grid_case),
        cut as (
            select s.*, p.textual, cast(seen_on + 1 as timestamp) as night from shown s join drop_day p on p.day = s.seen_on
            where seen_on between '{since}' and '{until}'),
        states as (
            select *, k * 64 + date_diff('day', day, seen_on) as vk, case when file < night then file end as filed,
                   case when dispatch < night and not is_void then dispatch end as dispatched,
                   case when is_void then null when returned is not null and handle < night then handle
                        when handle_1 < night then handle_1 end as handled,
                   case when is_void then null when feedback < night then feedback
                        when returned is not null and handle_1 + interval 20 minute < night
                         and (handle >= night) then handle_1 + interval 20 minute end as fed,
                   case when verify < night and not is_void then verify end as verified,
                   case when close < night and not is_void then close end as closed,
                   case when extended < night and not is_void then 1 else 0 end as extensions,
                   case when returned < night and not is_void then 1 else 0 end as returns,
                   list_max(list_filter(case when is_void then [report, file] else {MOMENTS} end, lambda m: m < night)) as updated_at
            from cut)
        select *, case when closed is not null then '核查结案' when handled is not null and returns = 0 then '处理反馈'
                       when handled is not null and handled > returned then '处理反馈'
                       when dispatched is not null then '任务处理' when filed is not null then '案卷建立'
                       else '信息收集' end as stage,
               {planted("vk", "case", rates, CONDITIONS)} as defect
        from states""")


def create_rows(con: duckdb.DuckDBPyConnection) -> None:
    """Creates table case_row: the export rows under the names of the contract, text as delivered, defects planted."""
    time = "strftime({}, '%Y-%m-%d %H:%M:%S')".format
    con.execute("drop table if exists case_row")
    con.execute(f"""
        create table case_row as
        with repeated as (
            select *, unnest(case when defect in ('D1', 'DUP') then [0, 1] else [0] end) as copy, coalesce(defect, '') as d
            from export),
        placed as (
            select r.*, c.grid_code, c.district, c.street, c.community, c.district_code, o.name as office,
                   b.name as branch, b.former as branch_former,
                   coalesce(round(part_lon + span(at_k, 'x', -0.00002, 0.00002), 7),
                            round(c.lon + span(at_k, 'x', -0.3, 0.3) * c.side_m / 92000, 7)) as lon,
                   coalesce(round(part_lat + span(at_k, 'y', -0.00002, 0.00002), 7),
                            round(c.lat + span(at_k, 'y', -0.3, 0.3) * c.side_m / 111320, 7)) as lat,
                   {SAID} as said, {SAID_WAY} as said_way, a.address_id as said_id
            from repeated r join cell c on c.i = r.cell_i
            join address a on a.i = r.cell_i * addresses_a_cell() + cast(floor(u(at_k, 'address') * addresses_a_cell()) as bigint) join org o on o.org_code = c.street_org
            join org b on b.org_code = 'YZ-' || substr(c.district_code, 5, 2) || '-' || pick(['CGJ', 'ZJJ', 'HBJ'], k, 'branch')),
        measured as ({geo.mercator("placed")}),
        named as (
            select *, strftime(day, '%Y%m%d') || lpad(cast(n as varchar), 7, '0') as number,
                   case when u(k, 'who') < 0.45 then office when u(vk, 'old') < 0.06 then coalesce(branch_former, branch)
                        else branch end as handler,
                   coalesce(part_code, district_code || substr(code, 2) || '999999') as component
            from measured)
        select k, vk, copy, seen_on, defect, updated_at as version_at,
               case d when 'G1' then substr(number, 1, 1) || '.' || substr(number, 2, 5) || 'E+14' when 'R2' then null else number end as case_no,
               {time("report")} as report_at, names[2] as class_major,
               case when d = 'G2' then '其它问题' else names[3] end as class_minor, kind as case_kind,
               case when d = 'G2b' then '群众反映' else source end as source_channel,
               case when u(k, 'masked') < 0.2 then 'AP' || strftime(day, '%Y') || '****' || right(number, 4) || '，' else '' end
                   || street || community || '，' || names[3] || case when u(k, 'talk') < 0.1 then '，联系人' || person(k, 'contact')
                   || mobile(k, 'phone') else '' end || case when d = 'D1' and copy = 1 then '（补充）' else '' end as description,
               case when d = 'R1' then null when is_void then '案卷建立[作废]' else stage end as stage,
               case when dispatched is null then null when d = 'G14' then '云州市第三方保洁公司' else handler end as handle_org,
               case when dispatched is not null then {time("deadline")} end as bundled_deadline_at,
               case when d = 'G3b' then {time("closed + to_years(178)")} else {time("closed")} end as close_at,
               case when u(k, 'area') < 0.7 then '片区' || pick(['一', '二', '三', '四'], k, 'part') end as area,
               said as address, said_way, said_id, street,
               case when u(k, 'blank') < 0.97 then community end as community,
               case when u(at_k, 'style') < 0.5 then '采集员' || person(at_k, 'inspector') else '【' || person(at_k, 'inspector') || '】' end as inspector,
               case when dispatched is not null then case when extensions > 0 then {time("new_deadline")} else {time("deadline")} end end as deadline_at,
               case when d = 'G7' then case when u(vk, 'wrong') < 0.4 then lon when u(vk, 'wrong') < 0.7 then 0.0
                    else round(mx + 300000, 2) end else round(mx, 2) end as x,
               case when d = 'T1' then '不详' when d = 'G7' then case when u(vk, 'wrong') < 0.4 then cast(lat as varchar)
                    when u(vk, 'wrong') < 0.7 then '0' else cast(round(my, 2) as varchar) end else cast(round(my, 2) as varchar) end as y,
               district, case when extensions > 0 and d <> 'G10' then pick({text_list(REASONS)}, k, 'reason') end as ext_reason,
               case when handled is not null then pick({text_list(OPINIONS)}, k, 'opinion') end as handle_opinion,
               case d when 'G4' then case when seen_on < date '2026-02-15' or u(vk, 'cell') < 0.5 then substr(grid_code, 1, 12) || '099'
                                          else pick((select list(grid_code order by grid_code) from retired_cell), vk, 'gone') end
                      when 'G4b' then substr(grid_code, 1, 12) || substr(grid_code, 14, 2) else grid_code end as grid_code,
               extensions as ext_count,
               case when kind = '部件' then case d when 'G6' then case when u(vk, 'lost') < 0.5 then substr(component, 1, 6) || '9999'
                    || substr(component, 11) end else component end end as component_code,
               {time("filed")} as file_at, case when d = 'G3' then {time("filed - interval 10 minute")} else {time("dispatched")} end as dispatch_at,
               case when d = 'G11' then {time("dispatched + interval 1 minute")} else {time("handled")} end as handle_at,
               {time("fed")} as feedback_at, case when d = 'G9' then null else {time("verified")} end as verify_at,
               returns as rework_count, {time("updated_at")} as updated_at,
               md5('photo ' || photo_k)[:16] as photo_hash
        from named""")

"""Hotline tickets: drawn by the day they come in, told as the list of their changes."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from departments.chance import planted, text_list, weighted
from departments.places import spoken

AGAIN_AFTER_DAYS = 3  # some call again about the same matter
LOOKBACK_DAYS = 40  # no ticket changes later than this after it came in
HOURS = [7, 8, 8, 9, 9, 9, 10, 10, 10, 11, 11, 12, 13, 14, 14, 15, 15, 15, 16, 16, 17, 17, 18, 19, 20, 21, 22, 23, 1, 4]
SAID, SAID_WAY = spoken("k", "a")
TEMPLATES = [
    "来电人{caller}反映：{place}存在{leaf}问题，已持续{days}天，影响居民生活。\n联系电话{phone}，请尽快处理。",
    "{caller}称，{place}附近{leaf}，此前向社区反映未果。\n\n诉求：1、现场核实；2、告知处理结果。\n电话：{phone}",
    '市民{caller}（{phone}）来电，"{leaf}"问题多次发生，地点在{place}，要求部门给出说法。',
    "{place},{leaf},请有关部门处理。回复请打{phone},找{caller}。",
    "关于{leaf}的诉求：{caller}表示{place}情况严重，附近学校、医院均受影响。\r\n请于{days}日内答复。",
]
EXCLUDED = ["测试工单", "重复诉求", "超出职权范围", "应走法定渠道", "无具体诉求"]
LIMIT_HOURS = "case urgency when '特急' then 2 when '紧急' then 24 when '一般' then 168 else 360 end"
CONDITIONS = {
    "H2b": "v >= 2 and contact is not null",
    "H2c": "finish is not null and contact is not null",
    "H2d": "archive is not null",
    "H8": "lon is not null",
    "H9": "finish is not null",
    "H10": "v = 4 and archive is not null",
    "D1": "v >= 2",
}


def create_tickets(con: duckdb.DuckDBPyConnection, since: str, until: str) -> None:
    """Creates table ticket: one row per ticket or sub-ticket that came in on the days `since` to `until`.

    `matter` is the key by which caller, class and place are drawn: that of the earlier call where one calls again.
    """
    con.execute("drop table if exists ticket")
    con.execute(f"""
        create table ticket as
        with numbered as (
            select d.day, d.ordinal * 1000000 + r.n as call, r.n
            from day d, unnest(range(1, d.tickets + 1)) r(n) where d.day between '{since}' and '{until}'),
        parts as (
            select *, unnest(case when u(call, 'split') < 0.03 then [1, 2] else [0] end) as part,
                   call - {AGAIN_AFTER_DAYS} * 1000000 as before from numbered),
        called as (
            select *, part = 0 and u(call, 'again') < 0.04 and u(before, 'split') >= 0.03 and u(before, 'again') >= 0.04 as again,
                   call + part * 250000 as k, case when again then before else k end as matter
            from parts),
        drawn as (
            select k, matter, again, day,
                   strftime(day, '%y%m%d') || lpad(cast(n as varchar), 9, '0') as base_no, part,
                   {weighted("u(call, 'urgency')", {"'特急'": 1, "'紧急'": 8, "'一般'": 86, "'复杂'": 5})} as urgency,
                   {weighted("u(call, 'type')", {"'咨询'": 18, "'求助'": 30, "'投诉'": 36, "'举报'": 8, "'建议'": 6, "'表扬'": 2})} as type,
                   {weighted("u(call, 'channel')", {"'电话'": 70, "'12345来电'": 6, "'微信'": 12, "'手机客户端'": 6, "'网站'": 4, "'信件'": 2})} as channel,
                   cast(floor(pow(u(matter, 'leaf'), 1.6) * (select count(*) from leaf)) as bigint) as leaf_i,
                   cast(floor(u(case when again then before else call end, 'cell') * (select count(*) from cell)) as bigint) as cell_i,
                   cast(floor(u(k, 'bureau') * (select count(*) from bureau)) as bigint) as bureau_i,
                   cast(day as timestamp) + seconds(3600 * pick({HOURS}, call, 'hour') + 3600 * u(call, 'minute')) as accept
            from called),
        timed as (
            select *, accept + seconds(case urgency when '特急' then span(k, 'go', 60, 900)
                       when '紧急' then span(k, 'go', 300, 3600) else span(k, 'go', 600, 14400) end) as dispatch,
                   {LIMIT_HOURS} as hours, case when urgency in ('特急', '紧急') then 2 else 24 end as contact_hours
            from drawn),
        worked as (
            select *, dispatch + seconds(3600 * contact_hours * case when u(k, 'slow') < 0.88
                       then span(k, 'contact', 0.03, 0.9) else span(k, 'contact', 1.05, 1.8) end) as contact,
                   type in ('求助', '投诉', '举报') and u(k, 'reopen') < 0.04 as reopened,
                   u(k, 'return') < 0.015 as returned
            from timed),
        done as (
            select *, greatest(contact + seconds(span(k, 'min', 900, 5400)), dispatch + seconds(3600 * hours
                       * case when u(k, 'late') < 0.9 then span(k, 'done', 0.05, 0.95) else span(k, 'done', 1.02, 1.3) end))
                       as finish_1
            from worked),
        again as (
            select *, finish_1 + seconds(span(k, 'again', 86400, 200000)) as reopen from done),
        last as (
            select *, reopen + seconds(3600 * (1 + hours * span(k, 'redo', 0.05, 0.5))) as finish_2 from again)
        select *, case when reopened then finish_2 else finish_1 end as last_finish,
               (case when reopened then finish_2 else finish_1 end) + seconds(span(k, 'archive', 86400, 240000)) as archived
        from last""")


def create_versions(
    con: duckdb.DuckDBPyConnection, rates: Mapping[str, float], since: str, until: str, first: str
) -> None:
    """Creates table version: the changes of the tickets on the days `since` to `until`, with the defect of each.

    Changes before the day `first` are not delivered, and no defect needs them.
    """
    con.execute("drop table if exists version")
    con.execute(f"""
        create table version as
        with steps as (
            select *, unnest(case when returned then [1, 7] when reopened then [1, 2, 3, 5, 6, 4] else [1, 2, 3, 4] end)
                      as step from ticket),
        told as (
            select * exclude (returned), k * 8 + step as vk,
                   case step when 1 then dispatch when 2 then contact when 3 then finish_1 when 4 then archived
                             when 5 then reopen when 6 then finish_2 else dispatch + interval 1 hour end as updated_at,
                   ['已派单', '处理中', '已办结', '已归档', '重开', '已办结', '退单'][step] as status
            from steps),
        states as (
            select * exclude (contact), case when step in (2, 3, 4, 5, 6) then contact end as contact,
                   case when step = 3 or (step = 4 and not reopened) then finish_1
                        when step in (4, 6) then finish_2 end as finish,
                   case when step = 4 then archived end as archive,
                   case when reopened and step in (4, 5, 6) then 1 else 0 end as reopens,
                   case when step = 4 and not reopened then 4 else least(step, 3) end as v
            from told),
        placed as (
            select s.*, c.grid_code, c.district, c.street, c.community, c.street_org,
                   case when u(k, 'point') < 0.85
                        then round(c.lon + span(k, 'x', -0.3, 0.3) * c.side_m / 92000, 6) end as lon,
                   case when u(k, 'point') < 0.85
                        then round(c.lat + span(k, 'y', -0.3, 0.3) * c.side_m / 111320, 6) end as lat
            from states s join cell c on c.i = s.cell_i),
        chosen as (
            select *, {planted("vk", "ticket", rates, CONDITIONS)} as drawn_defect from placed)
        select * exclude (drawn_defect),
               case when drawn_defect = 'H10' and (
                        lag(drawn_defect) over life is not null or lag(updated_at) over life < timestamp '{first}')
                    then null else drawn_defect end as defect
        from chosen window life as (partition by k order by updated_at, step)
        qualify cast(updated_at as date) between '{since}' and '{until}'""")


def create_rows(con: duckdb.DuckDBPyConnection) -> None:
    """Creates table delivered: the JSON records of table version as the interface gives them, defects planted."""
    text = "'" + "', '".join(template.replace("'", "''") for template in TEMPLATES) + "'"
    con.execute("drop table if exists delivered")
    con.execute(f"""
        create table delivered as
        with repeated as (
            select *, unnest(case when defect in ('D1', 'DUP') then [0, 1] else [0] end) as copy from version),
        worded as (
            select v.*, l.names as leaf, s.name as first_office,
                   case when u(k, 'who') < 0.55 then s.org_code when u(k, 'who') < 0.8
                        then 'YZ-' || substr(s.org_code, 4, 2) || '-' || pick(['CGJ', 'SCJ', 'ZJJ', 'HBJ'], k, 'branch')
                        else b.org_code end as worker,
                   {SAID} as address, {SAID_WAY} as said_way, a.address_id as said_id,
                   person(matter, 'caller') as caller,
                   case when u(matter, 'line') < 0.9 then mobile(matter, 'phone') else '099-8' || digits(matter, 'phone', 7) end as phone
            from repeated v
            join address a on a.i = v.cell_i * addresses_a_cell() + cast(floor(u(k, 'address') * addresses_a_cell()) as bigint) join leaf l on l.i = v.leaf_i join bureau b on b.i = v.bureau_i
            join org s on s.org_code = v.street_org),
        named as (
            select w.*, o.name as office, o.former as former_office,
                   replace(replace(replace(replace(replace([{text}][1 + cast(floor(u(k, 'text') * {len(TEMPLATES)}) as integer)],
                       '{{caller}}', caller), '{{place}}', address), '{{leaf}}', leaf[3]), '{{phone}}', phone),
                       '{{days}}', cast(1 + cast(floor(u(k, 'lasting') * 15) as integer) as varchar)) as content
            from worded w join org o on o.org_code = w.worker),
        spoiled as (
            select *, coalesce(defect, '') as d,
                   case when part = 0 then base_no else base_no || '-0' || part end as number,
                   case when defect = 'H2a' then accept - interval 90 minute else dispatch end as dispatched,
                   case when defect = 'H10' then archive - interval 5 minute else finish end as ended,
                   case when u(k, 'hand') < 0.08 and step <> 1 then first_office
                        when u(k, 'name') < 0.06 then coalesce(former_office, office) else office end as undertaker
            from named)
        select k, vk, copy, updated_at, cast(updated_at as date) as business_date, defect,
               case d when 'H1' then substr(number, 1, 12) when 'R2' then null
                      else case when defect is null and u(vk, 'wide') < 0.004 then translate(number, '0123456789', '０１２３４５６７８９')
                                else number end end as ticket_no,
               case d when 'H4a' then '其它渠道' else channel end as channel,
               case d when 'H4b' then '诉求' else type end as type,
               case d when 'H4c' then '其他问题' else leaf[3] end as class_l3,
               leaf[1] as class_l1, leaf[2] as class_l2,
               case when part > 0 then base_no end as master_no,
               leaf[3] || '问题' || case when d = 'D1' and copy = 1 then '（更正）' else '' end as title,
               content, caller,
               case when d = 'H7' then substr(phone, 1, 9) when u(vk, 'wide2') < 0.01
                    then translate(phone, '0123456789', '０１２３４５６７８９') else phone end as phone,
               case when d = 'H3' then case when u(vk, 'typo') < 0.5 then accept - to_years(100)
                                            else accept + to_years(178) end
                    else accept - seconds(span(k, 'since', 600, 90000)) end as event_time,
               case when d = 'R1' then null else accept end as accept_time,
               case when d = 'T1' then pick(['昨天下午', '2026-13-45 08:00:00', '不详'], vk, 'word')
                    else strftime(dispatched, '%Y-%m-%d %H:%M:%S') end as dispatch_time,
               case when step not in (1, 7) then dispatch + seconds(0.3 * epoch(contact - dispatch)) end as sign_time,
               case when d = 'H2b' then dispatch - interval 30 minute else contact end as contact_time,
               dispatched + to_hours(hours) + case when d = 'H12' then interval 37 minute else interval 0 minute end as limit_at,
               case when d = 'H9' then null when d = 'H2c' then contact - interval 45 minute else ended end as finish_time,
               case when d = 'H2d' then ended - interval 1 hour else archive end as archive_time,
               first_office, case when d = 'H5' then undertaker || '综合科' else undertaker end as undertaker,
               district, street, community, address, said_way, said_id,
               case when d = 'H8' then lat else lon end as lon, case when d = 'H8' then lon else lat end as lat,
               case d when 'H4d' then '加急' else urgency end as urgency, status, reopens, u(k, 'repeat') < 0.06 as repeated,
               case when d = 'H15' then '市民自行撤诉' when u(k, 'excluded') < 0.03
                    then pick({text_list(EXCLUDED)}, k, 'excuse') end as excluded
        from spoiled""")

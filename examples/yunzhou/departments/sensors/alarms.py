"""Alarms of the lifelines, and what the operations centre did about each."""

# ruff: noqa: E501  -- SQL with Chinese words, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import planted, weighted
from departments.defects import Defects
from departments.home import Setup
from departments.sensors.devices import Network

EFFECTIVE = 0.72  # share of alarms that are right
FOLLOWED = 0.25  # share of these that an incident follows all the same
TIME = "strftime({}, '%Y-%m-%d %H:%M:%S')".format
# Bridges tell of every overload; leaks of gas follow, bursts and flooding are rare.
LIFELINES = {"'桥梁'": 55.0, "'燃气'": 25.0, "'供水'": 10.0, "'排水'": 6.0, "'供热'": 4.0}


def create_alarms(con: duckdb.DuckDBPyConnection, setup: Setup, network: Network, defects: Defects) -> None:
    """Creates tables lifeline_alarm, alarm_row and action_row; the rows carry their moment and their defect."""
    con.execute(f"""
        create table lifeline_alarm as
        with numbered as (
            select d.day, d.ordinal * 1000 + r.n as k
            from day d, unnest(range(cast(floor({network.alarms} + u(d.ordinal, 'alarms')) as integer))) as r(n)
            where d.day between '{setup.first}' and '{setup.last}'),
        drawn as (
            select *, cast(day as timestamp) + seconds(86400 * u(k, 'alarm at')) as raised_at,
                   {weighted("u(k, 'lifeline')", LIFELINES)} as lifeline, u(k, 'effective') < {EFFECTIVE} as is_effective
            from numbered),
        placed as (
            select a.*, d.device_id,
                   row_number() over (partition by a.k order by draw(a.k * 1000003 + d.i, 'alarm device')) as place
            from drawn a join device d on d.lifeline = a.lifeline),
        acted as (
            select * exclude (place), raised_at + seconds(span(k, 'ack', 60, 1500)) as acked_at,
                   raised_at + seconds(span(k, 'confirm', 1800, 10800)) as confirmed_at,
                   case when is_effective and u(k, 'followed') < {FOLLOWED}
                        then raised_at + seconds(span(k, 'lead', 1200, 36000)) end as incident_at,
                   raised_at + seconds(span(k, 'close', 36000, 172800)) as closed_at
            from placed where place = 1)
        select *, 'YZA' || strftime(day, '%Y%m%d') || lpad(cast(k % 1000 as varchar), 3, '0') as alarm_id,
               cast(cast(1 + floor(u(k, 'severity') * 3) as integer) as varchar) as severity
        from acted""")
    con.execute(f"""
        create table alarm_row as
        with marked as (select *, {planted("k", "lifeline alarm", defects.rates("iot_alarm"), {})} as defect from lifeline_alarm),
        repeated as (
            select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from marked)
        select k, copy, raised_at as moment, defect, d, alarm_id, case d when 'I1' then 'YZD9' || digits(k, 'no device', 5) else device_id end as device_id,
               case d when 'I10' then '通信' else lifeline end as lifeline, severity,
               case d when 'T1' then '昨夜' when 'R1' then null else {TIME("raised_at")} end as raised_at
        from repeated""")
    con.execute(f"""
        create table action_row as
        with told as (
            select k * 10 as k, alarm_id, '接警' as action, acked_at as moment from lifeline_alarm
            union all
            select k * 10 + 1, alarm_id, case when is_effective then '有效' else '误报' end, confirmed_at from lifeline_alarm
            union all
            select k * 10 + 2, alarm_id, '险情', incident_at from lifeline_alarm where incident_at is not null
            union all
            select k * 10 + 3, alarm_id, '销警', closed_at from lifeline_alarm),
        -- What is done about an alarm that nobody could read is about no alarm.
        lost as (select k from alarm_row where d not in ('', 'DUP')),
        marked as (
            select *, case when k // 10 in (select k from lost) then 'I12'
                           else {planted("k", "duty", defects.rates("iot_alarm_action"), {})} end as defect from told),
        repeated as (
            select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from marked)
        select k, copy, moment, defect, d, case d when 'I12' then 'YZA19990101' || digits(k, 'no alarm', 3) else alarm_id end as alarm_id,
               case d when 'I11' then '已阅' else action end as action,
               case d when 'T1' then '交班前' else {TIME("moment")} end as "at", person(k // 10 % 12, 'operator') as operator,
               case when action = '有效' and u(k, 'case') < 0.5 then strftime(moment, '%Y%m%d') || lpad(cast(k % 10000000 as varchar), 7, '0') end as case_no
        from repeated""")

"""Call-backs after a ticket was finished; a few come weeks later, some reach nobody."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from departments.chance import planted, text_list, weighted

LOOKBACK_DAYS = 80  # no call-back comes later than this after the ticket came in
COMMENTS = [
    "已处理，谢谢。",
    "处理太慢了",
    "电话{phone}一直没人联系我",
    "还没解决，会继续反映。\n请回电。",
    "满意",
    "一般",
]
CONDITIONS = {"H13b": "visit_no = 1 and not reopened"}


def create_visits(con: duckdb.DuckDBPyConnection, rates: Mapping[str, float], since: str, until: str) -> None:
    """Creates table visited: the JSON records of the call-backs of the days `since` to `until`.

    Needs the tables ticket and version of all tickets and changes that such a call-back can look back on. A ticket
    with a faulty change gets no call-back, so that a call-back is faulty on its own account only.
    """
    con.execute("drop table if exists visited")
    con.execute(f"""
        create table visited as
        with clean as (
            select k, min(updated_at) filter (where finish is not null) as known from version group by k
            having count(*) filter (where defect is not null) = 0 and known is not null),
        asked as (
            select t.k, t.base_no, t.part, t.reopened, t.reopen, t.last_finish, c.known,
                   unnest(case when t.reopened then [1, 2] else [1] end) as visit_no
            from ticket t join clean c on c.k = t.k
            where t.type in ('求助', '投诉', '举报', '建议') and not t.returned
              and (t.reopened or u(t.k, 'asked') < 0.55)),
        timed as (
            select *, k * 4 + visit_no as vk,
                   case when reopened and visit_no = 1 then reopen - interval 20 minute
                        else last_finish + seconds(86400 * case when u(k, 'tardy') < 0.03 then span(k, 'tardiness', 15, 40)
                             else span(k, 'visit', 1, 5) end) end as visit_time
            from asked),
        found as (
            select *, visit_time + interval 10 minute as updated_at, u(vk, 'reached') < 0.88 as reached,
                   {planted("vk", "visit", rates, CONDITIONS)} as defect
            from timed where cast(known as date) < cast(visit_time as date)),
        repeated as (
            select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d
            from found where cast(updated_at as date) between '{since}' and '{until}')
        select k, vk, copy, updated_at, cast(updated_at as date) as business_date,
               case when defect like 'H13%' then 'H13' else defect end as defect,
               case when d = 'H13a' then '9' || substr(base_no, 2) when part = 0 then base_no
                    else base_no || '-0' || part end as ticket_no,
               visit_no,
               case d when 'H3' then visit_time + to_years(178) when 'H13b' then last_finish - interval 1 day
                      else visit_time end as visit_time,
               case when d = 'R1' then null
                    else {weighted("u(vk, 'method')", {"'电话'": 80, "'短信'": 15, "'网络'": 5})} end as method,
               case when d = 'T1' then '占线' when reached then 'true' else 'false' end as is_reached,
               case when d = 'H4' then '基本解决' when reopened and visit_no = 1 then case when reached then '未解决' end
                    when reached then {weighted("u(vk, 'good')", {"'已解决'": 78, "'部分解决'": 9, "'未解决'": 13})} end as resolved,
               case when reopened and visit_no = 1 then case when reached then '不满意' end
                    when reached and u(vk, 'say') < 0.95
                    then {weighted("u(vk, 'glad')", {"'满意'": 74, "'基本满意'": 12, "'不满意'": 14})} end as satisfied,
               case when reached and u(vk, 'talk') < 0.3
                    then replace(pick({text_list(COMMENTS)}, vk, 'comment'), '{{phone}}', mobile(k, 'phone')) end as comment
        from repeated""")

"""What is registered of every legal entity, and how a few change: one truth, of which each office has its copy."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import text_list
from departments.home import Setup
from departments.vocabulary.classes import INDUSTRIES

CHANGES_PER_DAY = 0.002


def create_registrations(con: duckdb.DuckDBPyConnection, setup: Setup) -> None:
    """Creates table registration, unless it is there: a row per entity and state, `version` 0 or 1.

    `known_on` is the night on which the state is in the register; `what` says what version 1 changed.
    """
    days = (setup.last - setup.first).days
    share = min(CHANGES_PER_DAY * days, 0.5)
    con.execute(f"""
        create table if not exists registration as
        with versions as (
            select *, unnest(case when born is null and state not in ('注销', '迁出') and u(i, 'change') < {share} then [0, 1]
                                  else [0] end) as version from entity),
        dated as (
            select *, i * 4 + version as vk, pick(['注销', '住所', '住所', '名称', '代表'], i, 'what') as what,
                   case version when 0 then coalesce(born, date '{setup.first}')
                        else date '{setup.first}' + 1 + cast(floor(u(i, 'changed') * {max(days - 1, 1)}) as integer) end as known_on
            from versions)
        select * exclude (name, rep, address),
               case when version = 1 and what = '注销' then '注销' else state end as status,
               case when version = 1 and what = '注销' then known_on - 1
                    when state = '注销' then founded + cast(floor(u(i, 'end') * (date '{setup.first}' - founded)) as integer)
                    end as cancelled,
               case when state = '吊销' then founded + cast(floor(u(i, 'end') * (date '{setup.first}' - founded)) as integer)
                    end as revoked,
               case when type = '个体工商户' then '990100' || digits(i, 'reg', 9) end as reg_no,
               case when version = 1 and what = '名称' then replace(name, '云州', '新云州') else name end as name,
               case when version = 1 and what = '代表' then person(i, 'rep 2') else rep end as rep,
               case when u(i, 'money') < 0.6 then cast(cast(floor(span(i, 'capital', 3, 500)) as integer) as varchar) || '万人民币'
                    when u(i, 'money') < 0.9 then cast(cast(floor(span(i, 'capital', 1, 50)) as integer) * 10 as varchar) || '万元'
                    when u(i, 'money') < 0.94 then cast(cast(floor(span(i, 'capital', 5, 100)) as integer) as varchar) || '万美元' end as capital,
               case version when 1 then known_on else coalesce(born, founded) end as approved,
               pick({text_list(list(INDUSTRIES))}, i, 'industry') as industry,
               case when version = 1 and what = '住所' then replace(address, '工业路', '创业路') else address end as address,
               district || '市场监督管理局' as authority, mobile(i, 'office') as phone
        from dated""")

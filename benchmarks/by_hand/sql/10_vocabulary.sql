-- Vocabularies of the city, and what is looked up in them again and again.
create macro setting(wanted) as
    (select max(p.value) from parameter p where p.name = wanted and p.valid_to is null);
create table word as select scheme, source_value, code from code_crosswalk;
create table place as
select d.name as district, '' as street, '' as community, max(d.code) as code
from division d where d.level = 3 group by all
union all
select d.name, s.name, '', max(s.code)
from division s join division d on s.parent_code = d.code where s.level = 4 group by all
union all
select d.name, s.name, c.name, max(c.code)
from division c join division s on c.parent_code = s.code join division d on s.parent_code = d.code
where c.level = 5 group by all;
create table office as select uscc, max(org_code) as org_code from organisation where uscc is not null group by uscc;

create table base_division as
with parents as (select code, max(name) as name, max(level) as level, max(parent_code) as parent_code
                 from division group by code)
select d.code as division_code, d.name as division_name, d.level as division_level, d.parent_code,
       case when d.level = 3 then d.code when p.level = 3 then p.code when g.level = 3 then g.code end as district_code,
       case when d.level = 3 then d.name when p.level = 3 then p.name when g.level = 3 then g.name end as district_name,
       case when d.level = 4 then d.code when p.level = 4 then p.code end as street_code,
       case when d.level = 4 then d.name when p.level = 4 then p.name end as street_name,
       case when d.level = 5 then d.code end as community_code,
       case when d.level = 5 then d.name end as community_name,
       coalesce(d.valid_from, date '1900-01-01') as valid_from, coalesce(d.valid_to, date '9999-12-31') as valid_to
from division d left join parents p on d.parent_code = p.code left join parents g on p.parent_code = g.code;

create table base_grid_cell as
select c.grid_code, c.community_code, d.street_code, d.district_code, c.duty_org_code, c.area_m2, c.lon, c.lat,
       c.radius_m, coalesce(c.valid_from, date '1900-01-01') as valid_from,
       coalesce(c.valid_to, date '9999-12-31') as valid_to
from grid_cell c left join base_division d on c.community_code = d.division_code
    and coalesce(c.valid_from, date '1900-01-01') between d.valid_from and d.valid_to;

create table base_organisation as
select org_code, uscc, name as org_name, name_en as org_name_en, org_level, parent_code, division_code,
       coalesce(valid_from, date '1900-01-01') as valid_from, coalesce(valid_to, date '9999-12-31') as valid_to
from organisation
qualify row_number() over (partition by org_code order by coalesce(valid_from, date '1900-01-01') desc) = 1;

create table base_code as
select scheme, code, name, name_en, parent_code, coalesce(valid_from, date '1900-01-01') as valid_from,
       coalesce(valid_to, date '9999-12-31') as valid_to,
       row_number() over (partition by scheme, code order by coalesce(valid_from, date '1900-01-01') desc) = 1
           as is_current
from code;

-- Working minutes: by minute of the day, and before each day.
create table base_work_clock as
with w as (select hour(start_time) * 60 + minute(start_time) as opens, hour(end_time) * 60 + minute(end_time) as closes
           from work_window)
select cast(m.range as integer) as minute_of_day,
       cast(sum(least(greatest(m.range - w.opens, 0), w.closes - w.opens)) as integer) as minutes_worked
from range(1441) m, w group by 1;

create table base_calendar as
select day, coalesce(is_working, false) as is_working, holiday,
       cast(coalesce(sum(cast(is_working as integer)) over before, 0) as bigint) as work_days_before,
       cast(coalesce(sum(cast(is_working as integer) * (select max(minutes_worked) from base_work_clock)) over before, 0)
            as bigint) as work_minutes_before
from calendar window before as (order by day rows between unbounded preceding and 1 preceding);

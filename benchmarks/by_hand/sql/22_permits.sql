-- Permits: lines of JSON; each day also the keys that were in the database, from which hard deletes are learned.
create table permit_judged as
with record as (
    select p.batch, p.business_date, p.file_name, f.* exclude (filename), row_number() over () as number
    from read_json(getvariable('permit_files'), format = 'newline_delimited', filename = true, columns = {
        xk_wsh: 'VARCHAR', xk_xkjgdm: 'VARCHAR', xk_xkjg: 'VARCHAR', xk_xdr_mc: 'VARCHAR', xk_xdr_lb: 'VARCHAR',
        xk_xdr_shxym: 'VARCHAR', xk_xdr_zjlx: 'VARCHAR', xk_xdr_zjhm: 'VARCHAR', xk_frdb: 'VARCHAR',
        xk_xkws: 'VARCHAR', xk_xklb: 'VARCHAR', xk_xkzs: 'VARCHAR', xk_xkbh: 'VARCHAR', xk_nr: 'VARCHAR',
        xk_jdrq: 'VARCHAR', xk_yxqz: 'VARCHAR', xk_yxqzi: 'VARCHAR', xk_zt: 'VARCHAR', xk_lydw: 'VARCHAR',
        xk_sxdm: 'VARCHAR', xk_jd: 'VARCHAR', xk_wd: 'VARCHAR', xk_xzqh: 'VARCHAR', bz: 'VARCHAR', gssj: 'VARCHAR',
        gxsj: 'VARCHAR'}) f
    join piece p on p.path = f.filename and p.tbl = 'permit' and p.role = 'data'
),
text as (
    select batch, business_date, file_name, r, number - min(number) over (partition by batch) + 1 as line, clean(xk_wsh) as doc_no, fold(xk_xkjgdm) as authority_code,
        clean(xk_xkjg) as authority_name, clean(xk_xdr_mc) as party_name, clean(xk_xdr_lb) as party_type,
        fold(xk_xdr_shxym) as party_uscc, clean(xk_xdr_zjlx) as party_id_type, fold(xk_xdr_zjhm) as party_person_id,
        clean(xk_frdb) as legal_rep_name, clean(xk_xkws) as doc_name, clean(xk_xklb) as permit_type,
        clean(xk_xkzs) as licence_name, fold(xk_xkbh) as licence_no, clean(xk_nr) as content, fold(xk_jdrq) as decided_text,
        fold(xk_yxqz) as from_text, case when fold(xk_yxqzi) not in ('长期', '永久') then fold(xk_yxqzi) end as to_text,
        trim(xk_yxqzi) in ('长期', '永久') as is_endless_word, clean(xk_zt) as state, clean(xk_lydw) as source_org,
        clean(xk_sxdm) as item_code, fold(xk_jd) as lon_text, fold(xk_wd) as lat_text, fold(xk_xzqh) as division_code,
        clean(bz) as remark, fold(gssj) as published_text, fold(gxsj) as updated_text
    from record r
),
typed as (
    select *, as_date(decided_text) as decided_on, as_date(from_text) as valid_from, as_date(to_text) as valid_to,
        as_double(lon_text) as lon, as_double(lat_text) as lat, as_time(published_text) as published_at,
        coalesce(as_time(updated_text), try_strptime(updated_text,
            ['%Y-%m-%d %H:%M:%S.%f', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%dT%H:%M:%S.%f'])) as updated_at
    from text
),
judged as (
    select t.*,
        rules([
            case when doc_no is null or authority_code is null then 'R2' end,
            case when authority_name is null or party_name is null or party_type is null or permit_type is null
                or decided_text is null or state is null or updated_text is null then 'R1' end,
            case when unread(decided_text, decided_on) or unread(from_text, t.valid_from)
                or unread(to_text, t.valid_to) or unread(lon_text, lon) or unread(lat_text, lat)
                or unread(published_text, published_at) or unread(updated_text, updated_at) then 'T1' end,
            case when bad_uscc(party_uscc) then 'X1' end,
            case when party_type <> '自然人' and party_uscc is null then 'X1b' end,
            case when bad_doc_no(doc_no) then 'X2' end,
            case when permit_type not in (select source_value from word where scheme = 'permit_type')
                or party_type not in (select source_value from word where scheme = 'party_type')
                or state not in (select source_value from word where scheme = 'permit_state') then 'X4' end,
            case when holds_identity(concat_ws(' ', party_name, party_uscc, doc_name, licence_no, content))
                then 'X7' end,
            case when decided_on < date '2000-01-01' or decided_on > business_date then 'X8' end,
            case when lon not between 122.50 and 123.30 or lat not between 34.20 and 34.80 then 'H8' end
        ]) as bad,
        rules([
            case when t.valid_from < decided_on or t.valid_to < t.valid_from then 'X3a' end,
            case when is_endless_word then 'X3b' end,
            case when cast(published_at as date) > decided_on + 9
                and p.work_days_before + cast(p.is_working as integer)
                    - d.work_days_before - cast(d.is_working as integer) > 7 then 'X6' end
        ]) as flags
    from typed t left join base_calendar d on d.day = decided_on
    left join base_calendar p on p.day = cast(published_at as date)
)
select batch, business_date, file_name, line, doc_no, authority_code, authority_name, party_name, party_type, party_uscc,
    party_id_type, party_person_id, legal_rep_name, doc_name, permit_type, licence_name, licence_no, content, decided_on,
    valid_from, valid_to, state, source_org, item_code, lon, lat, division_code, remark, published_at, updated_at,
    flags, bad, case when len(bad) > 0 then to_json(r) end as raw
from judged;

create table permit_key as
select distinct fold(f.xk_wsh) as doc_no, fold(f.xk_xkjgdm) as authority_code, p.batch, p.business_date
from read_json(getvariable('permit_key_files'), format = 'newline_delimited', filename = true,
    columns = {xk_wsh: 'VARCHAR', xk_xkjgdm: 'VARCHAR'}) f
join piece p on p.path = f.filename and p.tbl = 'permit' and p.role = 'keys';

-- A key that was there, as a key or with a row, and is missing from the next day's keys was deleted.
create table permit_removed as
with snapshot as (
    select batch, business_date, row_number() over (order by batch) as number
    from (select distinct batch, business_date from permit_key)
),
present as (
    select doc_no, authority_code, s.number from permit_key k join snapshot s using (batch)
    union
    select doc_no, authority_code, (select min(s.number) from snapshot s where s.batch >= j.batch) - 1
    from permit_judged j where len(bad) = 0
)
select doc_no, authority_code, s.batch, s.business_date
from (select *, lead(number, 1, 2147483647) over (partition by doc_no, authority_code order by number) as next_number
      from present where number is not null) as present
join snapshot s on s.number = present.number + 1
where next_number > present.number + 1;

-- Two sources of one interface: failed food inspections of Chicago, and Tainan's decisions under labour law.
-- Neither delivers a fine: the amounts are NULL, not zero.

-- The severity of a failure is that of its gravest violation: codes 1 to 14 are critical, 15 to 29 serious.
with counted as (
    select
        inspection_id,
        v1 + v2 + v3 + v4 + v5 + v6 + v7 + v8 + v9 + v10 + v11 + v12 + v13 + v14 as critical,
        v15 + v16 + v17 + v18 + v19 + v20 + v21 + v22 + v24 + v25 + v26 + v27 + v28 + v29 as serious,
        v30 + v31 + v32 + v33 + v34 + v35 + v36 + v37 + v38 + v39 + v40 + v41 + v42 + v43 + v44 + v70 as minor
    from {{ source('landed', 'credit_violation_count') }}
    qualify row_number() over (partition by inspection_id order by _load_id desc, _line desc) = 1
),

licensed as (
    select
        inspection_id,
        account_number,
        regexp_matches(
            upper(legal_name),
            '\b(INC|INCORPORATED|LLC|L\.? ?L\.? ?C|CORP|CORPORATION|LTD|LIMITED|LP|LLP|CO|COMPANY|FOUNDATION)\b'
        ) as is_firm
    from {{ source('landed', 'credit_licence_at_inspection') }}
    qualify row_number() over (partition by inspection_id order by _load_id desc, _line desc) = 1
),

inspection as (
    select
        'CDPH-' || found.inspection_id as doc_no,
        'CHICDPH' as authority_code,
        'Chicago Department of Public Health' as authority_name,
        'CHI-' || licensed.account_number as party_uscc,
        found.dba_name as party_name,
        -- Without a licence the owner is unknown: taken for a person's business, the more protected case.
        case when licensed.is_firm then 'legal' else 'self_employed' end as party_type_code,
        'Failed food inspection' as violation_type,
        'Violations found: ' || counted.critical || ' critical, ' || counted.serious || ' serious, '
        || counted.minor || ' minor' as fact,
        'warning' as category_codes,
        'Inspection failed' as content,
        found.inspection_date as decided_on,
        case
            when counted.critical > 0 then 'serious' when counted.serious > 0 then 'general' else 'minor'
        end as severity_code,
        found.inspection_id as case_no,
        found.*
    from {{ source('landed', 'credit_food_inspection') }} as found
    left join counted on found.inspection_id = counted.inspection_id
    left join licensed on found.inspection_id = licensed.inspection_id
    where found.results = 'Fail'
),

-- One row per decision and file. 2014 leaves out 府勞條字第…號 around the number of the same series.
gathered as (
    select
        '府勞條字第' || regexp_replace(doc_no, '\D', '', 'g') || '號' as doc_no,
        regexp_replace(arg_min(party, _line), '\s', '', 'g') as party,
        string_agg(regexp_replace(clause, '\s', '', 'g'), '、' order by _line) as clauses,
        string_agg(regexp_replace(content, '\s', '', 'g'), '；' order by _line) as facts,
        arg_min(decided_on, _line) as decided_on,
        _op,
        _batch_id,
        _business_date,
        _object_id,
        _file_name,
        min(_line) as _line,
        arg_min(_row_hash, _line) as _row_hash,
        list_sort(list_distinct(flatten(list(_flags)))) as _flags,
        _load_id,
        min(_landed_at) as _landed_at
    from {{ source('landed', 'credit_tainan_decision') }}
    group by
        regexp_replace(doc_no, '\D', '', 'g'), _op, _batch_id, _business_date, _object_id, _file_name, _load_id
),

-- Company and owner share a cell: 甲有限公司(王某), 甲有限公司王某, 王某(即甲商行), 甲商行(王某), or a name alone.
named as (
    select
        *,
        nullif(regexp_extract(party, '[(（]即[「]?([^)）」]+)', 1), '') as shop,
        nullif(regexp_extract(party, '^(.*(公司|法人|基金會|協會|學校|大學|醫院|事務所|中心|合作社|銀行)[^(（]{0,12}?)[(（]', 1), '')
            as institution,
        nullif(regexp_extract(party, '^(.*公司)', 1), '') as company,
        nullif(regexp_extract(party, '^([^(（]+)[(（]', 1), '') as before_bracket
    from gathered
),

labour as (
    select
        doc_no,
        'TNLAB' as authority_code,
        '臺南市政府勞工局' as authority_name,
        cast(null as varchar) as party_uscc,
        coalesce(company, shop, institution, before_bracket, party) as party_name,
        case
            when coalesce(company, institution) is not null and shop is null then 'legal'
            when coalesce(shop, before_bracket) is not null then 'self_employed'
            else 'natural'
        end as party_type_code,
        clauses as violation_type,
        facts as fact,
        'published' as category_codes,
        facts as content,
        decided_on,
        cast(null as varchar) as severity_code,
        cast(null as varchar) as case_no,
        _op,
        _batch_id,
        _business_date,
        _object_id,
        _file_name,
        _line,
        _row_hash,
        _flags,
        _load_id,
        _landed_at
    from named
),

penalty as (
    select * from labour
    union all by name
    select
        doc_no, authority_code, authority_name, party_uscc, party_name, party_type_code, violation_type, fact,
        category_codes, content, decided_on, severity_code, case_no,
        _op, _batch_id, _business_date, _object_id, _file_name, _line, _row_hash, _flags, _load_id,
        _landed_at
    from inspection
)

select
    doc_no,
    authority_code,
    authority_name,
    party_uscc,
    party_name,
    party_type_code,
    cast(null as varchar) as party_person_id,
    violation_type,
    fact,
    cast(null as varchar) as basis,
    category_codes,
    content,
    cast(null as decimal(18, 2)) as fine_yuan,
    cast(null as decimal(18, 2)) as confiscated_yuan,
    cast(null as varchar) as licence_action,
    decided_on,
    cast(null as date) as valid_to,
    cast(null as date) as delivered_publish_until,
    severity_code,
    cast(null as varchar) as item_code,
    case_no,
    cast(null as timestamp) as published_at,
    {{ landed_bookkeeping('penalty') }}
from penalty

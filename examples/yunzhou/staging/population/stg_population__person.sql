-- Residents of the police; numbers of 15 digits are completed. Nothing of this leaves the zone but what base_person takes.
with crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
)

select
    {{ person_id_18('t.id_no') }} as id_no,
    t.id_no as delivered_id_no,
    t.person_name,
    case t.sex when '女' then 'F' when '男' then 'M' end as sex_code,
    t.born_on,
    t.hukou_code,
    t.residence_code,
    resident_type.code as resident_type_code,
    t.died_on is null and t.state <> '死亡' as is_alive,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'population_person') }} as t
{{ crosswalk('resident_type', 'resident_type', 't.resident_type', 'crosswalk') }}

{# Supervision: discretion, draws, ledgers. #}

{# The tiers of an item's version begin and end where its range of fines does, and none leaves a gap. Returns the
   versions for which that is not so. #}
{% test spans_its_item(model, items) %}
    with ordered as (
        select
            *,
            lag(max_fine_yuan) over (partition by item_code, item_version order by min_fine_yuan) as before
        from {{ model }}
    ),

    span as (
        select
            item_code,
            item_version,
            min(min_fine_yuan) as lowest,
            max(max_fine_yuan) as highest,
            count(case when before <> min_fine_yuan then 1 end) as gaps
        from ordered
        group by item_code, item_version
    )

    select s.item_code, s.item_version
    from span as s
    left join {{ items }} as i on s.item_code = i.item_code and s.item_version = i.item_version
    where
        s.gaps > 0
        or s.lowest is distinct from i.min_fine_yuan
        or s.highest is distinct from i.max_fine_yuan
{% endtest %}

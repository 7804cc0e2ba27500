{# Patrols. #}

{# No point of a track is older than it may be kept. Returns those that are. #}
{% test kept_no_longer(model) %}
    with {{ parameters() }}

    select shift_id, tracked_at
    from {{ model }}
    where cast(tracked_at as date) <= {{ date_plus('day', '-' ~ parameter('patrol.track_days', 30, as_of()), as_of()) }}
{% endtest %}

"""What the acceptance tests hold the city against: rates and what they are of, deadlines, a city of other levels."""

from __future__ import annotations

from decimal import Decimal

from catalog.city import City

DRAWN = {"A": Decimal("0.01"), "B": Decimal("0.03"), "C": Decimal("0.10"), "D": Decimal("0.30")}
DUE_IN_TWO_DAYS = """
    WITH calendar AS (FROM lake.base.base_calendar), clock AS (FROM lake.base.base_work_clock), {{ working_ends() }},
    started_at AS (SELECT CAST(day AS TIMESTAMP) + INTERVAL 16 HOUR AS moment FROM calendar
               WHERE day BETWEEN '2026-12-25' AND '2028-01-05' OR day >= '2035-12-25')
    SELECT moment, {{ work_end('limited') }} FROM started_at CROSS JOIN day_length
    {{ work_clock('started', 'moment') }} {{ work_end_clock('limited', 'started', '2 * day_length.minutes') }}"""
RATES = {
    "case_efficiency.end_rate": "reported",
    "case_efficiency.repeat_rate": "reported",
    "community_cell.repeat_rate": "tickets",
    "correction.closed_rate": "opened",
    "dept_data_score.publicity_rate": "decisions",
    "dept_data_score.quality_rate": "rows_in",
    "dept_data_score.timeliness_rate": "deliveries",
    "evaluation_metric.value": "denominator",
    "grid_performance.closing_rate": "closing_due",
    "grid_performance.dispatch_accuracy": "dispatched",
    "grid_performance.filing_rate": "reported",
    "grid_performance.handling_rate": "due",
    "grid_performance.proactive_rate": "filed",
    "grid_performance.rework_rate": "handled",
    "grid_performance.timely_closing_rate": "closing_due",
    "grid_performance.timely_rate": "due",
    "hotline_score.first_kept_rate": "first_received",
    "hotline_score.resolution_rate": "resolution_answers",
    "hotline_score.response_rate": "contacts_due",
    "hotline_score.satisfaction_rate": "satisfaction_answers",
    "keypoint_ledger.closure_rate": "opened",
    "keypoint_ledger.relapse_rate": "closed",
    "lifeline_alarm.effective_rate": "judged",
    "patrol_score.coverage_rate": "planned_cells",
    "patrol_score.pass_rate": "concluded_shifts",
}
NOT_A_SHARE = {  # of rows of the same table
    "evaluation_score.value", "inspection_draw.draw_rate", "metric.coverage", "vital_sign_value.coverage",
}  # fmt: skip


def raised(city: City, columns: set[str]) -> City:
    """The city with these columns, as feed.table.column, delivered at level L3."""
    feeds = {}
    for name, feed in city.feeds.items():
        tables = [
            table.model_copy(update={"properties": tuple(
                column.model_copy(update={"classification": "L3"})
                if f"{name}.{table.name}.{column.name}" in columns else column
                for column in table.properties
            )})
            for table in feed.tables
        ]  # fmt: skip
        feeds[name] = feed.model_copy(update={"tables": tuple(tables)})
    return city.model_copy(update={"feeds": feeds})

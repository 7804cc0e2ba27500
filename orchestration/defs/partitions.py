"""Which business dates a step records as materialized: those it has really dealt with."""

from collections.abc import Collection, Mapping
from typing import Any

import dagster as dg

# A result that carries this mark records no materialization of its own: Dagster would record the whole range.
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION as SILENT


def materialized(
    context: dg.AssetExecutionContext,
    days: Collection[str],
    overall: Mapping[str, Any],
    by_day: Mapping[str, Mapping[str, Any]],
) -> dg.MaterializeResult[None]:
    """The result of a step over a range of dates, of which only `days` are recorded as materialized.

    `overall` is metadata of the step, `by_day` of single dates; a date outside the range that has some is recorded
    too: a late batch restates it.
    """
    asked = set(context.partition_keys)
    for day in sorted(set(by_day) - asked):
        _record(context, day, by_day[day])
    if asked <= set(days):
        for day in sorted(asked & set(by_day)):
            context.add_asset_metadata(by_day[day], partition_key=day)
        return dg.MaterializeResult(metadata=overall)
    for day in sorted(asked & set(days)):
        _record(context, day, {**overall, **by_day.get(day, {})})
    return dg.MaterializeResult(metadata={SILENT: True})


def _record(context: dg.AssetExecutionContext, day: str, metadata: Mapping[str, Any]) -> None:
    context.log_event(dg.AssetMaterialization(context.asset_key, partition=day, metadata=metadata))

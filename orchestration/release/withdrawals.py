"""The list of withdrawn rows that a release carries: what the gateway must not show, in this or any release."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.compiled import CompiledCatalog, CompiledModel
from catalog.release import ReleasedWithdrawals, ReleaseManifest
from catalog.withdrawal import WITHDRAWALS_FILE, withdrawal_key
from orchestration.release.files import SERVING, describe_file, path_literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LAYER = "withdrawal"


def write_withdrawals(
    con: DuckDBPyConnection, catalog: CompiledCatalog, folder: Path, as_of: date
) -> ReleasedWithdrawals | None:
    """Write withdrawals.parquet below `folder` from all models of the layer; None when the library has none.

    One row per dataset, key and reason: dataset, key (VARCHAR[], in the dataset's key order), reason, effective_on
    (DATE), basis. `as_of` is the day the library speaks of. The same list is the same bytes.
    """
    models = [model for model in catalog.models if model.layer == LAYER]
    if not models:
        return None
    union = " UNION ALL ".join(_listed(model) for model in models)
    path = folder / WITHDRAWALS_FILE
    con.execute(f"COPY (FROM ({union}) ORDER BY ALL) TO {path_literal(path)} (FORMAT parquet, COMPRESSION zstd)")
    row = con.execute(f"SELECT count(*) FROM read_parquet({path_literal(path)})").fetchone()
    digest = describe_file(folder, WITHDRAWALS_FILE).sha256
    return ReleasedWithdrawals(rows=int(row[0]) if row else 0, as_of=as_of, content_hash=digest)


def withdrawn_rows(folder: Path, manifest: ReleaseManifest, catalog: CompiledCatalog, today: date) -> dict[str, int]:
    """How many of the rows of each dataset in the release `folder` the gateway no longer serves on the day `today`.

    By the release's own list; what stewards withdrew by hand is known to the gateway alone.
    """
    import duckdb

    if manifest.withdrawals is None:
        return {}
    day = max(today, manifest.withdrawals.as_of).isoformat()
    listed = f"read_parquet({path_literal(folder / WITHDRAWALS_FILE)})"
    found: dict[str, int] = {}
    with duckdb.connect(str(folder / SERVING), read_only=True) as con:
        for dataset in catalog.datasets:
            key = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in dataset.key)
            row = con.execute(
                f"SELECT count(*) FROM open.{quoted(dataset.id)} WHERE [{key}] IN"
                f" (SELECT key FROM {listed} WHERE dataset = ? AND effective_on <= ?)",
                [dataset.id, day],
            ).fetchone()
            found[dataset.id] = int(row[0]) if row else 0
    return found


def _listed(model: CompiledModel) -> str:
    key = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in withdrawal_key(c.name for c in model.columns))
    return (
        f"SELECT dataset_id AS dataset, [{key}] AS key, reason_code AS reason, effective_on, basis"
        f" FROM lake.{LAYER}.{quoted(model.name)}"
    )

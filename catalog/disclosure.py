"""The rule about microdata: what is opened row by row is proved to let no row stand out."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.columns import ColumnMeta, column_meta
from catalog.manifest import DbtManifest, DbtModel
from catalog.rule import Rule, dataset_of

CHECK = "k_anonymous"


class QuasiIdentifiersAreGrouped(Rule):
    """A dataset opened to the public or to developers that has quasi-identifiers is k-anonymous in all of them."""

    mend = f"Give {CHECK} in data_tests every quasi_identifier as columns and every sensitive column, severity error"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        dataset = dataset_of(model)
        if dataset is None or dataset.opening == "none":
            return
        metas = {name: meta for name, column in model.columns.items() if (meta := column_meta(column))}
        declared = {name for name, meta in metas.items() if meta.quasi_identifier}
        if declared and not _checked(model, manifest, declared, metas):
            yield None, f"No blocking check covers {', '.join(sorted(declared))}."


def _checked(model: DbtModel, manifest: DbtManifest, declared: set[str], metas: dict[str, ColumnMeta]) -> bool:
    sensitive = {name for name, meta in metas.items() if meta.sensitive}
    return any(
        test.model == model.unique_id
        and test.kind == CHECK
        and test.severity == "error"
        and set(test.arguments.get("columns", ())) == declared
        and set(test.arguments.get("sensitive", ())) == sensitive
        for test in manifest.tests.values()
    )

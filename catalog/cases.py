"""Which cases stand behind the figures of a model: declared beside it, so that a figure can be followed to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field, ValidationError

from catalog.contract.options import Strict
from catalog.manifest import DbtManifest, DbtModel
from catalog.rule import Rule


class CasesBehind(Strict):
    """`meta.cases` of a model whose rows are figures.

    `model` holds the cases, one row a case and figure; its columns `by` have the values of the row they stand behind.
    `measures` gives for a column of figures the value of `measure` there; without it all cases of the row are meant.
    `of` names the topic models the cases are rows of, each with its key and the columns of `model` that hold it.
    """

    model: str
    by: tuple[str, ...] = Field(min_length=1)
    measures: Mapping[str, str] = {}
    of: Mapping[str, Mapping[str, str]] = Field(min_length=1)


def cases_behind(model: DbtModel) -> CasesBehind | None:
    """What the model declares, None when it declares nothing, or not soundly."""
    try:
        return CasesBehind.model_validate(model.meta.get("cases"))
    except ValidationError:
        return None


class CasesAreThere(Rule):
    """The cases a model declares behind its figures are in a model that has the columns named."""

    mend = "Correct config.meta.cases: {model, by, measures, of: {topic model: {its key: column of the cases}}}"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        if "cases" not in model.meta:
            return
        declared = cases_behind(model)
        if declared is None:
            yield None, "It is not of that form."
            return
        models = {other.name: other for other in manifest.models.values()}
        needed = {
            declared.model: {
                *declared.by,
                "is_counted",
                *(name for key in declared.of.values() for name in key.values()),
            },
            model.name: {*declared.by, *declared.measures},
            **{name: {*key, "_object_id"} for name, key in declared.of.items()},
        }
        for name, columns in needed.items():
            missing = sorted(columns - set(models[name].columns)) if name in models else ["(the model)"]
            if missing:
                yield None, f"{name} lacks {', '.join(missing)}."

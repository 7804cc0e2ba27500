"""What a rule over models is, how rules read a model's metadata, and where in its file a breach lies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import ValidationError

from catalog.compiled import DatasetMeta
from catalog.errors import CatalogError, Problem
from catalog.manifest import DbtManifest, DbtModel
from catalog.yamlfile import YamlFile, read_yaml

LEVELS = ("L1", "L2", "L3", "L4")
LIBRARY = ("base", "topic", "theme")


class Rule(ABC):
    """A rule over the models of a project."""

    mend: ClassVar[str]

    @abstractmethod
    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        """Breaches of this rule by `model`: the column meant (None for the model itself), and what was found."""


def dataset_of(model: DbtModel) -> DatasetMeta | None:
    """The dataset a model describes; None when it describes none, or not soundly."""
    try:
        return DatasetMeta.model_validate(model.meta.get("dataset"))
    except ValidationError:
        return None


def dataset_faults(model: DbtModel) -> Iterator[str]:
    """What is wrong with the dataset a model describes, key by key."""
    try:
        DatasetMeta.model_validate(model.meta["dataset"])
    except ValidationError as error:
        for fault in error.errors():
            yield f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}."


class Lines:
    """Finds the lines of models and columns in the files that describe them; reads each file once."""

    def __init__(self) -> None:
        self._files: dict[Path, YamlFile | None] = {}

    def problem(self, model: DbtModel, column: str | None, text: str, mend: str) -> Problem:
        """A problem of a model or of one of its columns, at its place."""
        key = model.name if column is None else f"{model.name}.{column}"
        return Problem(model.file.resolve(), self._line(model, column), key, text, mend)

    def _line(self, model: DbtModel, column: str | None) -> int | None:
        """Line of the model (or of its column) in the YAML that describes it; None when that cannot be told."""
        if model.file not in self._files:
            self._files[model.file] = _read(model.file)
        file = self._files[model.file]
        if file is None:
            return None
        if column is not None and column in (file.data.get("columns") or {}):  # declared beside a staging model
            return file.line(("columns", column))
        models = file.data.get("models") or []
        position = next((i for i, entry in enumerate(models) if entry.get("name") == model.name), None)
        if position is None:
            return None
        columns = models[position].get("columns") or []
        place = next((i for i, entry in enumerate(columns) if entry.get("name") == column), None)
        return file.line(("models", position) if place is None else ("models", position, "columns", place))


def _read(path: Path) -> YamlFile | None:
    """The YAML at `path`; None when there is none, for the place only adorns a message: dbt read the file before."""
    try:
        return read_yaml(path) if path.suffix in (".yml", ".yaml") else None
    except CatalogError:
        return None

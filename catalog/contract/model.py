"""The typed feed contract: the part of ODCS v3.1 that CivicLake authors, unknown keys refused.

A document is one department feed; each schema object is one delivered table. The models keep ODCS names
as aliases, so `model_validate` takes the parsed YAML as it stands and `model_dump(by_alias=True)` gives ODCS back.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from catalog.contract.options import ColumnOptions, FeedOptions, RuleOptions, TableOptions

Severity = Literal["reject", "quarantine", "warn", "block"]
LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]
OptionsT = TypeVar("OptionsT", bound=BaseModel)


class Odcs(BaseModel):
    """Base of ODCS objects: camelCase in the document, unknown keys refused, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class CustomProperty(Odcs):
    """One `{property, value}` pair of ODCS."""

    property: str
    value: Any

    @field_validator("value")
    @classmethod
    def _as_json(cls, value: Any) -> Any:
        """YAML reads dates as dates, JSON as text: kept as text, a document is equal in both."""
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, dict):
            return {key: cls._as_json(item) for key, item in value.items()}
        return [cls._as_json(item) for item in value] if isinstance(value, list) else value


class WithOptions(Odcs, Generic[OptionsT]):
    """An object whose custom properties fold into one typed `options` object."""

    custom_properties: tuple[CustomProperty, ...] = ()
    options: OptionsT = Field(exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if "options" in data:
            raise ValueError("`options` is not a key of the document: write customProperties")
        pairs = data.get("customProperties")
        whole = [p for p in pairs or () if isinstance(p, dict) and "property" in p and "value" in p]
        return {**data, "options": {p["property"]: p["value"] for p in whole}}


class Rule(WithOptions[RuleOptions]):
    """One row or batch rule; `implementation` is a DuckDB expression that is TRUE for a bad row.

    Typed rules see the columns by name, `batch_date` and `as_of` (run date), the relations `vocab.<table>`
    and `landed.<table>`. A raw rule sees the same names as delivered text. Severity `block` with
    `aggregate: true` sees aggregates over the batch. NULL counts as good.
    """

    id: str | None = None
    name: str
    description: str
    type: Literal["custom"]
    engine: Literal["civiclake"]
    implementation: str
    severity: Severity
    dimension: Literal["accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness"]


class TypeOptions(Odcs):
    """ODCS `logicalTypeOptions`: each becomes a rule `<column>:<option>` of severity quarantine."""

    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    format: str | None = None


class Column(WithOptions[ColumnOptions]):
    """One column. `physical_type` is the DuckDB type it is read to; `classification` its level L1-L4."""

    id: str | None = None
    name: str
    physical_name: str | None = None
    logical_type: LogicalType
    physical_type: str
    description: str | None = None
    classification: Literal["L1", "L2", "L3", "L4"]
    required: bool = False
    unique: bool = False
    primary_key: bool = False
    primary_key_position: int = -1
    logical_type_options: TypeOptions | None = None
    examples: tuple[Any, ...] = ()
    quality: tuple[Rule, ...] = ()


class Table(WithOptions[TableOptions]):
    """One delivered table; `physical_name` is its name in the lake schema `landed`."""

    id: str | None = None
    name: str
    physical_name: str
    physical_type: Literal["table"] = "table"
    description: str
    data_granularity_description: str
    tags: tuple[str, ...] = ()
    properties: tuple[Column, ...] = Field(min_length=1)
    quality: tuple[Rule, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the primary-key columns in key order; empty when rows have no key."""
        keyed = sorted((c for c in self.properties if c.primary_key), key=lambda c: c.primary_key_position)
        return tuple(c.name for c in keyed)

    def rules(self) -> tuple[Rule, ...]:
        """All written rules: those of the table, then those of its columns."""
        return (*self.quality, *(rule for column in self.properties for rule in column.quality))

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError when the table has none."""
        for column in self.properties:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")


class Description(Odcs):
    """ODCS description block."""

    purpose: str
    usage: str | None = None
    limitations: str | None = None


class SlaProperty(Odcs):
    """One service-level promise; CivicLake reads `frequency`, `latency` (freshness) and `timeOfAvailability`."""

    id: str | None = None
    property: Literal["frequency", "latency", "retention", "timeOfAvailability"]
    value: Any
    unit: Literal["h", "d", "m", "y"] | None = None
    element: str | None = None
    description: str | None = None


class FeedContract(WithOptions[FeedOptions]):
    """One department feed: `id` is the feed's name everywhere (assets, batches, quarantine)."""

    api_version: Literal["v3.1.0"]
    kind: Literal["DataContract"]
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    status: Literal["proposed", "draft", "active", "deprecated", "retired"]
    domain: str
    tags: tuple[str, ...] = ()
    description: Description
    sla_properties: tuple[SlaProperty, ...] = ()
    tables: tuple[Table, ...] = Field(alias="schema", min_length=1)

    def table(self, name: str) -> Table:
        """The table called `name`; KeyError when the contract has none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(f"feed {self.id} has no table {name}")

"""Reads the authored policy: the files every city shares, and the rules a city adds to them."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar, get_args

from pydantic import Field, model_validator

from catalog.contract.options import Classification, Extent, Level, Strict, Title
from catalog.errors import CatalogError
from catalog.policy.model import (
    Action,
    CostWeights,
    MaskKind,
    PolicyRule,
    QuestionLimits,
    Tier,
    TierLimits,
    Treatment,
    VerificationLimits,
    WebhookLimits,
)
from catalog.policy.procedures import ApplicationTerms, BreakGlassTerms, ProcedureName, Procedures
from catalog.validate import validate
from catalog.yamlfile import YamlFile, read_yaml

if TYPE_CHECKING:
    from pydantic import BaseModel

FOLDER = Path(__file__).parent
CITY_RULES = Path("policy") / "rules.yml"
AuthoredT = TypeVar("AuthoredT", bound="BaseModel")


class Cell(Strict):
    """One thing a cell of the matrix opens, for datasets of any of these sharing or of any of these opening types."""

    sharing: tuple[Extent, ...] = ()
    opening: tuple[Extent, ...] = ()
    actions: tuple[Action, ...] = Field(min_length=1)
    treatment: Treatment = "clear"
    granted: bool = False
    reason: Title

    @model_validator(mode="after")
    def _bound(self) -> Cell:
        if not self.sharing and not self.opening:
            raise ValueError("a cell says for which sharing or opening types it holds")
        if "describe" in self.actions:
            raise ValueError("who may read catalogue entries is said under `describes`")
        return self


class Describes(Strict):
    """Whose catalogue entries a tier may read: columns of these levels, of datasets of any of these types."""

    levels: tuple[Level, ...] = Field(min_length=1)
    sharing: tuple[Extent, ...] = ()
    opening: tuple[Extent, ...] = ()


class TierRow(Strict):
    """One tier's row of the matrix; a level it does not name is closed to it."""

    title: Title
    describes: Describes
    l1: tuple[Cell, ...] = Field((), alias="L1")
    l2: tuple[Cell, ...] = Field((), alias="L2")
    l3: tuple[Cell, ...] = Field((), alias="L3")
    l4: tuple[Cell, ...] = Field((), alias="L4")

    @property
    def cells(self) -> dict[Level, tuple[Cell, ...]]:
        """Its cells by level."""
        return {"L1": self.l1, "L2": self.l2, "L3": self.l3, "L4": self.l4}


class Matrix(Strict):
    """`matrix.yml`: valid from `valid_from` to before `valid_until`."""

    version: str = Field(min_length=1)
    valid_from: date
    valid_until: date | None = None
    minimum_cell: int = Field(ge=2)
    tiers: dict[Tier, TierRow]


class DatasetPair(Strict):
    """An illegal pair of a dataset, or of one of its columns when `levels` or `masked` is said."""

    id: str
    sharing: tuple[Extent, ...] = ()
    opening: tuple[Extent, ...] = ()
    gb_class: tuple[Classification, ...] = ()
    levels: tuple[Level, ...] = ()
    masked: bool | None = None
    reason: Title


class RulePair(Strict):
    """What an allow rule of a city must not open, unless it is confined as `unless` says."""

    id: str
    tiers: tuple[Tier, ...] = Field(min_length=1)
    sharing: tuple[Extent, ...] = ()
    opening: tuple[Extent, ...] = ()
    levels: tuple[Level, ...] = ()
    treatments: tuple[Treatment, ...] = ()
    actions: tuple[Action, ...] = ()
    unless: tuple[Literal["granted", "own"], ...] = ()
    reason: Title


class Pairs(Strict):
    """`pairs.yml`: what is illegal whatever a city wishes."""

    datasets: tuple[DatasetPair, ...]
    rules: tuple[RulePair, ...]


class Mask(Strict):
    """One kind of mask: what it leaves, and the level of what it leaves."""

    title: Title
    level: Level
    keeps: Title


class Masks(Strict):
    """`masks.yml`."""

    masks: dict[MaskKind, Mask]


class AuthoredClock(Strict):
    """A time limit in working days; `verify` says what of it is unsure."""

    title: Title
    working_days: int = Field(ge=1)
    source: str = Field(min_length=1)
    verify: str | None = None


class Clocks(Strict):
    """`clocks.yml`."""

    clocks: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], AuthoredClock]


class Limits(Strict):
    """`limits.yml`."""

    limits: dict[Tier, TierLimits]
    failed_credentials_per_minute: int = Field(ge=1)
    cost: CostWeights
    questions: QuestionLimits
    webhooks: WebhookLimits
    verification: VerificationLimits


class Purposes(Strict):
    """`purposes.yml`."""

    purposes: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Title]


class SharedPolicy(Strict):
    """The policy every city starts from."""

    matrix: Matrix
    pairs: Pairs
    masks: dict[MaskKind, Mask]
    limits: dict[Tier, TierLimits]
    failed_credentials_per_minute: int = Field(ge=1)
    webhooks: WebhookLimits
    verification: VerificationLimits
    clocks: dict[str, AuthoredClock]
    purposes: dict[str, Title]
    procedures: Procedures


class CityPolicy(Strict):
    """`policy/rules.yml` of a city: rules beside the matrix, and its own clocks, limits and smallest cell.

    `application` and `break_glass` take the place of what `procedures.yml` says.
    """

    version: str = Field(min_length=1)
    minimum_cell: int | None = Field(None, ge=2)
    rules: tuple[PolicyRule, ...] = ()
    clocks: dict[str, AuthoredClock] = Field(default_factory=dict)
    limits: dict[Tier, TierLimits] = Field(default_factory=dict)
    failed_credentials_per_minute: int | None = Field(None, ge=1)
    webhooks: WebhookLimits | None = None
    verification: VerificationLimits | None = None
    purposes: dict[str, Title] = Field(default_factory=dict)
    application: ApplicationTerms | None = None
    break_glass: BreakGlassTerms | None = None


@cache
def shared_policy() -> SharedPolicy:
    """The policy files beside this module; CatalogError names file, line and key of a fault."""
    return load_shared(FOLDER)


def load_shared(folder: Path) -> SharedPolicy:
    """The shared policy in `folder`."""
    clocks = _checked(Clocks, read_yaml(folder / "clocks.yml")).clocks
    limits = _limits(folder)
    return SharedPolicy(
        matrix=_checked(Matrix, read_yaml(folder / "matrix.yml")),
        pairs=_checked(Pairs, read_yaml(folder / "pairs.yml")),
        masks=_checked(Masks, read_yaml(folder / "masks.yml")).masks,
        limits=limits.limits,
        failed_credentials_per_minute=limits.failed_credentials_per_minute,
        webhooks=limits.webhooks,
        verification=limits.verification,
        clocks=clocks,
        purposes=_checked(Purposes, read_yaml(folder / "purposes.yml")).purposes,
        procedures=_procedures(read_yaml(folder / "procedures.yml"), set(clocks)),
    )


@cache
def shared_limits() -> Limits:
    """The file of limits beside this module, alone."""
    return _limits(FOLDER)


def _limits(folder: Path) -> Limits:
    return _checked(Limits, read_yaml(folder / "limits.yml"))


def _procedures(file: YamlFile, clocks: set[str]) -> Procedures:
    checked = _checked(Procedures, file)
    for name in sorted(checked.clocks - clocks):
        raise CatalogError.one(file.path, f"there is no clock `{name}`", "Add it to clocks.yml", key="procedures")
    return checked


def load_city_policy(root: Path) -> tuple[CityPolicy, YamlFile | None]:
    """What the city in `root` adds, with its file; nothing when it has none. CatalogError when it cannot be read."""
    path = root / CITY_RULES
    if not path.exists():
        return CityPolicy(version="0"), None
    file = read_yaml(path)
    return _checked(CityPolicy, file), file


def minimum_cell(root: Path) -> int:
    """The smallest group that the city in `root` shows in an aggregate: that of all cities, or its own larger one."""
    own, _ = load_city_policy(root)
    return max(shared_policy().matrix.minimum_cell, own.minimum_cell or 0)


def _checked(model: type[AuthoredT], file: YamlFile) -> AuthoredT:
    checked = validate(model, file)
    for name in model.model_fields:
        expected = _complete(name)
        missing = sorted(expected - set(getattr(checked, name))) if expected else []
        if missing and model is not CityPolicy:
            text = f"nothing is said of {', '.join(missing)}"
            raise CatalogError.one(file.path, text, f"Add {missing[0]}", line=file.line((name,)), key=name)
    return checked


def _complete(name: str) -> set[str]:
    """The keys a mapping of this name must have: every tier, every mask, every procedure."""
    complete = {"tiers": Tier, "limits": Tier, "masks": MaskKind, "procedures": ProcedureName}
    return set(get_args(complete.get(name)))

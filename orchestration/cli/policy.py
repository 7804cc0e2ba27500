"""`civiclake policy`: check, show and apply who may see what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from orchestration.cli.exits import ReportingGroup
from orchestration.cli.options import DEFAULT_CITY, CityOption, HomeOption, open_city

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.compiled import CompiledDataset
    from catalog.contract.options import Level
    from catalog.manifest import DbtManifest
    from catalog.policy.load import Cell
    from catalog.policy.model import CompiledPolicy, PolicyRule

app = typer.Typer(cls=ReportingGroup, no_args_is_help=True, help="Who may see what: tiers, levels, rules of the city.")

_LEVELS: tuple[Level, ...] = ("L1", "L2", "L3", "L4")
_SHORT = {"unconditional": "U", "conditional": "C", "none": "N"}


@app.command()
def check(city: CityOption = DEFAULT_CITY, home: HomeOption = None) -> None:
    """Check the models' levels and datasets and the city's rules; name file, line, key and mend of each fault."""
    from catalog.policy.compile import compile_policy
    from orchestration.cli.console import out
    from orchestration.release.policy import authored_manifest

    loaded, workspace = open_city(city, home)
    manifest = authored_manifest(loaded, workspace)
    policy = compile_policy(loaded, _datasets(loaded, manifest))
    out.print(f"{loaded.title.en}: {len(policy.rules)} rules over {len(policy.datasets)} datasets are sound.")
    if not _is_compiled(manifest):
        out.print("Levels are followed from feed to dataset once a run has compiled the models' SQL.")


@app.command()
def show(city: CityOption = DEFAULT_CITY, home: HomeOption = None) -> None:
    """Show the policy as `apply` would put it in force, and whether it is."""
    from catalog.errors import CatalogError
    from catalog.policy.compile import compile_policy, read_policy
    from orchestration.cli.console import out
    from orchestration.release.policy import authored_manifest

    loaded, workspace = open_city(city, home)
    policy = compile_policy(loaded, _datasets(loaded, authored_manifest(loaded, workspace)))
    _print_matrix()
    _print_rules([rule for rule in policy.rules if rule.id in _city_rules(loaded)])
    _print_datasets(policy)
    _print_limits(policy)
    _print_purposes(policy)
    try:
        in_force = read_policy(workspace.policy).digest
    except CatalogError:
        in_force = "none"
    state = "in force" if in_force == policy.digest else f"not in force (that is {in_force}); `policy apply` writes it"
    out.print(f"Version {policy.version}, digest {policy.digest}: {state}.", markup=False)


@app.command()
def apply(city: CityOption = DEFAULT_CITY, home: HomeOption = None) -> None:
    """Put the policy in force: the gateway obeys it from its next request on, for every release."""
    from orchestration.cli.console import out
    from orchestration.release.policy import apply_policy, authored_manifest

    loaded, workspace = open_city(city, home)
    policy = apply_policy(loaded, workspace, _datasets(loaded, authored_manifest(loaded, workspace)))
    out.print(
        f"In force: version {policy.version}, digest {policy.digest}, {len(policy.rules)} rules,"
        f" {len(policy.datasets)} datasets, in {workspace.policy}",
        markup=False,
        soft_wrap=True,
    )


def _datasets(city: City, manifest: DbtManifest) -> tuple[CompiledDataset, ...]:
    """The datasets as authored; their levels are followed from the feeds where all SQL has been compiled."""
    from catalog.compiler import compile_catalog, compile_datasets

    if _is_compiled(manifest):
        return compile_catalog(city, manifest).datasets
    return compile_datasets(city, manifest)


def _is_compiled(manifest: DbtManifest) -> bool:
    return all(model.compiled_code is not None for model in manifest.models.values())


def _city_rules(city: City) -> set[str]:
    from catalog.policy.load import load_city_policy

    return {rule.id for rule in load_city_policy(city.root)[0].rules}


def _print_matrix() -> None:
    from catalog.policy.load import shared_policy
    from orchestration.cli.console import print_table

    matrix = shared_policy().matrix
    rows = [
        (tier, row.title.en, *("; ".join(map(_cell, row.cells[level])) or "-" for level in _LEVELS))
        for tier, row in sorted(matrix.tiers.items())
    ]
    title = f"Matrix {matrix.version} (U unconditional, C conditional; +grant: only as granted)"
    print_table(title, ("tier", "who", *_LEVELS), rows)


def _cell(cell: Cell) -> str:
    types = [f"{kind} {_initials(said)}" for kind, said in (("shared", cell.sharing), ("opened", cell.opening)) if said]
    how = cell.actions[0] if len(cell.actions) == 1 else cell.treatment
    return f"{how} {' or '.join(types)}{' +grant' if cell.granted else ''}"


def _initials(extents: tuple[str, ...]) -> str:
    return "/".join(_SHORT[extent] for extent in extents)


def _print_rules(rules: list[PolicyRule]) -> None:
    from orchestration.cli.console import print_table

    rows = [(rule.id, _sentence(rule), rule.reason.en) for rule in rules]
    print_table("Rules of the city", ("rule", "what it says", "why"), rows)


def _sentence(rule: PolicyRule) -> str:
    who = " ".join(rule.tiers) or "all tiers"
    if rule.organisations:
        who += f" of {' '.join(rule.organisations)}"
    what = " ".join(rule.datasets) or "all datasets"
    if rule.columns or rule.levels:
        what += f" ({' '.join((*rule.columns, *rule.levels))})"
    how = f", {rule.treatment}" if rule.effect == "allow" else ""
    return f"{rule.effect} {who}: {' '.join(rule.actions) or 'everything'} on {what}{how}; rows: {_rows(rule)}"


def _rows(rule: PolicyRule) -> str:
    said = [
        ("own jurisdiction", rule.own_rows),
        ("own organisation", rule.own_organisation),
        ("granted", rule.granted),
        (f"in {' '.join(rule.rows.divisions)}", bool(rule.rows.divisions)),
        (f"of {' '.join(rule.rows.organisations)}", bool(rule.rows.organisations)),
        (f"from {rule.rows.since}", rule.rows.since is not None),
        (f"before {rule.rows.until}", rule.rows.until is not None),
    ]
    return ", ".join(text for text, holds in said if holds) or "all"


def _print_datasets(policy: CompiledPolicy) -> None:
    from orchestration.cli.console import print_table

    rows = [
        (d.id, d.sharing, d.opening, *(sum(c.level == level for c in d.columns) or None for level in _LEVELS))
        for d in policy.datasets
    ]
    print_table("Datasets, with their columns by level", ("dataset", "sharing", "opening", *_LEVELS), rows, numbers=4)


def _print_limits(policy: CompiledPolicy) -> None:
    from orchestration.cli.console import print_table

    rows = [
        (tier, m.requests_per_minute, m.cost_per_minute, m.concurrent_exports, m.page_rows)
        for tier, m in sorted(policy.limits.items())
    ]
    columns = ("tier", "requests a minute", "cost a minute", "exports at once", "rows of a page")
    print_table(f"Limits; smallest cell {policy.minimum_cell}", columns, rows, numbers=4)
    clocks = [(name, clock.source, clock.working_days) for name, clock in policy.clocks.items()]
    print_table("Clocks", ("procedure", "source", "working days"), clocks, numbers=1)


def _print_purposes(policy: CompiledPolicy) -> None:
    from orchestration.cli.console import print_table

    rows = [(name, title.en, title.zh) for name, title in policy.purposes.items()]
    print_table("Purposes, named in the header CivicLake-Purpose", ("purpose", "what for", "用途"), rows)

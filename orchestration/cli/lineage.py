"""`civiclake lineage`: where a column comes from, column by column down to the feeds, with levels and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.exits import CommandError, ExitCode
from orchestration.cli.options import DEFAULT_CITY, CityOption, HomeOption, open_city

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.tree import Tree

    from catalog.levels import ColumnLevel
    from catalog.lineage import ColumnLineage, How, Ref
    from catalog.manifest import DbtManifest


def lineage(
    column: Annotated[str, typer.Argument(metavar="COLUMN", help="`<dataset>.<column>` or `<model>.<column>`.")],
    row: Annotated[
        list[str] | None,
        typer.Option("--row", metavar="COLUMN=VALUE", help="Of one row of a theme: the cases behind its figure."),
    ] = None,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Show what COLUMN is made from, down to the feeds, with levels and what lowers them.

    With --row, show the cases behind the figure of that row, with the files they came in. The models are those of the
    last run.
    """
    from catalog.levels import flow_levels
    from catalog.lineage import column_lineage
    from catalog.manifest import DbtManifest
    from orchestration.cli.console import out

    loaded, workspace = open_city(city, home)
    path = workspace.dbt / "target" / "manifest.json"
    if not path.exists():
        raise CommandError(ExitCode.USAGE, f"{workspace.home} holds no models yet. `civiclake run` makes them")
    manifest = DbtManifest.load(path)
    ref = asked(manifest, column)
    if row:
        from orchestration.cli.cases import show_cases

        show_cases(manifest, workspace, *ref, row)
        return
    edges = column_lineage(manifest, loaded)
    drawing = Drawing(manifest, edges, flow_levels(manifest, loaded, edges))
    out.print(drawing.tree(ref))


class Drawing:
    """Draws columns as a tree: the asked one at its root, feed and vocabulary columns at its leaves."""

    def __init__(self, manifest: DbtManifest, lineage: ColumnLineage, levels: Mapping[Ref, ColumnLevel]) -> None:
        self._lineage = lineage
        self._levels = levels
        self._feeds = {entry.relation: f"{entry.feed}.{entry.table}" for entry in lineage.landed}
        self._reasons = {
            (f"{model.layer}.{model.name}", name): (meta.get("deidentified") or {}).get("reason")
            for model in manifest.models.values()
            for name, meta in ((column.name, column.meta) for column in model.columns.values())
        }

    def tree(self, asked: Ref) -> Tree:
        """The tree of one column; a column met again is drawn once and then only named."""
        from rich.tree import Tree

        root = Tree(self._label(asked, None))
        self._grow(root, asked, {asked})
        return root

    def _grow(self, branch: Tree, ref: Ref, drawn: set[Ref]) -> None:
        from catalog.levels import strongest

        for edge in strongest(self._lineage.incoming(*ref), self._levels):
            source = (edge.from_relation, edge.from_column)
            label = self._label(source, edge.how)
            if source in drawn and self._lineage.incoming(*source):
                branch.add(f"{label}, above")
                continue
            drawn.add(source)
            self._grow(branch.add(label), source, drawn)

    def _label(self, ref: Ref, how: How | None) -> str:
        from rich.markup import escape

        found = self._levels.get(ref)
        name = f"{self._feeds.get(ref[0], ref[0])}.{ref[1]}"
        level = found.level if found else "L1"
        label = f"[bold]{level}[/bold] {escape(name)}" + (f" ({how})" if how else "")
        if found is not None and found.lowered is not None:
            reason = self._reasons.get(ref)
            label += f" [green]{found.computed} → {level} by {found.lowered}: {escape(str(reason))}[/green]"
        return label


def asked(manifest: DbtManifest, column: str) -> Ref:
    """Relation and column of `<dataset or model>.<column>`, or of `<layer>.<model>.<column>`.

    CommandError says what there is none of, and what comes nearest.
    """
    from catalog.validate import nearest

    place, dot, name = column.rpartition(".")
    place = place.rpartition(".")[2] if dot else column
    known = {model.name: model for model in manifest.models.values()}
    known |= {m.meta["dataset"]["id"]: m for m in manifest.models.values() if m.meta.get("dataset")}
    model = known.get(place)
    if model is None:
        raise CommandError(ExitCode.USAGE, f"there is no dataset or model `{place}`; {nearest(place, known)}")
    if not dot:
        raise CommandError(ExitCode.USAGE, f"name a column of it too: {place}.<column>")
    if name not in model.columns:
        raise CommandError(ExitCode.USAGE, f"{place} has no column `{name}`; {nearest(name, model.columns)}")
    return f"{model.layer}.{model.name}", name

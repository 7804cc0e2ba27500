"""The policy put in force: compiled from what is authored now and written where the gateway follows it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.compiled import CATALOG_FILE, CompiledCatalog
from catalog.policy.compile import compile_policy, read_policy, write_policy
from catalog.release import read_current, release_folder
from catalog.workspace import Workspace

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.compiled import CompiledDataset
    from catalog.manifest import DbtManifest
    from catalog.policy.model import CompiledPolicy, DatasetPolicy


def apply_policy(
    city: City, workspace: Workspace, datasets: Iterable[CompiledDataset | DatasetPolicy]
) -> CompiledPolicy:
    """Write the policy of `city` over `datasets`; it holds from the gateway's next request on, for every release.

    CatalogError, and the policy in force stays, when the city's rules have faults.
    """
    policy = compile_policy(city, datasets)
    write_policy(policy, workspace.policy)
    return policy


def renew_policy(city: City, workspace: Workspace) -> CompiledPolicy | None:
    """Write the policy anew over the datasets it knows, or else those of the served release.

    Rules and vocabularies are read again; levels and datasets stay as they were last put in force, so that starting
    a server never opens what has been closed since the release was made. None, and nothing is written, while no
    dataset is known: the rules speak of those to come, and without a policy the gateway shows nothing.
    """
    known = _known_datasets(workspace)
    return apply_policy(city, workspace, known) if known else None


def authored_manifest(city: City, workspace: Workspace) -> DbtManifest:
    """The models as authored now, parsed aside; their SQL as the workspace last compiled it, where it did."""
    from catalog.manifest import DbtManifest
    from orchestration.transform.assemble import assemble, authored_file
    from orchestration.transform.build import parse_project

    with tempfile.TemporaryDirectory(prefix="civiclake-policy-") as folder:
        aside = Workspace(Path(folder))
        assemble(city, aside)
        raw = json.loads(parse_project(aside, city).read_bytes())
    return DbtManifest.parse(raw, workspace.dbt / "target", authored_file(city))


def _known_datasets(workspace: Workspace) -> Sequence[CompiledDataset | DatasetPolicy]:
    if workspace.policy.exists() and (known := read_policy(workspace.policy).datasets):
        return known
    number = read_current(workspace)
    if number is None:
        return ()
    return CompiledCatalog.load(release_folder(workspace, number) / CATALOG_FILE).datasets

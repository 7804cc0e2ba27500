"""The runnable dbt project of a city: the shared project plus what the city brings, written into the workspace."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from catalog.city import City
from catalog.errors import CatalogError, Problem
from catalog.exporters.dbt_sources import dbt_sources
from catalog.identifiers import identifier_sql
from catalog.policy.load import minimum_cell
from catalog.policy.mask_forms import mask_forms
from catalog.workspace import Workspace
from orchestration.transform.errors import TransformError
from orchestration.transform.interfaces import (
    PROJECT_DIR,
    Interface,
    empty_model,
    load_interfaces,
    model_properties,
)
from orchestration.transform.profile import profile_text
from orchestration.transform.reach import (
    Reach,
    columns_of,
    empty_properties,
    groups_of_models,
    names_of_models,
    needs_of_models,
    reach,
    reached_properties,
)
from orchestration.transform.specials import special_file, special_files
from orchestration.transform.steps import load_steps

PROFILES_FILE = "profiles.yml"
KEPT_FOLDERS = ("target", "logs")


def assemble(city: City, workspace: Workspace) -> Path:
    """Write the dbt project of `city` into `workspace.dbt` and return that folder.

    Only files whose content changed are written and files no longer wanted are removed, so dbt's partial parsing
    stays warm. TransformError when a staging file of the city satisfies no interface, CatalogError
    when what is declared beside one has faults.
    """
    reached = models_reached(city)
    wanted = shared_files(reached) | staging_files(city, reached)
    wanted |= special_files(city.root, PROJECT_DIR / "models", reached.built)
    wanted["dbt_project.yml"] = (PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8") + _variables(city)
    wanted["models/sources.yml"] = dbt_sources(city)
    wanted[PROFILES_FILE] = profile_text(workspace)
    _synchronise(workspace.dbt, wanted)
    return workspace.dbt


def project_digest(root: Path) -> str:
    """Digest of every file of the assembled project in `root`, but for that of its paths, and of the version of dbt."""
    digest = hashlib.sha256(version("dbt-core").encode())
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and name != PROFILES_FILE and name.split("/")[0] not in KEPT_FOLDERS:
            digest.update(f"{name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def models_reached(city: City) -> Reach:
    """What of the models and interfaces is built of what `city` delivers, and what stands empty beside it."""
    interfaces = load_interfaces()
    provided = _provided(city, interfaces).keys()
    needs, unwanted = needs_of_models(PROJECT_DIR), _unwanted(city)
    found = reach(names_of_models(PROJECT_DIR), interfaces.keys(), provided, needs, unwanted)
    tested = (reached_properties(file.with_suffix(".yml"), found)[1] for file in _models() if file.stem in found.built)
    return Reach(found.built, found.empty.union(*tested) - found.built)


def _unwanted(city: City) -> frozenset[str]:
    """The models the city is without; CatalogError when it names a group that is none."""
    groups = groups_of_models(PROJECT_DIR)
    unknown = sorted(set(city.without) - groups.keys())
    if unknown:
        text, mend = f"{', '.join(unknown)}: no model has this group", f"Name some of: {', '.join(sorted(groups))}"
        raise CatalogError([Problem(city.root / "city.yml", None, "without", text, mend)])
    return frozenset[str]().union(*(groups[name] for name in city.without))


def shared_files(reached: Reach) -> dict[str, str]:
    """Text by relative path of the macros, and of the models built or standing empty."""
    files = {
        file.relative_to(PROJECT_DIR).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted((PROJECT_DIR / "macros").rglob("*.sql"))
    }
    for file in _models():
        name, described = file.relative_to(PROJECT_DIR).as_posix(), file.with_suffix(".yml")
        if file.stem in reached.built:
            files[name] = file.read_text(encoding="utf-8")
            files[name.replace(".sql", ".yml")], _ = reached_properties(described, reached)
        elif file.stem in reached.empty:
            files[name] = empty_model(columns_of(described))
            files[name.replace(".sql", ".yml")] = empty_properties(described)
    return files


def _models() -> list[Path]:
    """The SQL of the shared models; CatalogError when one is not described beside it."""
    files = sorted((PROJECT_DIR / "models").rglob("*.sql"))
    mend = "Describe the model there: grain, title, level, owner, contract"
    missing = [file for file in files if not file.with_suffix(".yml").exists()]
    if missing:
        raise CatalogError([Problem(file.with_suffix(".yml"), None, "", "does not exist", mend) for file in missing])
    return files


def staging_files(city: City, reached: Reach) -> dict[str, str]:
    """Text by relative path of the staging models: the city's own, empty ones where named, their contracts."""
    interfaces = load_interfaces()
    provided = _provided(city, interfaces)
    files = {}
    for name, interface in interfaces.items():
        if name not in reached.built | reached.empty:
            continue
        folder = f"models/staging/{interface.feed}"
        own = provided.get(name)
        feed = city.feeds.get(interface.feed)
        owner = feed.options.owner_org if feed else city.id
        files[f"{folder}/{name}.sql"] = own.read_text(encoding="utf-8") if own else empty_model(interface.columns)
        steps = load_steps(own, {column["name"] for column in interface.columns}) if own else {}
        files[f"{folder}/{name}.yml"] = model_properties(interface, owner=owner, provided=own is not None, steps=steps)
    return files


def authored_file(city: City) -> Callable[[str], Path | None]:
    """For the path of a file of the assembled project the file it was written in, None where it is made by us.

    What describes a staging model is written beside the city's SQL, or in that SQL when nothing is; a model the city
    does not provide is described by its interface.
    """
    interfaces = load_interfaces()
    provided = _provided(city, interfaces)

    def find(copy: str) -> Path | None:
        shared, name = PROJECT_DIR / copy, Path(copy)
        if shared.exists():
            return shared
        if not copy.startswith("models/staging/"):
            return special_file(city.root, name.stem)
        own = provided.get(name.stem)
        described = own.with_suffix(name.suffix) if own else interfaces[name.stem].file
        return described if described.exists() else own

    return find


def _provided(city: City, interfaces: dict[str, Interface]) -> dict[str, Path]:
    found = {}
    for file in sorted(city.staging_dir.rglob("*.sql")):
        if file.stem not in interfaces:
            known = ", ".join(interfaces)
            raise TransformError(f"{file}: no staging interface has this name. Rename the file to one of: {known}")
        found[file.stem] = file
    return found


def _variables(city: City) -> str:
    """The `vars` block: who owns the models of each feed, how late its deliveries may be, how identifiers are checked,
    and what of the policy the models keep to."""
    owners = {
        f"owner_{feed}": city.feeds[feed].options.owner_org if feed in city.feeds else city.id
        for feed in sorted({interface.feed for interface in load_interfaces().values()} | city.feeds.keys())
    }
    lateness = {feed.id: feed.options.lateness.days for feed in city.feeds.values()}
    masks = mask_forms().model_dump(mode="json", include={"compound_surnames", "text"})
    policy = {"masks": masks, "minimum_cell": minimum_cell(city.root)}
    shared = {"lateness_days": lateness, "identifiers": dict(identifier_sql()), **policy}
    values = {"city": city.id, "area_code": city.area_code, "owner_city": city.id, **shared, **owners}
    return f"\nvars:\n  civiclake: {json.dumps(values, ensure_ascii=False)}\n"


def _synchronise(root: Path, wanted: dict[str, str]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for name, text in wanted.items():
        path = root / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in sorted(root.rglob("*"), reverse=True):
        name = path.relative_to(root).as_posix()
        if name.split("/")[0] in KEPT_FOLDERS:
            continue
        if path.is_file() and name not in wanted:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()

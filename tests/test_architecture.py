"""The rules of the house that import directions and linters do not see."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
import typer.main
from pydantic import BaseModel

from catalog.contract.options import (
    FolderSource,
    FolderTransport,
    HttpSource,
    HttpTransport,
    SqlSource,
    SqlTransport,
)
from orchestration.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("catalog", "expectations", "orchestration", "gateway")
LONGEST_MODULE, LONGEST_TEST = 350, 400
LAYERS = ("staging", "base", "topic", "theme", "open", "withdrawal")

# Who alone may import a library (module names; a trailing dot stands for a whole package).
KEEPERS = {
    "gateway": {"duckdb": ("gateway.engine", "gateway.sandbox.child", "gateway.sandbox.nursery")},
    "catalog": {"duckdb": (), "dagster": (), "fastapi": (), "great_expectations": ()},
    "expectations": {
        "great_expectations": ("expectations.gx_engine", "expectations.gx_kinds", "expectations.gx_run"),
        "dagster": (),
    },
    "orchestration": {
        "dagster": ("orchestration.definitions", "orchestration.run", "orchestration.defs."),
        "dagster_dbt": ("orchestration.definitions", "orchestration.run", "orchestration.defs."),
        "great_expectations": (),
    },
}
# What a model of a layer may be made from: the layers before it, and within some layers its own.
READS = {
    "base": {"staging", "base"},
    "topic": {"staging", "base", "topic"},
    "theme": {"base", "topic", "theme"},
    "open": {"base", "topic", "theme"},
    "withdrawal": {"topic"},
}


def modules(*packages: str) -> Iterator[tuple[str, Path, ast.Module]]:
    """Name, file and syntax tree of every module of the packages."""
    for package in packages or PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "scaffold" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                yield name, path, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.AST) -> Iterator[str]:
    """Top-level packages a tree imports when it runs; what stands under TYPE_CHECKING does not run."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]
        yield from imported(node)


def test_libraries_stay_with_their_keepers() -> None:
    strays = [
        f"{name} imports {library}"
        for package, rules in KEEPERS.items()
        for name, _, tree in modules(package)
        for library in set(imported(tree)) & set(rules)
        if not any(name == keeper or (keeper.endswith(".") and name.startswith(keeper)) for keeper in rules[library])
    ]
    assert strays == []


def test_modules_are_short_and_say_what_they_are_for() -> None:
    for longest, packages in (
        (LONGEST_MODULE, (*PACKAGES, "benchmarks", "clients", "examples")),
        (LONGEST_TEST, ("tests",)),
    ):
        found = [
            (path, path.read_text(encoding="utf-8"), ast.get_docstring(tree)) for _, path, tree in modules(*packages)
        ]
        assert [path for path, text, _ in found if text.count("\n") > longest] == []
        assert [path for path, _, told in found if not told or not told.splitlines()[0].strip()] == []


def test_sql_models_and_documents_are_short_too() -> None:
    files = [*(ROOT / "dbt_project").rglob("*.sql"), *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert [path for path in files if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_MODULE] == []


class _Environment(ast.NodeVisitor):
    """Finds reading of the environment in code that runs at import: not in functions."""

    def __init__(self) -> None:
        self.lines: list[int] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults, *node.decorator_list]:
            if default is not None:
                self.visit(default)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        return

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if ast.unparse(node) in ("os.environ", "os.getenv"):
            self.lines.append(node.lineno)


def test_nothing_reads_the_environment_at_import() -> None:
    found = []
    for name, _, tree in modules():
        visitor = _Environment()
        visitor.visit(tree)
        found += [f"{name}:{line}" for line in visitor.lines]
    assert found == []


def test_importing_opens_no_file_and_no_connection() -> None:
    """In a fresh interpreter: all light modules imported, and no socket or file but Python's own was opened."""
    names = [name for name, _, _ in modules("catalog", "expectations", "gateway") if "gx_" not in name
             and not name.endswith("__main__")]  # fmt: skip
    code = f"""
import importlib, sys
opened = []
def watch(event, arguments):
    if event == "socket.connect" or (event == "open" and str(arguments[0]).startswith({str(ROOT)!r})
            and not str(arguments[0]).endswith((".py", ".pyc")) and "/.venv/" not in str(arguments[0])
            and "__pycache__" not in str(arguments[0])):
        opened.append((event, str(arguments[0])))
sys.addaudithook(watch)
for name in {names!r}:
    importlib.import_module(name)
print(opened)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    code = """
import sys
import orchestration.cli.main
heavy = {"dagster", "dbt", "great_expectations", "pandas", "duckdb", "pyarrow", "sqlalchemy", "fastapi", "sqlglot"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class TestReadme:
    """What the README promises is there."""

    @pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
    def test_it_names_both_commands(self, name: str) -> None:
        text = (ROOT / name).read_text(encoding="utf-8")
        targets = (ROOT / "Makefile").read_text(encoding="utf-8")
        for command in ("demo", "test"):
            assert f"make {command}" in text
            assert re.search(rf"^{command}:", targets, re.MULTILINE)

    @pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "docs/onboard-a-city.md", "docs/govern.md"])
    def test_every_command_it_shows_exists(self, name: str) -> None:
        text = (ROOT / name).read_text(encoding="utf-8")
        shown = re.findall(r"civiclake((?: [a-z-]+)+)", text)
        assert shown or "zh-CN" in name
        unknown = [words.strip() for words in shown if not _is_command(words.split())]
        assert unknown == []

    @pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
    def test_every_link_leads_somewhere(self, name: str) -> None:
        targets = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / name).read_text(encoding="utf-8"))
        assert targets
        assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("part", [FolderSource, HttpSource, SqlSource, FolderTransport, HttpTransport, SqlTransport])
def test_the_guide_names_every_key_of_a_source(part: type[BaseModel]) -> None:
    text = (ROOT / "docs" / "onboard-a-city.md").read_text(encoding="utf-8")
    assert [name for name in part.model_fields if not re.search(rf"`{name}\b", text) and name != "kind"] == []
    (kind,) = get_args(part.model_fields["kind"].annotation)
    assert f"kind: {kind}" in text or f"`{kind}`" in text


def _is_command(words: list[str]) -> bool:
    """Whether the first words name a command; what follows a complete command are its arguments."""
    command: click.Command = typer.main.get_command(app)
    for word in words:
        if not isinstance(command, click.Group):
            return True
        if word not in command.commands:
            return False
        command = command.commands[word]
    return True


def test_models_read_only_from_layers_below() -> None:
    models = {path.stem: path.parent.name for path in (ROOT / "dbt_project" / "models").rglob("*.sql")}
    assert set(models.values()) == set(LAYERS) - {"staging"}
    strays = []
    for path in (ROOT / "dbt_project" / "models").rglob("*.sql"):
        layer, text = path.parent.name, path.read_text(encoding="utf-8")
        assert path.stem.startswith(f"{layer}_"), path
        for name in re.findall(r"ref\(\s*'(\w+)'\s*\)", text):
            source = models.get(name, "staging" if name.startswith("stg_") else "?")
            strays += [f"{path.stem} reads {name}"] if source not in READS[layer] else []
        allowed = {"vocab"} if layer in ("base", "topic", "theme", "withdrawal") else set()
        allowed |= {"ops"} if layer == "base" else set()
        strays += [
            f"{path.stem} reads {schema}"
            for schema in re.findall(r"\bsource\(\s*'(\w+)'", text)
            if schema not in allowed
        ]
    assert strays == []


def test_the_changelog_speaks_of_this_version() -> None:
    [version] = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert version in text or "Unreleased" in text
    assert len(re.findall(r"^[-*] ", text, re.MULTILINE)) >= 3


def test_decisions_are_numbered_without_gaps_and_have_a_title() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    assert all(path.read_text(encoding="utf-8").startswith("# ") for path in records)


def test_the_product_speaks_only_of_itself() -> None:
    words = re.compile(r"/(?:work|tmp)/|\.{2}/shared|\b(?:TO[D]O|FIX[M]E|XX[X])\b")
    kinds = {".py", ".sql", ".yml", ".yaml", ".md", ".toml", ".sh"}
    folders = (*PACKAGES, "clients", "dbt_project", "docs", "examples", "benchmarks", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.*") if path.suffix in kinds]
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in [*files, *ROOT.glob("*.*")]
        if path.suffix in kinds and path != Path(__file__).resolve()
        for match in words.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []

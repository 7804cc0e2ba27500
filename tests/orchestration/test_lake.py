"""The lake opens offline, keeps its operational tables and takes vocabularies whole or not at all."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from catalog.errors import CatalogError
from catalog.vocabulary import load_interface
from catalog.workspace import Workspace
from orchestration.lake.connect import attach_options, open_lake
from orchestration.lake.extensions import EXTENSIONS
from orchestration.lake.lock import LakeBusyError, writer_lock
from orchestration.lake.schema import OPS_TABLES, ensure_ops
from orchestration.lake.vocabulary import load_vocabulary
from orchestration.landing.ledger import Ledger

REQUIRED = {
    "division": "990100,云州市,2,,2004-01-01,\n",
    "organisation": "O1,,市城管局,City Management,city,,990100,,\n",
    "calendar": "2024-01-01,false,元旦\n",
}


def write_vocabulary(folder: Path, **bodies: str) -> Path:
    """Vocabulary files from bodies without header; the required ones have defaults."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in {**REQUIRED, **bodies}.items():
        header = ",".join(column for column, _ in load_interface()[name].columns)
        (folder / f"{name}.csv").write_text(f"{header}\n{body}", encoding="utf-8")
    return folder


def test_ops_tables_survive_reopening_and_a_reader_sees_them(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "home with space")
    with open_lake(workspace) as con:
        ensure_ops(con)
        ensure_ops(con)
        snapshots = con.execute("SELECT count(*) FROM lake.snapshots()").fetchone()
        con.execute("INSERT INTO lake.ops.batch (feed, rows_in) VALUES ('hotline', 3)")
        with open_lake(workspace, read_only=True) as reader:
            assert reader.execute("SELECT feed, rows_in FROM ops.batch").fetchall() == [("hotline", 3)]
    assert snapshots == (2,)
    assert set(OPS_TABLES) >= {"batch", "quarantine", "duplicate", "check_result"}


def test_only_the_account_of_the_platform_enters_what_was_delivered(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "home")
    with open_lake(workspace):
        pass
    Ledger(workspace).close()
    folders = (workspace.lake_data.parent, workspace.landing_ledger.parent)
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700, 0o700]


def test_reader_of_a_lake_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no lake yet"):
        open_lake(Workspace(tmp_path), read_only=True)


def test_attachment_names_what_a_dbt_profile_needs(tmp_path: Path) -> None:
    attachment = attach_options(Workspace(tmp_path))
    assert attachment.path.startswith("ducklake:sqlite:/")
    assert attachment.options["META_JOURNAL_MODE"] == "WAL"
    assert attachment.settings["autoinstall_known_extensions"] is False


def test_a_copied_workspace_is_one_of_its_own(tmp_path: Path) -> None:
    home, moved = Workspace(tmp_path / "home"), Workspace(tmp_path / "moved")
    with open_lake(home) as con:
        ensure_ops(con)
        con.execute("CREATE TABLE lake.main.numbers AS SELECT range AS n FROM range(1000)")
    copied = Workspace(shutil.copytree(home.home, tmp_path / "copied"))
    with open_lake(copied) as con:
        con.execute("INSERT INTO lake.main.numbers SELECT range FROM range(1000)")
    home.home.rename(moved.home)
    for workspace, rows in ((copied, 2000), (moved, 1000)):
        with open_lake(workspace, read_only=True) as con:
            assert con.execute("SELECT count(*), count(DISTINCT n) FROM numbers").fetchall() == [(rows, 1000)]


def test_only_installed_extensions_stand_in_the_folder_that_is_trusted(tmp_path: Path) -> None:
    found = attach_options(Workspace(tmp_path)).settings["extension_directory"]
    [folder] = Path(str(found)).glob("*/*")
    (folder / "strange.duckdb_extension").write_bytes(b"somebody else's")
    (folder / "icu.duckdb_extension").unlink()
    (folder / "icu.duckdb_extension").write_bytes(b"somebody else's")
    attach_options(Workspace(tmp_path))
    assert {file.name.partition(".")[0]: file.is_symlink() for file in folder.iterdir()} == dict.fromkeys(
        EXTENSIONS, True
    )


def test_vocabulary_keeps_text_and_is_replaced_only_when_changed(tmp_path: Path) -> None:
    folder = write_vocabulary(tmp_path / "vocabulary", code='permit_type,01,"许可, ""甲""",,,,\n')
    with open_lake(Workspace(tmp_path)) as con:
        ensure_ops(con)
        first = load_vocabulary(con, folder)
        assert first.replaced["code"] == 1
        assert con.execute("SELECT code, name, parent_code FROM vocab.code").fetchall() == [("01", '许可, "甲"', None)]
        assert con.execute("SELECT typeof(day) FROM vocab.calendar").fetchall() == [("DATE",)]
        assert load_vocabulary(con, folder).replaced == {}
        write_vocabulary(folder, code="permit_type,02,新,,,,\n")
        assert load_vocabulary(con, folder).replaced == {"code": 1}
        assert con.execute("SELECT code FROM vocab.code").fetchall() == [("02",)]


@pytest.mark.parametrize(
    ("body", "line", "text"),
    [("2024-01-01,false,\n2024-02-30,true,\n", 3, "`2024-02-30` is not"), ("2024-01-01,false,,,x\n", 2, "as CSV")],
)
def test_bad_vocabulary_names_file_and_line_and_changes_nothing(
    tmp_path: Path, body: str, line: int, text: str
) -> None:
    folder = write_vocabulary(tmp_path / "vocabulary")
    with open_lake(Workspace(tmp_path)) as con:
        ensure_ops(con)
        load_vocabulary(con, folder)
        write_vocabulary(folder, calendar=body, code="s,1,n,,,,\n")
        with pytest.raises(CatalogError, match=text) as caught:
            load_vocabulary(con, folder)
        assert (caught.value.file.name, caught.value.line) == ("calendar.csv", line)
        assert con.execute("SELECT count(*) FROM vocab.calendar").fetchone() == (1,)
        assert con.execute("SELECT count(*) FROM vocab.code").fetchone() == (0,)


def test_second_writer_waits_and_learns_who_holds_the_lake(tmp_path: Path) -> None:
    workspace, heard, done = Workspace(tmp_path), list[str](), threading.Event()

    def compete() -> None:
        with (
            pytest.raises(LakeBusyError, match="held by process"),
            writer_lock(workspace, timeout=0.6, notify=heard.append),
        ):
            pass
        done.set()

    with writer_lock(workspace), writer_lock(workspace):
        rival = threading.Thread(target=compete)
        rival.start()
        rival.join(10)
    assert done.is_set()
    assert "waiting for the lake" in heard[0]

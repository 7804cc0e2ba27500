"""An archive unpacks within its limits to exactly its one file, or says why not."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.contract.options import Limits
from orchestration.connectors.unpack import RATIO_FREE_BYTES, Compression, UnpackError, unpack_to, unpacked


def packed(folder: Path, compression: Compression, content: bytes) -> Path:
    file = folder / f"archive.{compression}"
    if compression == "gzip":
        file.write_bytes(gzip.compress(content, 9))
    elif compression == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("folder/", b"")
            archive.writestr("folder/rows.csv", content)
    else:
        file.write_bytes(content)
    return file


@pytest.mark.parametrize("compression", ["none", "gzip", "zip"])
@settings(max_examples=20)
@given(content=st.binary(max_size=100_000))
def test_what_was_packed_comes_out(
    tmp_path_factory: pytest.TempPathFactory, compression: Compression, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("packed")
    file = packed(folder, compression, content)
    assert unpack_to(file, compression, Limits(), folder / "out") == len(content)
    assert (folder / "out").read_bytes() == content


@pytest.mark.parametrize("compression", ["gzip", "zip"])
@pytest.mark.parametrize("limits", [Limits(max_unpacked_bytes=1000), Limits(max_ratio=2)])
def test_a_bomb_stops_at_the_limit(tmp_path: Path, compression: Compression, limits: Limits) -> None:
    file = packed(tmp_path, compression, bytes(RATIO_FREE_BYTES + 1))
    with pytest.raises(UnpackError, match="unpacks to more than"):
        unpack_to(file, compression, limits, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("compression", ["gzip", "zip"])
def test_a_damaged_archive_is_named_so(tmp_path: Path, compression: Compression) -> None:
    file = packed(tmp_path, compression, b"some rows, some more rows" * 100)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(UnpackError, match="damaged"), unpacked(file, compression, Limits()) as stream:
        stream.read()


def test_a_zip_holds_one_plain_file(tmp_path: Path) -> None:
    file = tmp_path / "two.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", b"a")
        archive.writestr("b.csv", b"b")
    with pytest.raises(UnpackError, match="holds 2 files"), unpacked(file, "zip", Limits()):
        pass

"""Writes a zipped Shapefile of points as surveyors' programs do: a DBF in GBK, names of fields cut after ten bytes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

from departments.files import EPOCH

UNREADABLE = "〓"  # stands for two bytes that are no character
POINT_BYTES = 28


def record_sql(fields: Sequence[tuple[str, int]]) -> str:
    """SQL of one DBF record as text: columns padded to their widths, a Chinese character taking two bytes."""
    texts = [(f"coalesce({name}, '')", width) for name, width in fields]
    padded = [f"{text} || repeat(' ', {width} - (length({text}) + strlen({text})) // 2)" for text, width in texts]
    return "' ' || " + " || ".join(padded)


def zipped(
    stem: str,
    titles: Sequence[tuple[str, int]],
    records: Sequence[str],
    points: tuple[Any, Any],
    projection: str | None,
) -> bytes:
    """The archive of the parts; `points` are arrays of x and y, `titles` the names of the fields and their widths."""
    parts = {".shp": _points(*points), ".shx": _index(len(records)), ".dbf": _table(titles, records)}
    if projection:
        parts[".prj"] = projection.encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix, content in parts.items():
            archive.writestr(zipfile.ZipInfo(f"{stem}{suffix}", EPOCH), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _table(titles: Sequence[tuple[str, int]], records: Sequence[str]) -> bytes:
    """A dBase III table; cut names may end within a character."""
    head = 32 + 32 * len(titles) + 1
    start = struct.pack("<B3BIHH20x", 3, 126, 6, 1, len(records), head, 1 + sum(width for _, width in titles))
    fields = [
        title.encode("gb18030")[:10].ljust(11, b"\0") + b"C" + b"\0" * 4 + bytes([width]) + b"\0" * 15
        for title, width in titles
    ]
    body = "".join(records).encode("gb18030").replace(UNREADABLE.encode("gb18030"), b"\xff\xff")
    return start + b"".join(fields) + b"\r" + body + b"\x1a"


def _points(x: Any, y: Any) -> bytes:
    import numpy as np

    layout = [("number", ">i4"), ("words", ">i4"), ("kind", "<i4"), ("x", "<f8"), ("y", "<f8")]
    shapes = np.zeros(len(x), dtype=np.dtype(layout))
    shapes["number"] = np.arange(1, len(x) + 1)
    shapes["words"], shapes["kind"], shapes["x"], shapes["y"] = 10, 1, x, y
    box = (x.min(), y.min(), x.max(), y.max()) if len(x) else (0, 0, 0, 0)
    return _head(100 + POINT_BYTES * len(x), box) + shapes.tobytes()


def _index(count: int) -> bytes:
    import numpy as np

    places = np.empty((count, 2), dtype=">i4")
    places[:, 0] = 50 + POINT_BYTES // 2 * np.arange(count)
    places[:, 1] = 10
    return _head(100 + 8 * count, (0, 0, 0, 0)) + places.tobytes()


def _head(size: int, box: tuple[float, ...]) -> bytes:
    return struct.pack(">i20xi", 9994, size // 2) + struct.pack("<ii8d", 1000, 1, *box, 0, 0, 0, 0)

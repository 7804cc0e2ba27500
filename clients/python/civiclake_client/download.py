"""Files of a dataset, byte for byte: resumed where they broke off, begun anew when they changed, checked at the end."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from civiclake_client.link import Link, Parameters
from civiclake_client.problems import BadRequestError, DamagedFileError, MissingFileError, UnreachableError
from civiclake_client.progress import Progress

_OUT_OF_RANGE, _PARTIAL = 416, 206


@dataclass(frozen=True)
class _Told:
    """What the catalogue tells of a file: its size in bytes, and its sha256, which is its entity tag."""

    bytes: int
    sha256: str

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'


@dataclass(frozen=True)
class Download:
    """One file on its way: `target` at the end; until then `target.part`, and beside it the tag of its bytes."""

    link: Link
    dataset: str
    name: str
    target: Path
    release: int | None
    tell: Progress

    def run(self) -> Path:
        """Fetch the file. Raises MissingFileError, DamagedFileError, UnreachableError or a problem."""
        idle = damaged = 0
        while True:
            told = self._told()
            if _digest(self.target) == told.sha256:
                return self.target
            before = self._held(told)
            fault = self._fetch(told, before)
            if fault is not None:
                idle = 0 if self._held(told) > before else idle + 1
                if idle >= self.link.patience.attempts:
                    raise UnreachableError(f"`{self.name}` broke off; call again to go on from there.") from fault
                self.link.pause(max(idle, 1))
            elif self._tag.read_text(encoding="ascii") == told.etag:
                if _digest(self._part) == told.sha256:
                    self._part.replace(self.target)
                    self._tag.unlink()
                    return self.target
                self._part.unlink(missing_ok=True)
                damaged += 1
            else:
                damaged += 1  # another release came between the catalogue and the file: ask the catalogue again
            if damaged >= self.link.patience.attempts:
                raise DamagedFileError(f"`{self.name}` is not what the catalogue tells of. Tell the publisher.")

    @property
    def _part(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def _tag(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part.etag")

    @property
    def _query(self) -> Parameters:
        return [] if self.release is None else [("release", str(self.release))]

    def _told(self) -> _Told:
        document = self.link.json(f"/v1/datasets/{quote(self.dataset, safe='')}", self._query)
        files = {file["name"]: file for file in document["distributions"]}
        if self.name not in files:
            there = ", ".join(files) or "none"
            raise MissingFileError(
                f"`{self.dataset}` has no file `{self.name}` for you now (there are: {there}). "
                "One that is being written anew comes back in a moment."
            )
        return _Told(files[self.name]["bytes"], files[self.name]["sha256"])

    def _held(self, told: _Told) -> int:
        """How many bytes of this very file are there."""
        if not (self._part.is_file() and self._tag.is_file()):
            return 0
        held = self._part.stat().st_size
        return held if self._tag.read_text(encoding="ascii") == told.etag and held <= told.bytes else 0

    def _fetch(self, told: _Told, held: int) -> httpx.RequestError | None:
        """Append what is missing, or write everything anew; what broke it off, if something did."""
        if held and held == told.bytes:
            return None
        headers = {"Accept-Encoding": "identity"}
        if held:
            headers |= {"Range": f"bytes={held}-", "If-Range": told.etag}
        path = f"/v1/datasets/{quote(self.dataset, safe='')}/files/{quote(self.name, safe='')}"
        try:
            with self.link.stream(path, self._query, headers) as response:
                self._write(response, told, held)
        except BadRequestError as problem:
            if problem.status != _OUT_OF_RANGE:
                raise
            self._part.unlink()
        except httpx.RequestError as error:
            return error
        return None

    def _write(self, response: httpx.Response, told: _Told, held: int) -> None:
        goes_on = (
            response.status_code == _PARTIAL
            and response.headers.get("ETag") == told.etag
            and re.match(rf"bytes {held}-", response.headers.get("Content-Range", "")) is not None
        )
        if response.status_code == _PARTIAL and not goes_on:
            raise DamagedFileError(f"`{self.name}`: the server sent another part than it was asked for.")
        if not goes_on:
            self._part.unlink(missing_ok=True)  # before the tag: a tag never stands beside another file's bytes
            self._tag.write_text(response.headers.get("ETag", ""), encoding="ascii")
        done = held if goes_on else 0
        total = done + int(response.headers.get("Content-Length", 0))
        with self._part.open("ab" if goes_on else "wb") as file:
            for chunk in response.iter_raw():  # as they come: what is held back is lost when it breaks off
                file.write(chunk)
                done += len(chunk)
                self.tell(done, total)


def _digest(path: Path) -> str | None:
    """SHA-256 of a file, None when there is none."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

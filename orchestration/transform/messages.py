"""What dbt says of a city's models, in the names a city knows: its own files, and no stack of dbt's macros."""

from __future__ import annotations

import re

from catalog.city import City
from orchestration.transform.assemble import authored_file
from orchestration.transform.interfaces import PROJECT_DIR, load_interfaces

_CALLED = re.compile(r"\s*> (?:in|called by) \w+ \S+ \((?P<file>[^)]+)\)")
_COPY = re.compile(r"(?<![\w/])models/[\w./-]+\.(?:sql|yml)")
_BROKEN_CONTRACT = re.compile(r"in model (?P<interface>\w+) \(models/staging/.*enforced contract", re.DOTALL)


def readable(message: str, city: City) -> str:
    """`message` with the city's files for the copies dbt read, and of the macros only those of this project."""
    authored = authored_file(city)
    calls = ((line, _CALLED.match(line)) for line in message.splitlines())
    kept = "\n".join(line for line, call in calls if call is None or (PROJECT_DIR / call["file"]).exists()).rstrip()
    told = _COPY.sub(lambda copy: str(authored(copy[0]) or copy[0]), kept)
    found = _BROKEN_CONTRACT.search(message)
    interface = load_interfaces().get(found["interface"]) if found else None
    return f"{told}\n  The contract is {interface.name} in {interface.file}" if interface else told

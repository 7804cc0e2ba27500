"""The unit tests of the models that only the whole city builds; those of the four first feeds are run in tests/dbt."""

from __future__ import annotations

import pytest

from catalog.city import load_city
from orchestration.lake.lock import writer_lock
from orchestration.transform.assemble import models_reached
from orchestration.transform.build import run_dbt
from tests.city.conftest import Built
from tests.city.systems import CITY, SPINE

pytestmark = pytest.mark.slow(seconds=60)


def test_every_unit_test_of_the_libraries_is_well(libraries: Built) -> None:
    only_here = models_reached(load_city(CITY)).built - models_reached(load_city(SPINE)).built
    chosen = [f"{model},test_type:unit" for model in sorted(only_here)]
    with writer_lock(libraries.workspace):
        outcome = run_dbt(libraries.workspace, "test", as_of=libraries.last, select=chosen)
    assert outcome.ok, [f"{node.name}: {node.message}" for node in outcome.failed]
    assert len(outcome.nodes) >= 8

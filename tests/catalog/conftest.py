"""The test city and its compiled dbt project, made once."""

from __future__ import annotations

import pytest

from catalog.city import City, load_city
from catalog.manifest import DbtManifest
from tests.catalog import contracts, project
from tests.catalog.test_city import make_city


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    folder = make_city(tmp_path_factory.mktemp("city"))
    contracts.write(folder / "feeds")
    return load_city(folder)


@pytest.fixture(scope="session")
def manifest(city: City, tmp_path_factory: pytest.TempPathFactory) -> DbtManifest:
    folder = project.write_project(city, tmp_path_factory.mktemp("dbt"))
    return DbtManifest.load(project.compile_project(folder))

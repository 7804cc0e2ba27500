"""The OpenAPI document tells of everything that is there, and of nothing that is not."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from fastapi.openapi.models import OpenAPI

from gateway.answers.forms import FORMS
from gateway.app import ROUTERS
from gateway.doors.native.openapi_parts import USAGE_OF_OWNERS
from gateway.problems import CATALOGUE, InternalError
from gateway.query.operators import OPERATORS, operators_of
from gateway.standards.syntax import SYNTAXES
from gateway.view.types import ValueType
from tests.gateway.fake_release import TICKETS


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def test_it_is_a_valid_document(document: dict[str, Any]) -> None:
    OpenAPI.model_validate(document)
    ids = [op["operationId"] for path in document["paths"].values() for op in path.values() if "operationId" in op]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in re.findall(r"'\$ref': '#/components/(.*?)'", str(document)):
        kind, _, name = reference.partition("/")
        assert name in document["components"][kind]


def test_every_route_is_described_for_every_dataset(document: dict[str, Any]) -> None:
    files = {"tickets": ("tickets.csv", "tickets.parquet"), "sealed_key": ()}
    expected: set[str] = set()
    for path in (getattr(route, "path", "") for router in ROUTERS for route in router.routes):
        for dataset in files if "{dataset}" in path else ("",):
            concrete = path.replace("{dataset}", dataset)
            names = files.get(dataset, ()) if "{name}" in path else ("",)
            syntaxes = SYNTAXES if "{syntax}" in path else ("",)
            expected |= {concrete.replace("{name}", n).replace("{syntax}", g) for n in names for g in syntaxes}
    requests = {path for path in expected if path.startswith(("/open311/", "/v1/codes/"))}  # it has neither
    requests.add("/v1/datasets/sealed_key/verify")  # whose key is open to nobody
    assert set(document["paths"]) == expected - set(USAGE_OF_OWNERS) - requests  # which the public is not told of
    for door in ("rows", "aggregate"):
        suffix = document["paths"][f"/v1/datasets/tickets/{door}.{{suffix}}"]["get"]["parameters"][0]
        assert suffix["schema"]["enum"] == [name for name, form in FORMS.items() if not form.placed]


def test_every_parameter_of_rows_is_taken_and_no_other(client: httpx.Client, document: dict[str, Any]) -> None:
    """Both ways: what is described works, and what works is described."""
    described = document["components"]["parameters"]
    references = [
        entry["$ref"].rpartition("/")[2]
        for entry in document["paths"]["/v1/datasets/tickets/rows"]["get"]["parameters"]
    ]
    names = {described[reference]["name"] for reference in references}
    own = {"select", "order", "limit", "cursor", "total", "format", "bom", "release", "q"}
    expected = set(own)
    for column, (stored, level) in TICKETS.items():
        if level == "L1":
            expected |= {f"{column}__{operator.name}" for operator in operators_of(ValueType.of(stored))}
            expected |= {column} if stored != "VARCHAR[]" else set()
    assert names == expected
    for name in names - own:
        answer = client.get("/v1/datasets/tickets/rows", params={name: ""})
        assert answer.json().get("code", "bad-value") == "bad-value", name


def test_every_operator_and_problem_is_explained(document: dict[str, Any]) -> None:
    introduction = document["info"]["description"]
    for operator in OPERATORS.values():
        assert f"`column__{operator.name}` ({operator.arity.value}): {operator.sentence}" in introduction
    answers = str(document["components"]["responses"])
    assert all(f"`{entry.code}`" in answers for kind, entry in CATALOGUE.items() if kind is not InternalError)


def test_answers_are_as_described(client: httpx.Client, document: dict[str, Any]) -> None:
    import jsonschema

    for address, schema in (
        ("/v1/datasets/tickets/rows?limit=80", "tickets.page"),
        ("/v1/datasets/sealed_key/rows", "sealed_key.page"),
        ("/v1/datasets/tickets/rows?limit=x", "problem"),
        ("/v1/datasets/tickets/aggregate?group=district,urgent&measure=count,fee__sum", "groups"),
        ("/v1/datasets/tickets/aggregate?group=rank", "groups"),
        ("/v1/datasets/tickets/distinct?column=opened_on__month", "values"),
        ("/v1/datasets/tickets/facets?facets=district,urgent", "facets"),
        ("/v1/datasets/tickets/count", "count"),
        ("/v1/datasets/tickets/count?rank=1", "count"),
        ("/v1/datasets/tickets/changes?since=1", "changes"),
        ("/v1/releases", "releases"),
        ("/v1/datasets", "datasets"),
        ("/v1/datasets/tickets", "dataset"),
        ("/healthz", "health"),
    ):
        jsonschema.validate(
            client.get(address).json(), {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
        )

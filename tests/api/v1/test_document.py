"""The OpenAPI document is valid and whole, and the page that people read shows all of it under the strict policy."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from simplane.api.problems import PROBLEMS
from simplane.api.v1.document import document
from tests.api.v1.calls import Program, program

pytestmark = pytest.mark.django_db
Tree = dict[str, Any]
HIDDEN = {"/api/v1/openapi.json"}


@pytest.fixture
def caller() -> Program:
    return program(0)


def operations() -> list[tuple[str, str, Tree]]:
    return [
        (path, method, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_document_is_valid_and_public(caller: Program) -> None:
    caller.secret = ""
    answer = caller.get("/openapi.json")
    validate(answer.told)
    assert (answer.status, answer.told["openapi"]) == (200, "3.1.0")
    assert answer.told == json.loads(json.dumps(document()))


def test_every_operation_has_a_name_an_example_and_its_refusals() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    bare = []
    for path, method, operation in operations():
        assert operation["summary"]
        assert operation["description"], path
        bodies = [operation["requestBody"]["content"]] if "requestBody" in operation else []
        bodies += [told["content"] for told in operation["responses"].values() if "content" in told]
        for content in bodies:
            for media, shown in content.items():
                if not media.startswith("image/") and not {"example", "examples"} & set(shown):
                    bare.append(f"{method} {path} {media}")
        assert {"400", "500", "503"} <= set(operation["responses"])
        if operation["security"]:
            assert {"401", "403", "429"} <= set(operation["responses"])
    assert bare == []


def test_examples_have_the_shape_they_explain() -> None:
    made = document()
    for path, method, operation in operations():
        bodies = [operation["requestBody"]["content"]] if "requestBody" in operation else []
        bodies += [told.get("content", {}) for told in operation["responses"].values()]
        for content in bodies:
            for shown in content.values():
                judge = Draft202012Validator(shown["schema"] | {"components": made["components"]})
                for example in shown.get("examples", {}).values():
                    assert [error.message for error in judge.iter_errors(example["value"])] == [], f"{method} {path}"


def test_every_route_stands_in_the_document() -> None:
    documented = {re.sub(r"{\w+}", "{}", path) for path in document()["paths"]} | HIDDEN
    assert {re.sub(r"<[^>]+>", "{}", route) for route in _routes(get_resolver(), "/")} == documented


def test_the_page_shows_every_call_and_every_problem_without_a_script(caller: Program) -> None:
    caller.secret = ""
    answer = caller.get("/api/docs")
    page = answer.raw.decode()
    assert answer.status == 200
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*src=)|style=\"|onclick", page)
    for path, _, operation in operations():
        assert f'id="{operation["operationId"]}"' in page, path
    for code in PROBLEMS:
        assert f"<code>{code}</code>" in page
    assert caller.post("/api/docs").status in (403, 405)


def _routes(resolver: URLResolver, prefix: str) -> list[str]:
    found: list[str] = []
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += _routes(entry, route)
        elif isinstance(entry, URLPattern) and route.startswith("/api/v1/") and route != "/api/v1/":
            found.append(route)
    return found

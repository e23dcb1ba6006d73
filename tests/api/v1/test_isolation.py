"""No route tells one reseller anything of another, none answers without a key, none beyond the key's scopes.

The routes come from the document and the ids from every table that has some, so what is added is looked at too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from simplane.api.v1.document import document
from simplane.catalog.wholesale import make_quote
from simplane.core.tenancy import everywhere
from simplane.delivery.links import unit_token
from simplane.lines.models import Line
from simplane.organizations.keys import SCOPES, create_key
from simplane.organizations.models import ApiKey
from simplane.webhooks.models import Delivery
from tests import factories
from tests.api.v1.calls import Program, program, sold

PUBLIC = {("post", "/api/v1/oauth/token")}
"""May be called without a key: they answer with nothing, or are the way to one."""
Tree = dict[str, Any]


def routes(*, of_companies: bool = False) -> Iterator[tuple[str, str, Tree]]:
    """Of resellers, or of companies (test_tenant_isolation.py)."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/api/v1/tenants/") == of_companies:
                yield method, path, operation


def body_of(operation: Tree) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    first: Tree = next(iter(content.get("examples", {}).values()), {})
    return first.get("value")


def query_of(operation: Tree) -> Tree:
    return {one["name"]: one["example"] for one in operation["parameters"] if one["in"] == "query" and one["required"]}


def call(caller: Program, method: str, path: str, operation: Tree) -> Any:
    headers = {"Idempotency-Key": f"k-{method}-{path[:200]}"} if method in ("post", "patch") else {}
    return caller.call(method.upper(), path, body=body_of(operation), query=query_of(operation), headers=headers)


@pytest.fixture
def owner(transactional_db: None) -> Program:
    """A reseller who has one of everything."""
    product = sold("ESIM-EU-5GB-30D", 9_00)
    made = program()
    order = factories.order(organization=made.organization, book="wholesale", account=made.organization.slug)
    unit = factories.delivered_unit(order_line=factories.order_line(order=order, product=product))
    unit_token(unit_id=unit.pk, order_id=order.pk, line=unit.line, locale="en")
    make_quote(made.organization, product.sku, 3)
    endpoint = made.post("/webhooks", {"url": "https://hooks.example.com/simplane", "event_types": []}).told
    made.post(f"/webhooks/{endpoint['id']}/test")
    return made


def ids_of(caller: Program) -> set[str]:
    """Every public id in any table that belongs to this organization."""
    found: set[str] = set()
    for model in apps.get_models():
        try:
            model._meta.get_field("public_id")
            model._meta.get_field("organization")
        except FieldDoesNotExist:
            continue
        with everywhere():
            rows = model._default_manager.filter(organization_id=caller.organization.pk)
            found |= set(rows.values_list("public_id", flat=True))
    return found | set(Delivery.objects.values_list("public_id", flat=True))


def secrets_of(caller: Program) -> list[str]:
    """What must never stand in an answer to somebody else."""
    own = [caller.organization.name, caller.organization.slug, *ids_of(caller)]
    for line in Line.objects.all():
        own += [line.iccid, line.matching_id]
    return own


def test_ids_of_another_reseller_are_as_if_they_were_not_there(owner: Program) -> None:
    stranger = program()
    ApiKey.objects.update(rate_per_minute=6_000_000)
    ids, secrets = ids_of(owner), secrets_of(owner)
    assert len(ids) >= 6
    reached: dict[str, bool] = {}
    for method, path, operation in routes():
        if not re.search(r"{(?!sku)\w+}", path):
            continue
        for one in sorted(ids):
            target = re.sub(r"{\w+}", one, path)
            answer = call(stranger, method, target, operation)
            assert (answer.status, answer.code) == (404, "not_found"), f"{method} {target}: {answer.raw!r}"
            assert not [text for text in secrets if text in answer.raw.decode() and text != one]
            if method == "get" and "deliver" not in path and "top-ups" not in path:
                reached[path] = reached.get(path, False) or owner.get(target).status == 200
    # The ids were good ones: their owner reads each of these with one of them.
    assert all(reached.values()), reached


def test_no_list_and_no_call_without_an_id_tells_of_another_reseller(owner: Program) -> None:
    stranger = program()
    secrets = secrets_of(owner)
    quote = next(one for one in ids_of(owner) if one.startswith("quo_"))
    for method, path, operation in routes():
        if "{" not in path and (method, path) not in PUBLIC:
            answer = call(stranger, method, path, operation)
            assert answer.status != 500
            assert not [text for text in secrets if text in answer.raw.decode("utf-8", "replace")], f"{method} {path}"
    for name, one in (("order", "ord_"), ("reference", "ord_")):
        known = next(text for text in ids_of(owner) if text.startswith(one))
        found = stranger.get("/esims" if name == "order" else "/orders", **{name: known})
        assert found.told["data"] == []
    stolen = {"lines": [{"sku": "ESIM-EU-5GB-30D", "quantity": 3, "quote": quote}]}
    assert stranger.post("/orders", stolen, key="steal").code == "unknown_quote"


def test_no_route_answers_without_a_key_or_without_its_scope(owner: Program) -> None:
    nobody = Program(owner.organization, "")
    unused = {"catalogue:read", "webhooks:write"}
    blind = {
        scope: Program(
            owner.organization, create_key(owner.organization, "blind", scopes=[next(iter(unused - {scope}))]).secret
        )
        for scope in SCOPES
    }
    ApiKey.objects.update(rate_per_minute=6_000_000)
    open_ones = set()
    for method, path, operation in routes():
        target = re.sub(r"{\w+}", "unt_x", path)
        if not operation["security"]:
            open_ones.add((method, path))
            continue
        answer = call(nobody, method, target, operation)
        assert (answer.status, answer.code) == (401, "unauthorized"), f"{method} {path}"
        [scope] = operation["security"][0]["ApiKey"]
        answer = call(blind[scope], method, target, operation)
        assert (answer.status, answer.code) == (403, "missing_scope"), f"{method} {path}"
    assert open_ones == PUBLIC

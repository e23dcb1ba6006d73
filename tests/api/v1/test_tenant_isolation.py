"""No address of a company answers another company, a reseller, or a key without its scope; ids of others find nothing."""

from __future__ import annotations

import re

import pytest

from simplane.core import tenancy
from simplane.fleet.models import FleetLine, Operation
from simplane.organizations.company_roles import SCOPES
from simplane.organizations.keys import create_key
from simplane.organizations.models import ApiKey
from simplane.workforce.models import Employee
from tests.api.v1.calls import Program, firm, program
from tests.api.v1.company import one_of_each
from tests.api.v1.test_isolation import call, ids_of, routes

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_company_finds_its_own_and_nothing_of_anybody_else() -> None:
    acme, globex, shop = firm(), firm("globex"), program()
    mine = one_of_each(acme.organization)
    ids = sorted(ids_of(acme))
    assert len(ids) >= 7
    ApiKey.objects.update(rate_per_minute=6_000_000)
    reached: dict[str, bool] = {}
    for method, path, operation in routes(of_companies=True):
        for one in ids if "{id}" in path else ids[:1]:
            for who, slug in ((globex, "acme"), (shop, "acme"), (shop, shop.organization.slug), (globex, "globex")):
                target = path.replace("{tenant}", slug).replace("{id}", one)
                answer = call(who, method, target, operation)
                if "{id}" in path or slug != who.organization.slug or who is shop:
                    assert (answer.status, answer.code) == (404, "not_found"), f"{method} {target}: {answer.raw!r}"
                assert not [text for text in ids if text in answer.raw.decode() and text != one], f"{method} {target}"
            if method == "get":
                own = acme.get(path.replace("{tenant}", "acme").replace("{id}", one))
                reached[path] = reached.get(path, False) or own.status == 200
    assert all(reached.values()), reached
    stolen = globex.post("/tenants/globex/lines/provision", {"plan": mine["plans"]}, key="steal")
    assert stolen.code == "no_such_plan"
    for level in ("employee", "line"):
        asked = globex.get("/tenants/globex/usage", level=level, id=mine[f"{level}s"])
        assert asked.code == "bad_parameter"
    with tenancy.scope(acme.organization.pk):
        assert (FleetLine.objects.count(), Operation.objects.count()) == (1, 1)
        assert Employee.objects.get().state == "active"


def test_no_address_of_a_company_answers_without_a_key_or_its_scope() -> None:
    acme = firm()
    nobody = Program(acme.organization, "")
    blind = {
        scope: Program(
            acme.organization,
            create_key(acme.organization, "blind", scopes=[one for one in SCOPES if one != scope]).secret,
        )
        for scope in SCOPES
    }
    ApiKey.objects.update(rate_per_minute=6_000_000)
    for method, path, operation in routes(of_companies=True):
        target = re.sub(r"{\w+}", "x", path.replace("{tenant}", "acme"))
        assert call(nobody, method, target, operation).code == "unauthorized", f"{method} {path}"
        [scope] = operation["security"][0]["ApiKey"]
        answer = call(blind[scope], method, target, operation)
        assert (answer.status, answer.code) == (403, "missing_scope"), f"{method} {path}"

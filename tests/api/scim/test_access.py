"""Who may call the SCIM server: the company's own token, for its own people, at its own pace."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from simplane.core import clock, tenancy
from simplane.core.errors import BadInput, NotFound
from simplane.core.ids import new_id
from simplane.organizations import hosts
from simplane.workforce import tokens
from simplane.workforce.models import Employee, ScimToken
from tests.api.scim.calls import COPIES, Caller, caller
from tests.companies import company, employee

pytestmark = pytest.mark.django_db


def test_another_companys_people_and_groups_are_not_there() -> None:
    acme, beta = company("acme"), company("beta")
    ours, theirs = caller(acme), caller(beta)
    ben = theirs.create("ben")
    group = theirs.send("POST", "/Groups", {"displayName": "g", "members": [{"value": ben["id"]}]}, status=201)

    for path in (f"/Users/{ben['id']}", f"/Groups/{group['id']}"):
        ours.send("GET", path, status=404)
        ours.send("PUT", path, {"userName": "x", "displayName": "x"}, status=404)
        ours.patch(path, {"op": "Remove", "path": "externalId"}, status=404)
        ours.send("DELETE", path, status=404)
    assert ours.found("Users", f'id eq "{ben["id"]}"') == []
    assert ours.send("GET", "/?count=10")["totalResults"] == 0
    assert (
        "no person"
        in ours.send("POST", "/Groups", {"displayName": "g", "members": [{"value": ben["id"]}]}, status=400)["detail"]
    )
    assert ours.create("ben")["id"] != ben["id"]


def test_only_a_living_token_is_taken_and_on_a_companys_host_only_its_own() -> None:
    acme, beta = company("acme"), company("beta")
    hosts.forget()
    ours = caller(acme)
    for secret in ("", "scim_nothing", "Bearer"):
        answer = Client(headers={"Authorization": f"Bearer {secret}"}).get("/scim/v2/Users")
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="SCIM"')
    at_home = ours.client.get("/scim/v2/Users", headers={"host": "acme.localhost"})
    assert (at_home.status_code, at_home["Content-Type"]) == (200, "application/scim+json")
    assert ours.client.get("/scim/v2/Users", headers={"host": f"{beta.slug}.localhost"}).status_code == 401

    with tenancy.scope(acme.pk):
        (token,) = tokens.living()
        assert token.last_used_at is not None
        tokens.revoke_token(token.public_id)
    ours.send("GET", "/Users", status=401)


def test_too_many_calls_are_told_when_to_come_back() -> None:
    acme = company()
    ours = caller(acme)
    with connection.cursor() as cursor:
        cursor.execute("SELECT simplane_take(%s, 50, 200, 300, 60)", [f"scim:{acme.pk}"])

    answer = ours.client.get("/scim/v2/Users")

    assert answer.status_code == 429
    assert answer["Retry-After"] in {"1", "2"}
    assert ours.client.get("/scim/v2/Schemas", headers={"authorization": ""}).status_code == 401


def test_a_page_of_5000_people_is_quick_and_asks_the_database_as_often_as_one_of_ten() -> None:
    acme = company()
    employee(acme)
    ours = caller(acme)
    with tenancy.scope(acme.pk), connection.cursor() as cursor:
        cursor.execute(COPIES, [acme.pk])
        assert Employee.objects.count() == 5001
    ours.send("GET", "/Users?count=0")
    assert few(ours, 10) == few(ours, 100)

    took = []
    for start in (1, 2500, 4800):
        began = time.perf_counter()
        page = ours.send("GET", f"/Users?startIndex={start}&count=100")
        took.append(time.perf_counter() - began)
        assert (page["totalResults"], page["itemsPerPage"], len(page["Resources"])) == (5001, 100, 100)
    assert min(took) < 0.3


def few(ours: Caller, count: int) -> int:
    with CaptureQueriesContext(connection) as asked:
        ours.send("GET", f"/Users?count={count}")
    return len(asked)


@pytest.mark.django_db(transaction=True)
def test_changes_of_one_group_that_come_at_once_all_count() -> None:
    ours = caller(company())
    people = [ours.create(f"p{number}")["id"] for number in range(3)]
    path = f"/Groups/{ours.send('POST', '/Groups', {'displayName': 'g'}, status=201)['id']}"
    ready = threading.Barrier(len(people))

    def add(person: str) -> None:
        ready.wait()
        ours.patch(path, {"op": "Add", "path": "members", "value": [{"value": person}]})
        connection.close()

    threads = [threading.Thread(target=add, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {one["value"] for one in ours.send("GET", path)["members"]} == set(people)


def test_a_company_holds_only_so_many_tokens_and_nobody_reads_one_again() -> None:
    with tenancy.scope(company().pk):
        made = [tokens.create_token(f"HR {number}") for number in range(tokens.MOST)]
        with pytest.raises(BadInput, match="tokens already"):
            tokens.create_token("one more")
        with pytest.raises(BadInput, match="needs a name"):
            tokens.create_token(" ")
        assert made[0].secret not in str(list(ScimToken.objects.values()))
        assert made[0].token.created_at <= clock.now()
        with pytest.raises(NotFound):
            tokens.revoke_token(new_id("tok"))

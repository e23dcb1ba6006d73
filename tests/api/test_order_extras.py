"""What POST /api/v1/orders does beside placing: dry runs, a wait for delivery, rates shared by tokens, faults of test orders."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from simplane.api import limits, order_wait
from simplane.core import clock
from simplane.core.ids import new_id
from simplane.core.models import StoredAnswer
from simplane.ledger.models import Wallet
from simplane.ordering.models import Order, Unit
from simplane.organizations.keys import create_key, hash_of
from simplane.organizations.models import ApiKey
from tests.api.test_place_order import ONE, Caller, commit_together, make_caller, nothing_happened

pytestmark = pytest.mark.django_db(transaction=True)
DRY = {"QUERY_STRING": "dry_run=true"}


def test_a_dry_run_says_what_would_be_and_leaves_nothing() -> None:
    caller = make_caller()

    dry = caller.post({"lines": [{"sku": "EU-5", "quantity": 2}], "reference": "PO-7"}, key=None, **DRY)
    short = caller.post({"lines": [{"sku": "EU-5", "quantity": 900}]}, key=None, **DRY)
    unknown = caller.post({"lines": [{"sku": "NO"}]}, key=None, **DRY)

    assert dry.status == 200
    assert {**dry.told, "created_at": ""} == {
        "id": None, "object": "order", "reference": "PO-7", "state": "open", "test": False, "currency": "EUR",
        "total_minor": 9_00, "created_at": "", "dry_run": True,
        "lines": [{"sku": "EU-5", "quantity": 2, "unit_price_minor": 4_50, "units": []}],
    }  # fmt: skip
    assert (short.status, unknown.status) == (402, 422)
    assert nothing_happened()
    assert Wallet.objects.get().balance_minor == 100_00
    assert caller.post({"lines": [{"sku": "EU-5"}], "reference": "PO-7"}).status == 201


def test_dry_runs_are_calls_like_others() -> None:
    caller = make_caller()
    ApiKey.objects.update(rate_per_minute=20)

    answers = [caller.post(key=None, **DRY) for _ in range(3)]

    assert [one.status for one in answers] == [200, 200, 429]
    assert caller.post().status == 429


@pytest.mark.parametrize("query", ["dry_run=yes", "dry_run=true&x=1", "dryrun=true", "dry_run=true&dry_run=false"])
def test_another_query_is_refused(query: str) -> None:
    answer = make_caller().post(QUERY_STRING=query)

    assert (answer.status, answer.told["code"]) == (422, "bad_request")
    assert nothing_happened()


def test_every_answer_says_what_is_left_and_a_refusal_when_to_come_back() -> None:
    caller = make_caller()
    ApiKey.objects.update(rate_per_minute=30)  # three at once, then one every two seconds

    answers = [caller.post(key=f"k-{number}") for number in range(4)]

    assert {one.headers["RateLimit-Policy"] for one in answers} == {'"key";q=3;w=6'}
    assert [one.headers["RateLimit"] for one in answers] == [
        '"key";r=2;t=2',
        '"key";r=1;t=4',
        '"key";r=0;t=6',
        '"key";r=0;t=6',
    ]
    assert (answers[3].status, answers[3].headers["Retry-After"]) == (429, "2")
    assert "RateLimit" not in caller.post(HTTP_AUTHORIZATION="Bearer sk_live_nobody").headers


@pytest.mark.parametrize("batch", [64, 1], ids=["batched", "alone"])
def test_what_a_key_may_not_do_costs_its_rate_as_well(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    commit_together(batch, monkeypatch)
    caller = make_caller()
    ApiKey.objects.update(rate_per_minute=30, scopes=["orders:read"])

    answers = [caller.post(key=f"k-{number}") for number in range(2)]
    ApiKey.objects.update(scopes=["orders:write"], allowed_networks=["198.51.100.0/24"])
    answers += [caller.post(key=None, **DRY), caller.post(key="k-4")]

    assert [one.told["code"] for one in answers] == ["missing_scope", "missing_scope", "wrong_network", "rate_limited"]
    assert [one.headers["RateLimit"][:9] for one in answers] == ['"key";r=2', '"key";r=1', '"key";r=0', '"key";r=0']
    assert nothing_happened()


def test_a_rate_is_exact_however_many_ask_and_by_whatever_way() -> None:
    caller = make_caller()
    ApiKey.objects.update(rate_per_minute=100)
    key = ApiKey.objects.get()

    def call(number: int) -> bool:
        try:
            return caller.post(key=f"k-{number}").status == 201 if number % 2 else limits.take(key)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as threads:
        assert sum(threads.map(call, range(36))) == 10


def test_a_token_shares_the_rate_of_its_key_and_ends_with_it() -> None:
    caller = make_caller()
    token = Caller(caller.organization, _token(ApiKey.objects.get()))
    ApiKey.objects.filter(parent=None).update(rate_per_minute=20)

    answers = [one.post(key=f"k-{number}") for number, one in enumerate((caller, token, token, caller))]
    assert [one.status for one in answers] == [201, 201, 429, 429]

    for change in ({"revoked_at": clock.now()}, {"revoked_at": None, "expires_at": clock.now() - timedelta(seconds=1)}):
        ApiKey.objects.filter(parent=None).update(**change)
        assert token.post(key="late").told["code"] == "unauthorized"


def _token(parent: ApiKey) -> str:
    secret = "at_" + new_id("x")
    ApiKey.objects.create(
        organization=parent.organization, public_id=new_id("key"), name="token", prefix="at_", hash=hash_of(secret),
        scopes=parent.scopes, created_at=clock.now(), created_by="test", parent=parent, rate_per_minute=6_000,
    )  # fmt: skip
    return secret


def test_who_waits_is_told_how_the_units_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = make_caller()
    seen: list[int] = []
    states = order_wait._states

    def delivered_at_the_second_look(order_id: str) -> list[tuple[str, str]]:
        seen.append(Unit.objects.filter(state="waiting").count())
        if len(seen) == 2:
            Unit.objects.filter(index=0).update(state="delivered")
            Unit.objects.filter(index=1).update(state="failed")
            Order.objects.update(state="done")
        return states(order_id)

    monkeypatch.setattr(order_wait, "_states", delivered_at_the_second_look)
    body = {"lines": [{"sku": "EU-5", "quantity": 2}]}
    first = caller.post(body, HTTP_PREFER="respond-async, wait=60")
    again = caller.post(body, HTTP_PREFER="wait=60")

    assert (first.status, first.headers["Preference-Applied"], seen) == (201, "wait=10", [2, 2])
    units = first.told.pop("units")
    assert [first.told["state"], *(one["state"] for one in units)] == ["done", "delivered", "failed"]
    assert (again.headers["Idempotent-Replayed"], "units" in again.told) == ("true", False)
    assert again.told["lines"][0]["units"] == [one["id"] for one in units]


@pytest.mark.parametrize("prefer", ["wait", "wait=x", "wait=-1", "await=3", "wait=0"])
def test_what_is_no_wait_is_ignored(prefer: str) -> None:
    answer = make_caller().post(HTTP_PREFER=prefer)

    assert (answer.status, "Preference-Applied" in answer.headers) == (201, False)


@pytest.mark.parametrize("fault", ["timeout", "refusal", "late", "low_data"])
def test_a_test_order_may_ask_for_a_fault(fault: str) -> None:
    caller = make_caller()
    body: dict[str, Any] = {**ONE, "test_fault": fault}
    refused = caller.post(body)
    assert (refused.status, refused.told["code"]) == (422, "test_fault_live")
    assert nothing_happened()

    caller.organization.is_test = True
    caller.organization.save()
    placed = caller.post(body)
    assert (placed.status, json.loads(placed.raw)["test"], Order.objects.get().test_fault) == (201, True, fault)
    assert caller.post({**ONE, "test_fault": "fire"}, key="b").told["code"] == "bad_request"
    assert StoredAnswer.objects.count() == 1


def test_keys_of_one_account_have_rates_of_their_own() -> None:
    caller = make_caller()
    ApiKey.objects.update(rate_per_minute=10)
    other = Caller(caller.organization, create_key(caller.organization, "second", rate_per_minute=10).secret)

    assert [one.post(key=str(n)).status for n, one in enumerate((caller, other, caller, other))] == [201, 201, 429, 429]

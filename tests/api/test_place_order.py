"""POST /api/v1/orders: at most one order a key, whatever happens; everything else is a clear problem and changes nothing."""

from __future__ import annotations

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from simplane.api.problems import PROBLEMS
from simplane.catalog.models import Price, Terms
from simplane.config.wsgi import application
from simplane.core import clock
from simplane.core.batches import OneAProcess
from simplane.core.models import StoredAnswer
from simplane.ledger.models import Hold, Wallet
from simplane.ledger.verify import verify
from simplane.ordering import placing
from simplane.ordering.models import Order, Unit
from simplane.ordering.placing import make_batcher
from simplane.organizations.keys import create_key, revoke_key
from simplane.organizations.models import ApiKey, Organization
from tests import factories
from tests.ledger.money import funded

pytestmark = pytest.mark.django_db(transaction=True)
ONE = {"lines": [{"sku": "EU-5"}]}
_batchers = {64: OneAProcess(make_batcher), 1: OneAProcess(make_batcher)}
"""A process keeps its batcher, so each way has one for all tests."""


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw)
        return found


@dataclass
class Caller:
    """A reseller's program."""

    organization: Organization
    secret: str

    def post(self, body: Any = ONE, *, key: str | None = "k-1", **environ: Any) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/api/v1/orders",
            "CONTENT_LENGTH": str(len(raw)),
            "REMOTE_ADDR": "203.0.113.7",
            "HTTP_AUTHORIZATION": f"Bearer {self.secret}",
            "wsgi.input": io.BytesIO(raw),
        }
        if key is not None:
            request["HTTP_IDEMPOTENCY_KEY"] = key
        got: list[Any] = []
        text = b"".join(application(request | environ, lambda line, headers: got.extend([line, headers])))
        return Answer(int(got[0].split()[0]), dict(got[1]), text)


@pytest.fixture(params=[64, 1], ids=["batched", "alone"])
def caller(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Caller:
    commit_together(request.param, monkeypatch)
    return make_caller()


def commit_together(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many orders may share a commit; 1: each has its own, by the function for one."""
    monkeypatch.setattr(settings, "SIMPLANE", settings.SIMPLANE.model_copy(update={"order_batch": most}))
    monkeypatch.setattr(placing, "_batcher", _batchers[most])


def make_caller(minor: int = 100_00) -> Caller:
    owner = factories.organization(kind="reseller")
    Terms.objects.create(organization=owner, currency="EUR")
    funded(minor, owner=owner)
    product = factories.product(sku="EU-5")
    yesterday = clock.now() - timedelta(days=1)
    Price.objects.create(product=product, currency="EUR", amount_minor=4_50, valid_from=yesterday)
    return Caller(owner, create_key(owner, "shop", rate_per_minute=6_000).secret)


def nothing_happened() -> bool:
    return not (
        Order.objects.exists() or Hold.objects.exists() or StoredAnswer.objects.exists() or Unit.objects.exists()
    )


def test_an_order_is_placed_and_its_money_held(caller: Caller) -> None:
    wanted = {
        "lines": [{"sku": "EU-5", "quantity": 2, "max_price_minor": 4_50}],
        "reference": "PO-7",
        "recipient": {"email": "Ann@Buyer.example", "name": "Ann", "locale": "de"},
    }
    answer = caller.post(wanted)

    order = Order.objects.get()
    assert (answer.status, answer.headers["Content-Type"]) == (201, "application/json")
    assert answer.told["id"] == order.public_id
    assert answer.told["lines"][0]["units"] == list(order.units.order_by("pk").values_list("public_id", flat=True))
    assert (answer.told["total_minor"], answer.told["reference"], answer.told["test"]) == (9_00, "PO-7", False)
    assert (order.customer.email, order.locale, order.name) == ("ann@buyer.example", "de", "PO-7")
    assert Wallet.objects.get().balance_minor == 91_00
    assert b'" :' not in answer.raw


def test_a_repetition_gets_the_first_answer(caller: Caller) -> None:
    first = caller.post({"lines": [{"sku": "EU-5", "quantity": 1}], "reference": None})
    again = caller.post(b'{"lines": [ {"quantity":1, "sku":"EU-5"} ]}')
    other = caller.post({"lines": [{"sku": "EU-5", "quantity": 2}]})

    assert (again.status, again.raw, again.headers["Idempotent-Replayed"]) == (201, first.raw, "true")
    assert "Idempotent-Replayed" not in first.headers
    assert (other.status, other.told["code"]) == (400, "key_reused")
    assert Order.objects.count() == 1


def test_a_hundred_equal_calls_at_once_are_one_order_and_one_answer(caller: Caller) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: caller.post(), range(100)))

    assert {(one.status, one.raw) for one in answers} == {(201, answers[0].raw)}
    assert (Order.objects.count(), Wallet.objects.get().balance_minor) == (1, 95_50)
    assert verify().problems == ()


def test_sixty_orders_at_once_on_money_for_twenty_two_are_twenty_two(caller: Caller) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda number: caller.post(key=f"k-{number}"), range(60)))

    assert sorted({one.status for one in answers}) == [201, 402]
    assert [one.status for one in answers].count(201) == Order.objects.count() == Hold.objects.count() == 22
    assert Wallet.objects.get().balance_minor == 1_00
    assert StoredAnswer.objects.count() == 60
    assert verify().problems == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"lines": [{"sku": "EU-5", "quantity": 0}]}, "quantity"),
        ({"lines": [{"sku": "EU-5", "quantity": -1}]}, "quantity"),
        ({"lines": [{"sku": "EU-5", "quantity": 10**30}]}, "quantity"),
        ({"lines": [{"sku": "EU-5", "quantity": 1.5}]}, "quantity"),
        ({"lines": [{"sku": "EU-5", "quantity": "1"}]}, "quantity"),
        ({"lines": [{"sku": "EU-5", "price_minor": 1}]}, "price_minor"),
        ({"lines": [{"sku": "EU-5", "max_price_minor": -1}]}, "max_price_minor"),
        ({"lines": [{"sku": ""}]}, "sku"),
        ({"lines": [{"sku": "EU\u0000"}]}, "sku"),
        ({"lines": [{}]}, "sku"),
        ({"lines": []}, "lines"),
        ({"lines": [{"sku": "EU-5"}] * 201}, "lines"),
        ({"lines": [{"sku": "EU-5", "quantity": 1000}] * 2}, "at most 1000"),
        ({}, "lines"),
        ([], "object"),
        ({**ONE, "reference": "x" * 81}, "reference"),
        ({"lines": [{"sku": "EU-5\n"}]}, "sku"),
        ({**ONE, "reference": "PO-7\n"}, "reference"),
        ({**ONE, "recipient": {"email": "a@b.example\n"}}, "email"),
        ({**ONE, "recipient": {"email": "a,b@c.example"}}, "email"),
        ({**ONE, "recipient": {"email": "a<b@c.example"}}, "email"),
        ({**ONE, "recipient": {"email": "a@b..example"}}, "email"),
        ({**ONE, "recipient": {"email": f"a@{'x' * 70}.example"}}, "email"),
        ({**ONE, "recipient": {"email": "a@b.example", "name": "Ann\n"}}, "name"),
        ({**ONE, "recipient": {"email": "a@b.example", "locale": "en\n"}}, "locale"),
        ({**ONE, "currency": "XXX"}, "currency"),
        ({**ONE, "recipient": {"email": "nobody"}}, "email"),
        ({**ONE, "recipient": {"email": "a@b.example", "locale": "../../x"}}, "locale"),
        ({**ONE, "recipient": {"email": "a@b.example", "name": "You won - open https://evil.example"}}, "name"),
        ({**ONE, "recipient": {"email": "a@b.example", "name": "www.evil.example"}}, "name"),
        ({**ONE, "recipient": {"email": "a@b.example", "name": "<b>Ann</b>"}}, "name"),
        ({**ONE, "recipient": {"email": "a@b.example", "name": "Ann\u202eevil"}}, "name"),
        ({**ONE, "recipient": {"email": "a@b.example", "name": "Ann\n\nevil"}}, "name"),
    ],
)
def test_a_wrong_field_is_named_and_changes_nothing(body: Any, said: str) -> None:
    answer = make_caller().post(body)

    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert (answer.told["code"], answer.told["status"]) == ("bad_request", 422)
    assert said in answer.told["detail"]
    assert answer.told["request_id"] == answer.headers["Request-Id"]
    assert nothing_happened()


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b'{"lines": [{"sku": "\xed\xa0\x80"}]}'])
def test_what_is_no_json_is_said_to_be_none(raw: bytes) -> None:
    answer = make_caller().post(raw)

    assert (answer.status, answer.told["code"]) == (400, "bad_json")
    assert nothing_happened()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"REQUEST_METHOD": "DELETE"}, 405, "method_not_allowed"),
        ({"CONTENT_LENGTH": ""}, 411, "length_required"),
        ({"CONTENT_LENGTH": "-5"}, 411, "length_required"),
        ({"CONTENT_LENGTH": "300000"}, 413, "too_large"),
        ({"CONTENT_LENGTH": "400"}, 400, "bad_json"),
        ({"HTTP_AUTHORIZATION": ""}, 401, "unauthorized"),
        ({"HTTP_AUTHORIZATION": "Bearer "}, 401, "unauthorized"),
        ({"HTTP_AUTHORIZATION": "Basic c2s6"}, 401, "unauthorized"),
        ({"HTTP_AUTHORIZATION": "Bearer sk_live_made_up"}, 401, "unauthorized"),
        ({"HTTP_IDEMPOTENCY_KEY": "x" * 256}, 400, "idempotency_key_bad"),
        ({"HTTP_IDEMPOTENCY_KEY": "käy"}, 400, "idempotency_key_bad"),
        ({"HTTP_IDEMPOTENCY_KEY": ""}, 400, "idempotency_key_missing"),
    ],
)
def test_a_request_that_can_not_be_served_says_why(change: dict[str, str], status: int, code: str) -> None:
    answer = make_caller().post(**change)

    assert (answer.status, answer.told["code"]) == (status, code)
    assert answer.told["title"] == PROBLEMS[code].title
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert answer.headers.get("Allow") == ("GET, POST" if status == 405 else None)
    assert nothing_happened()


def test_a_revoked_key_is_refused_at_once(caller: Caller) -> None:
    assert caller.post(key="before").status == 201
    revoke_key(caller.organization.pk, ApiKey.objects.get().public_id)

    assert caller.post(key="after").told["code"] == "unauthorized"
    assert Order.objects.count() == 1


def test_a_key_that_asks_too_often_is_told_when_to_come_back(caller: Caller) -> None:
    ApiKey.objects.update(rate_per_minute=10)

    assert caller.post(key="a").status == 201
    answer = caller.post(key="b")

    assert (answer.status, answer.told["code"], answer.headers["Retry-After"]) == (429, "rate_limited", "6")


def test_problems_of_the_order_carry_their_facts(caller: Caller) -> None:
    unknown = caller.post({"lines": [{"sku": "NO"}]}, key="a")
    dear = caller.post({"lines": [{"sku": "EU-5", "max_price_minor": 4_49}]}, key="b")
    caller.post({**ONE, "reference": "PO-7"}, key="c")
    taken = caller.post({**ONE, "reference": "PO-7"}, key="d")
    short = caller.post({"lines": [{"sku": "EU-5", "quantity": 900}]}, key="e")

    assert (unknown.status, unknown.told["skus"]) == (422, ["NO"])
    assert dear.told["lines"] == [{"sku": "EU-5", "price_minor": 4_50, "max_price_minor": 4_49}]
    assert (taken.status, taken.told["reference"]) == (409, "PO-7")
    assert (short.status, short.headers["Content-Type"]) == (402, "application/problem+json")
    assert (short.told["needed_minor"], short.told["available_minor"]) == (4050_00, 95_50)
    assert short.told["detail"] == PROBLEMS["insufficient_funds"].fix


def test_every_refusal_of_the_sql_is_explained() -> None:

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prosrc FROM pg_proc WHERE proname LIKE 'simplane_place_order%' OR proname = 'ordering_policy'"
        )
        text = " ".join(row[0] for row in cursor.fetchall())

    codes = set(re.findall(r"(?:THEN|ELSE|code :=) '([a-z_]+)'", text)) - {
        "again",
        "created",
        "replayed",
        "test",
        "live",
    }
    assert codes - {"account_"} <= set(PROBLEMS)

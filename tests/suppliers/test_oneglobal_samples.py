"""1GLOBAL Connect's published samples and enumerations, read by our adapter's parts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from simplane.core.http import Answer
from simplane.core.money import Money
from simplane.suppliers.oneglobal import catalogue, lines, orders, webhooks, wire
from simplane.suppliers.oneglobal.errors import refusal
from simplane.suppliers.outcomes import NotReady, Permanent
from simplane.suppliers.transport import Doubtful
from simplane.suppliers.values import CatalogOffer, SupplierEvent, UnreadableRow
from tests.specs import load_spec

NOW = datetime(2026, 2, 11, tzinfo=UTC)
LINE = "subs_01JPX5Y7Z00000000000000001"
ORDER = "ord_01JPX5Y7Z00000000000000001"


def example(name: str) -> Any:
    return load_spec("suppliers", "1global", "examples", f"connect.{name}.example.json")


def enums() -> Any:
    return load_spec("suppliers", "1global", "connect-2026-02-05.enums.json")


def body(name: str) -> bytes:
    return json.dumps(example(name)["response"]["body"]).encode()


def entries(name: str, what: str) -> Any:
    return wire.page.decode(body(name)).embedded[what]


def event(name: str) -> SupplierEvent:
    [found] = webhooks.parse(json.dumps(example(f"webhook.{name}")["webhook"]["body"]).encode())
    return found


def answer(status: int, content: object) -> Answer:
    return Answer(status, {}, json.dumps(content).encode())


def test_an_offering_is_read_as_printed() -> None:
    [row] = catalogue.rows(entries("product-offerings", "product_offerings"), set())
    assert isinstance(row, CatalogOffer)
    assert (row.countries, row.data_bytes, row.days) == (("DE", "ES", "FR"), 1 << 30, 30)
    assert (row.cost, row.supplier_price, row.top_up) == (Money(500, "EUR"), "500", False)
    assert wire.page.decode(body("product-offerings")).cursor == "abc"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"prices": []}, "no price"),
        ({"validity": {"unit": "day", "unit_count": 0}}, "no possible duration"),
        ({"validity": {"unit": "fortnight", "unit_count": 1}}, "no unit of time"),
        ({"validity": {"unit": "month", "unit_count": 1, "is_recurrent": True}}, "renews by itself"),
        ({"prices": [{"type": "recurring", "unit_amount": 500, "currency": "EUR"}]}, "renews by itself"),
        ({"allowances": []}, "no known country"),
        ({"prices": [{"type": "one_time", "unit_amount": 5, "currency": c} for c in ("EUR", "USD")]}, "no price"),
        ({"prices": [{"type": "one_time", "unit_amount": 5.5, "currency": "EUR"}]}, "int"),
    ],
)
def test_an_offering_that_is_not_understood_is_put_aside(change: dict[str, Any], reason: str) -> None:
    raw = json.loads(bytes(entries("product-offerings", "product_offerings")[0])) | change
    [row] = catalogue.rows([json.dumps(raw).encode()], set())  # type: ignore[list-item]
    assert isinstance(row, UnreadableRow)
    assert reason in row.reason


def test_a_completed_order_gives_the_line_and_a_working_one_is_waited_for() -> None:
    done = wire.order.decode(body("order.get.completed"))
    assert orders.present(done) is None
    made = lines.issued(done.embedded.subscription, done.id, None)
    assert made is not None
    assert (made.order_id, made.line_id, made.iccid) == (ORDER, LINE, "8944478600000205337")
    assert str(made.code) == "LPA:1$rsp.truphone.com$5C-ZYXZZ-1R54O94"
    working = wire.order.decode(body("order.get.fulfilling"))
    assert isinstance(orders.present(working), NotReady)
    assert lines.issued(working.embedded.subscription, working.id, None) is None


def test_every_published_status_of_an_order_means_something() -> None:
    order = wire.order.decode(body("order.get.fulfilling"))
    found: dict[str, str] = {}
    for word in enums()["order_status"]:
        order.status = word
        found[word] = getattr(orders.present(order), "name", "line")
    assert found == {
        "accepted": "not_ready",
        "fulfilling": "not_ready",
        "scheduled": "not_ready",
        "on_hold": "not_ready",
        "completed": "line",
        "failed": "permanent",
        "canceled": "permanent",
    }


def test_usage_and_states_of_the_published_line() -> None:
    line = wire.subscription.decode(body("subscription.get"))
    products = [wire.product.decode(entry) for entry in entries("products.usage", "products")]
    found = lines.status(line, products, NOW)
    assert (found.profile, found.plan, found.service) == ("released", "active", "active")
    assert (found.data_used, found.data_total) == (524_165_000, 524_288_000)
    assert lines.cost(products) == Money(100, "EUR")


def test_every_published_status_of_line_and_product_is_known() -> None:
    assert set(lines.SERVICES) == set(enums()["subscription_status"])
    words = {word: lines.plan([wire.Product(id="prd_1", status=word)]) for word in enums()["product_status"]}
    assert words == {
        "pending": "queued",
        "scheduled": "queued",
        "active": "active",
        "depleted": "depleted",
        "expired": "expired",
        "terminated": "expired",
        "canceled": "expired",
    }
    assert [lines.profile(word) for word in ("Installed", "DELETED", "Ready_For_Installation", "odd")] == [
        "installed",
        "deleted",
        "released",
        None,
    ]


def test_products_that_ended_count_only_while_there_are_no_others() -> None:
    balance = [wire.Balance(initial=1000, spent=400)]
    old, new = wire.Product("a", "terminated", balance), wire.Product("b", "pending", [wire.Balance(initial=5000)])
    assert lines.data([old, new]) == (0, 5000)
    assert lines.data([old]) == (400, 1000)
    assert lines.data([wire.Product("c", "active", [wire.Balance(unit="megabytes", initial=2, spent=1)])]) == (
        1 << 20,
        2 << 20,
    )
    with pytest.raises(ValueError, match="no unit of data"):
        lines.data([wire.Product("d", "active", [wire.Balance(unit="minutes", initial=1)])])


def test_refusals_are_told_apart() -> None:
    bad, gone = (example(f"error.{status}")["response"]["body"] for status in (400, 404))
    refused = refusal(answer(400, bad), key="k")
    assert isinstance(refused, Permanent)
    assert (refused.code, refused.reason) == ("constraint_validation_error", "size must be between 1 and 15")
    assert refusal(answer(404, gone)) == Permanent(gone["detail"], "not_found")
    assert refusal(answer(409, {"title": "wrong state"})).name == "permanent"
    assert refusal(answer(422, {"title": "no such country"}), key="k").name == "permanent"
    for status, content in ((409, {}), (422, {"detail": "idempotency key already used with a different request"})):
        with pytest.raises(Doubtful):
            refusal(answer(status, content), key="k", changes=True)
    for status in (302, 418, 500, 504):
        with pytest.raises(Doubtful):
            refusal(Answer(status, {}, b"<html>"))
    assert refusal(Answer(429, {}, b"")).name == "retryable"


def test_published_webhooks_are_understood() -> None:
    assert (event("order.completed").kind, event("order.failed").order_id) == ("order", ORDER)
    installed = event("sim_profile.installed")
    assert (installed.moment, installed.line_id, installed.iccid) == ("installed", LINE, "8944478600000205337")
    assert installed.at == datetime(2026, 2, 10, 9, 0, 7, tzinfo=UTC)
    paused = event("subscription.deactivated").status
    assert paused is not None
    assert (paused.service, paused.plan, paused.profile) == ("suspended", None, None)
    for name, kind in (("balance.threshold.exceeded", "usage"), ("product.depleted", "line")):
        found = event(name)
        assert (found.kind, found.status, found.confirm) == (kind, None, True)


def test_every_published_type_has_its_kind_and_we_ask_for_each() -> None:
    listed = enums()["events"]
    assert set(webhooks.EVENTS) == set(listed)
    data = {"order": {"id": ORDER}, "subscription": {"id": LINE}, "sim_profile": {"country": {"code": "fr"}}}
    found: dict[str, SupplierEvent] = {}
    for topic in (*listed, "invoice.created", "porting.completed"):
        raw = {"id": f"evt_{topic}", "type": topic, "created_at": "2026-02-10T09:00:07Z", "data": data}
        [found[topic]] = webhooks.parse(json.dumps(raw).encode())
    kinds = {topic: one.kind for topic, one in found.items()}
    others = {topic for topic, kind in kinds.items() if kind == "other"}
    assert others == {"product.throttling.applied", "product.throttling.lifted", "invoice.created", "porting.completed"}
    assert {topic for topic, kind in kinds.items() if kind == "order"} == {t for t in listed if t.startswith("order.")}
    assert kinds["balance.threshold.exceeded"] == "usage"
    moved = found["subscription.sim_profile.country_changed"]
    assert (moved.moment, moved.country) == ("country", "FR")
    assert len({one.dedupe_key for one in found.values()}) == len(found)

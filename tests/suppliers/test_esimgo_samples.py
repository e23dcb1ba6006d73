"""eSIM Go's published samples, read by our adapter's parts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from simplane.core.money import Money
from simplane.suppliers.esimgo import catalogue, lines, orders, webhooks, wire
from simplane.suppliers.outcomes import Accepted, Ok
from simplane.suppliers.values import CatalogOffer, SupplierEvent
from tests.specs import load_spec

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def example(name: str) -> Any:
    return load_spec("suppliers", "esimgo", "examples", f"{name}.example.json")


def answer(name: str) -> bytes:
    return json.dumps(example(name)["response"]["body"]).encode()


def callback(name: str) -> Any:
    return example(f"callback.{name}")["webhook"]


def event(name: str, currency: str = "USD") -> SupplierEvent:
    [found] = webhooks.parse(callback(name)["raw_body"].encode(), currency)
    return found


def test_a_new_esim() -> None:
    bought = orders.bought(wire.order.decode(answer("orders.transaction.new-esim")))
    assert isinstance(bought, Ok)
    line = bought.value
    assert line.order_id == "73028252-1f26-4f22-9517-4fc879dbb8fb"
    assert line.line_id == line.iccid == "8943108167001960542"
    assert str(line.code) == "LPA:1$rsp-3104.idemia.io$BCCVJ-TMDA6-BWUDC-PMXUV"
    assert line.cost == Money(136, "USD")


def test_our_request_is_the_published_one() -> None:
    published = example("orders.transaction.new-esim")["request"]["body"]
    assert json.loads(orders.body("esim_1GB_7D_GB_V2", buying=True)) == published


def test_our_dry_run_is_the_published_one() -> None:
    published = example("orders.validate")["request"]["body"]
    assert json.loads(orders.body("esim_1GB_7D_AX_V2", buying=False)) == published


def test_our_top_up_is_the_published_one() -> None:
    published = example("orders.transaction.topup-existing")["request"]["body"]
    assert json.loads(orders.body("esim_1GB_7D_GB_V2", buying=True, iccid="8943108167001960542")) == published


def test_a_big_order_is_accepted() -> None:
    bought = orders.bought(wire.order.decode(answer("orders.transaction.async-bulk")))
    assert bought == Accepted("9e5cf7d1-90a1-4f6e-a7a0-6b1d6a7b5e02")


def test_an_order_whose_address_has_a_scheme() -> None:
    line = orders.issued(wire.order.decode(answer("orders.get")))
    assert line is not None
    assert line.code.smdp == "rsp.mockprovider.com"


def test_a_dry_run_has_a_total() -> None:
    order = wire.order.decode(answer("orders.validate"))
    assert (order.valid, orders.total(order)) == (True, Money(228, "USD"))


def test_install_details_as_one_object() -> None:
    found = wire.esims.decode(answer("esims.assignments"))
    assert isinstance(found, wire.Esim)
    assert wire.moment(found.first_installed) is None


def test_an_install_time_in_milliseconds() -> None:
    found = wire.esim.decode(answer("esims.get"))
    assert wire.moment(found.first_installed) == datetime(2024, 8, 13, 9, 37, 57, 280_000, UTC)


def test_a_bundle_that_waits() -> None:
    bundles = wire.bundles.decode(answer("esims.bundles")).bundles
    assert bundles is not None
    status = lines.plan_status(bundles[0].assignments or [], NOW)
    assert (status.plan, status.data_total, status.data_used) == ("queued", 1_000_000_000, 0)


def test_a_bundle_that_runs() -> None:
    assignments = example("esims.bundle-status.active")["response"]["body"]["assignments"]
    found = wire.Bundle("x", [json_assignment(one) for one in assignments])
    status = lines.plan_status(found.assignments or [], NOW)
    assert (status.plan, status.data_used) == ("active", 376_582_144)
    assert status.expires_at == datetime(2024, 12, 19, 8, 0, 12, tzinfo=UTC)


def json_assignment(content: Any) -> wire.Assignment:
    body = {"bundles": [{"name": "x", "assignments": [content]}]}
    bundles = wire.bundles.decode(json.dumps(body).encode()).bundles
    assert bundles is not None
    assert bundles[0].assignments is not None
    return bundles[0].assignments[0]


def test_the_catalogue() -> None:
    page = catalogue.page(answer("catalogue.list"))
    rows = list(catalogue.rows(page.bundles, "USD", {}, set()))
    assert all(isinstance(row, CatalogOffer) for row in rows)
    offer = rows[0]
    assert isinstance(offer, CatalogOffer)
    assert (offer.code, offer.countries, offer.days) == ("esim_1GB_7D_JP_V2", ("JP",), 7)
    assert (offer.data_bytes, offer.cost, offer.supplier_price) == (1_000_000_000, Money(208, "USD"), "2.08")


def test_the_account() -> None:
    found = wire.organisation.decode(answer("organisation.get"))
    assert (found.currency, found.balance) == ("USD", Decimal(10_000))


CALLBACKS = [
    "v3.country-change",
    "v3.esim-deleted",
    "v3.first-attachment",
    "v3.low-balance",
    "v3.profile-status-change",
    "v3.utilisation",
]


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_signed_callback_is_genuine_in_both_encodings(name: str) -> None:
    hook = callback(name)
    raw, keys = hook["raw_body"].encode(), ["newer", hook["signing_key"]]
    for signature in (hook["headers"]["X-Signature-SHA256"], hook["signature_hex_variant"]):
        for text in (signature, f" {signature} "):
            assert webhooks.verify({webhooks.SIGNATURE_HEADER: text}, raw, keys, signed_only=True).kind == "verified"
    upper = hook["signature_hex_variant"].upper()
    assert webhooks.verify({webhooks.SIGNATURE_HEADER: upper}, raw, keys, signed_only=True).kind == "verified"


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_changed_callback_is_refused(name: str) -> None:
    hook = callback(name)
    headers = {webhooks.SIGNATURE_HEADER: hook["headers"]["X-Signature-SHA256"]}
    raw = hook["raw_body"].encode() + b" "
    assert webhooks.verify(headers, raw, [hook["signing_key"]], signed_only=False).kind == "refused"


@pytest.mark.parametrize("signature", ["", "é", "x" * 5000, "0" * 64])
def test_a_made_up_signature_is_refused(signature: str) -> None:
    headers = {webhooks.SIGNATURE_HEADER: signature or "="}
    assert webhooks.verify(headers, b"{}", ["key"], signed_only=False).kind == "refused"


def test_nothing_is_genuine_without_a_key() -> None:
    headers = {webhooks.SIGNATURE_HEADER: "0" * 64}
    assert webhooks.verify(headers, b"{}", [], signed_only=False).kind == "refused"


def test_usage() -> None:
    found = event("v3.utilisation")
    assert (found.kind, found.iccid) == ("usage", "8944538532008160222")
    assert found.status is not None
    assert (found.status.data_total, found.status.data_used) == (20_000_000_000, 1_000_000_000)
    assert found.status.expires_at == datetime(2007, 1, 2, 15, 4, 5, tzinfo=UTC)


def test_unsigned_usage_of_version_2() -> None:
    found = event("v2.utilisation")
    assert found.status is not None
    assert found.status.data_used == 10_000_000_000


def test_an_installed_profile() -> None:
    found = event("v3.profile-status-change")
    assert (found.kind, found.moment) == ("line", "installed")
    assert found.at == datetime(2026, 6, 22, 13, 3, 31, tzinfo=UTC)
    assert found.status is not None
    assert (found.status.profile, found.status.eid) == ("installed", "89049032005008882600050326403713")
    assert found.status.installed_at == found.at


def test_the_first_network() -> None:
    assert (event("v3.first-attachment").kind, event("v3.first-attachment").moment) == ("line", "attached")


def test_another_country() -> None:
    assert (event("v3.country-change").moment, event("v3.country-change").country) == ("country", "FR")


def test_a_deleted_line() -> None:
    found = event("v3.esim-deleted")
    assert found.status is not None
    assert (found.topic, found.status.service) == ("esim.deleted", "terminated")
    assert found.at == datetime(2026, 6, 29, 13, 3, 31, tzinfo=UTC)


def test_a_low_balance_in_the_accounts_currency() -> None:
    assert event("v3.low-balance").balance == Money(9520, "USD")
    assert (event("v3.low-balance", "").kind, event("v3.low-balance", "").balance) == ("balance", None)


def test_the_key_is_a_hash_of_the_body() -> None:
    first, second = event("v3.utilisation").dedupe_key, event("v3.utilisation").dedupe_key
    assert first == second
    assert first != event("v2.utilisation").dedupe_key
    assert len(first) == 64

"""eSIM Access' published samples, signatures and error table, read by our adapter's parts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from simplane.core.money import Money
from simplane.suppliers.esimaccess import catalogue, lines, webhooks, wire
from simplane.suppliers.esimaccess.client import signature
from simplane.suppliers.esimaccess.errors import refusal
from simplane.suppliers.transport import Doubtful
from simplane.suppliers.values import CatalogOffer, SupplierEvent
from tests.specs import load_spec

NOW = datetime(2026, 4, 23, tzinfo=UTC)
OURS = {
    "unknown": "unknown",
    "retryable": "unknown",
    "permanent": "permanent",
    "permanent_requery": "permanent",
    "permanent_resync_catalogue": "permanent stale",
    "blocked_until_funded": "blocked funds",
    "not_ready_poll": "not_ready",
    "retry_after_resign": "retryable",
    "retry_later_or_failover": "retryable",
}
"""The table's classes as outcomes. `retryable` (busy) is repeated by key and proves nothing when it lasts."""
CONFIGURATION = {"000101": "blocked key", "000102": "blocked key", "101002": "blocked address", "101003": "blocked key"}
"""Permanent in the table; they ask for configuration, which section 0 of the reference calls blocked."""


def example(name: str) -> Any:
    return load_spec("suppliers", "esimaccess", "examples", f"{name}.example.json")


def envelope(name: str) -> wire.Envelope:
    return wire.envelope.decode(json.dumps(example(name)["response"]["body"]).encode())


def obj(name: str) -> bytes:
    found = envelope(name)
    assert found.fine
    return bytes(found.obj)


def first_line(name: str) -> wire.Line:
    listed = wire.lines.decode(obj(name)).esim_list
    assert listed
    return listed[0]


def event(name: str) -> SupplierEvent:
    [found] = webhooks.parse(json.dumps(example(f"webhook.{name}")["webhook"]["body"]).encode())
    return found


def test_signatures_as_published() -> None:
    for vector in load_spec("suppliers", "esimaccess", "signature-vectors.json")["vectors"]:
        made = signature(
            vector["secretKey"],
            vector["RT-Timestamp"],
            vector["RT-RequestID"],
            vector["RT-AccessCode"],
            vector["body"].encode(),
        )
        assert made == vector["RT-Signature"].lower()


def outcome_of(code: str) -> str:
    try:
        found: Any = refusal(wire.Envelope(success=False, error_code=code, error_msg="no"))
    except Doubtful:
        return "unknown"
    extra = getattr(found, "kind", "") or ("stale" if getattr(found, "stale_catalogue", False) else "")
    return f"{found.name} {extra}".strip()


def test_every_code_of_the_published_table_has_its_outcome() -> None:
    for entry in load_spec("suppliers", "esimaccess", "error-codes.json")["codes"]:
        code = entry["code"]
        assert outcome_of(code) == CONFIGURATION.get(code, OURS[entry["class"]]), entry


def test_webhook_sources_as_published() -> None:
    enums = load_spec("suppliers", "esimaccess", "enums.json")
    assert set(enums["webhook_source_ips"]) == webhooks.PUBLISHED_SOURCES


def test_every_published_status_is_known() -> None:
    enums = load_spec("suppliers", "esimaccess", "enums.json")
    for word in enums["esimStatus"]:
        _, plan, service = lines.axes(word, None)
        assert service is not None
        assert plan is not None or word == "SUSPENDED"
    assert all(lines.axes(None, word)[0] for word in enums["smdpStatus"])


@pytest.mark.parametrize("code", [None, "0"])
def test_success_with_code_null_or_zero(code: str | None) -> None:
    assert wire.Envelope(success=True, error_code=code).fine


def test_an_order_has_a_number() -> None:
    assert wire.ordered.decode(obj("esim.order")).order_no == "B23051616050537"


def test_a_ready_line() -> None:
    made = lines.issued(first_line("esim.query.ready"))
    assert made is not None
    assert (made.order_id, made.line_id) == ("B23120118131854", "23120118156818")
    assert made.iccid == "8943108170000775671"
    assert str(made.code) == "LPA:1$rsp-eu.redteamobile.com$43DE23C67EE747BCAD6B63E8B67B261F"
    assert (made.apn, made.data_total) == ("drei.at", 5_368_709_120)
    assert made.expires_at == datetime(2024, 5, 29, 18, 34, 17, tzinfo=UTC)


def test_a_line_in_use() -> None:
    status = lines.status(first_line("esim.query.in-use"), NOW)
    assert (status.profile, status.plan, status.service) == ("enabled", "active", "active")
    assert (status.data_used, status.eid) == (1_453_344_832, "89049032005008882600050326403713")


def test_a_cancelled_line() -> None:
    status = lines.status(first_line("esim.query.cancelled"), NOW)
    assert (status.plan, status.service) == ("expired", "terminated")


def test_a_listed_order_carries_our_reference() -> None:
    [found] = lines.found([first_line("esim.query.ready")], "CKH003", NOW)
    assert (found.order_id, found.reference, found.quantity) == ("B23120118131854", "test344343433", 1)
    assert found.created_at == datetime(2023, 12, 1, 18, 34, 17, tzinfo=UTC)
    assert found.done


def test_the_catalogue_with_its_networks() -> None:
    places = catalogue.atlas(wire.places.decode(obj("location.list")))
    rows = list(catalogue.rows(wire.packages.decode(obj("package.list.base")).package_list or (), places, set()))
    [offer] = rows
    assert isinstance(offer, CatalogOffer)
    assert (offer.code, offer.countries, offer.days) == ("CKH002", ("ES",), 30)
    assert (offer.data_bytes, offer.daily, offer.unused_days) == (3_221_225_472, False, 180)
    assert (offer.cost, offer.supplier_price) == (Money(180, "USD"), "18000")
    assert offer.networks[0] == {"country": "ES", "operator": "Movistar", "technology": "5G"}


def test_regions_have_their_countries() -> None:
    places = catalogue.atlas(wire.places.decode(obj("location.list")))
    assert places.regions["NA-3"] == ("US", "CA", "MX")
    assert places.names["spain"] == "ES"


def test_top_up_packages() -> None:
    listed = wire.packages.decode(obj("package.list.topup")).package_list or ()
    [offer] = catalogue.rows(listed, catalogue.Atlas({}, {}), set())
    assert offer.code == "TOPUP_CKH002"


def test_usage_has_its_time() -> None:
    used = (wire.usage.decode(obj("esim.usage.query")).esim_usage_list or [])[0]
    assert (used.data_usage, used.last_update_time) == (1_453_344_832, "2025-03-19T18:00:00+0000")


def test_the_balance() -> None:
    assert catalogue.money(int(wire.balance.decode(obj("balance.query")).balance)) == Money(9400, "USD")


def test_a_ready_order_is_told_without_an_iccid() -> None:
    found = event("ORDER_STATUS")
    assert (found.kind, found.order_id) == ("order", "B26042217160011")
    assert (found.reference, found.iccid) == ("7544949834056-1-TR_50_30", "")
    assert found.dedupe_key == "447602ac1e5c4bb4980f786b0c2934d6"


def test_a_status_is_told() -> None:
    found = event("ESIM_STATUS")
    assert found.status is not None
    assert (found.kind, found.line_id) == ("line", "26042216320015")
    assert (found.status.profile, found.status.plan) == ("enabled", "active")
    assert found.at == datetime(2026, 4, 22, 17, 27, 44, tzinfo=UTC)


def test_an_installation_is_told() -> None:
    found = event("SMDP_EVENT")
    assert found.status is not None
    assert (found.moment, found.status.eid) == ("installed", "89049032005008882600050326403713")


def test_usage_is_told_in_bytes_with_its_own_time() -> None:
    found = event("DATA_USAGE")
    assert found.status is not None
    assert (found.kind, found.status.data_used) == ("usage", 10_741_066_164)
    assert found.status.data_total == 21_474_836_480
    assert found.status.usage_at == datetime(2026, 4, 22, 15, 53, 3, tzinfo=UTC)


def test_the_health_probe_is_one() -> None:
    assert event("CHECK_HEALTH").kind == "probe"

"""Suppliers: stopped and started by a person, with a reason, on the record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from simplane.core import clock
from simplane.core.errors import BadInput, NotFound
from simplane.core.models import AuditEntry, Event
from simplane.suppliers import operations
from simplane.suppliers.models import Supplier
from simplane.suppliers.operations import PausedAlready
from tests import factories


def test_pausing_stops_buying_until_somebody_resumes(console: Client) -> None:
    supplier = factories.supplier(code="one")

    console.post("/console/suppliers/one/pause/", {"reason": "strange answers", "minutes": "0"})

    supplier.refresh_from_db()
    assert (supplier.paused_reason, supplier.paused_until) == ("strange answers", None)
    assert AuditEntry.objects.get(action="supplier.paused").entity_id == "one"
    assert Event.objects.get().name == "SupplierBlocked"

    console.post("/console/suppliers/one/resume/")

    supplier.refresh_from_db()
    assert supplier.paused_reason == ""
    assert AuditEntry.objects.filter(action="supplier.resumed").count() == 1


def test_a_pause_can_end_by_itself(console: Client) -> None:
    supplier = factories.supplier(code="one")

    console.post("/console/suppliers/one/pause/", {"reason": "maintenance", "minutes": "60"})

    supplier.refresh_from_db()
    assert supplier.paused_until is not None
    assert abs(supplier.paused_until - clock.now() - timedelta(minutes=60)) < timedelta(seconds=5)


@pytest.mark.django_db
def test_the_first_reason_stays() -> None:
    supplier = factories.supplier(paused_reason="funds: empty")

    with pytest.raises(PausedAlready):
        operations.pause(supplier.code, "another")

    assert Supplier.objects.get().paused_reason == "funds: empty"
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("reason", "minutes"), [("", None), ("  ", 5), ("why", 0), ("why", -1), ("why", 50_000)])
def test_a_pause_without_reason_or_with_an_impossible_length_is_refused(reason: str, minutes: int | None) -> None:
    supplier = factories.supplier()

    with pytest.raises(BadInput):
        operations.pause(supplier.code, reason, minutes=minutes)

    assert Supplier.objects.get().paused_reason == ""


@pytest.mark.django_db
def test_a_supplier_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotFound):
        operations.pause("none", "why")
    with pytest.raises(NotFound):
        operations.resume("none")


@pytest.mark.django_db
def test_resuming_one_that_is_not_paused_changes_nothing() -> None:
    supplier = factories.supplier()

    operations.resume(supplier.code)

    assert not AuditEntry.objects.exists()


def test_the_page_shows_what_it_can_do_and_never_its_key(console: Client) -> None:
    factories.supplier(code="one", credentials={"api_key": "very-secret"}, webhook_token="hook-secret")

    text = console.get("/console/suppliers/one/").content.decode()

    assert "Idempotent orders" in text
    assert "very-secret" not in text
    assert "hook-secret" not in text


def test_purchases_are_narrowed_to_one_outcome(console: Client) -> None:
    offer = factories.offer(supplier=factories.supplier(code="one"))
    kept = factories.purchase(offer=offer, state="unknown")
    factories.purchase(offer=offer, state="bought")

    rows = console.get("/console/suppliers/one/?state=unknown").context["purchases"]

    assert [purchase for purchase, _ in rows] == [kept]


def test_a_vendor_without_adapter_does_not_break_the_page(console: Client) -> None:
    factories.supplier(code="one", vendor="gone")

    assert "no adapter" in console.get("/console/suppliers/one/").content.decode()


def test_an_open_breaker_shows(console: Client) -> None:
    supplier = factories.supplier()
    factories.purchase(offer=factories.offer(supplier=supplier), state="rejected", error_code="breaker")

    assert "breaker open" in console.get("/console/suppliers/").content.decode()

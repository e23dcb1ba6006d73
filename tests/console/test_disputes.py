"""A disputed order: its evidence file, giving it up, and letting the buyer's next orders wait."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

from django.test import Client

from simplane.core import clock
from simplane.core.models import AuditEntry
from simplane.ordering.models import Customer, Order, Unit
from tests import factories


def disputed() -> Unit:
    """A delivered eSIM, mailed, opened, installed and used, whose payment is disputed."""
    unit = factories.delivered_unit(order=factories.order(name="#7001"))
    now = clock.now()
    line = unit.line
    assert line is not None
    line.installed_at, line.first_use_at, line.data_used, line.usage_at = now, now, 250_000_000, now
    line.eid = "89049032007008882600095313215451"
    line.save()
    line.events.create(kind="installed", at=now, seen_at=now, source="webhook", dedupe_key="1", applied=True)
    factories.install_link(order_id=unit.order_id, unit_id=unit.pk, line=line, views=3, first_seen_at=now)
    factories.message(order_id=unit.order_id, unit_id=unit.pk, sent_at=now - timedelta(seconds=1))
    factories.write_back(order=unit.order)
    factories.letter(
        kind="dispute", order_id=unit.order_id, cause="payment_disputed", summary="#7001: dispute needs_response"
    )
    return unit


def files(console: Client, order: Order) -> zipfile.ZipFile:
    answer = console.post(f"/console/orders/{order.public_id}/evidence/")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="evidence-{order.public_id}.zip"'
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_the_evidence_holds_mails_visits_activation_usage_and_the_suppliers_records(console: Client) -> None:
    unit = disputed()
    assert unit.line is not None
    assert unit.purchase is not None

    facts = json.loads(files(console, unit.order).read("facts.json"))

    (esim,) = facts["esims"]
    assert facts["sale"]["name"] == "#7001"
    assert facts["mails"][0]["handed_over_at"] < esim["profile"]["installed_at"]
    assert esim["profile"]["iccid"] == unit.line.iccid
    assert esim["profile"]["data_used"] == 250_000_000
    assert esim["pages"][0]["times_opened"] == 3
    assert esim["bought"][0]["their_order"] == unit.purchase.supplier_order_id
    assert [one["what"] for one in esim["told"]] == ["installed"]
    assert [deed["what"] for deed in facts["deeds"]][-1] == "#7001: dispute needs_response"


def test_the_page_says_the_same_to_people_without_code_or_cost(console: Client) -> None:
    unit = disputed()
    assert unit.line is not None
    archive = files(console, unit.order)
    page = archive.read("evidence.html").decode()

    for text in ("Order #7001", unit.line.iccid, unit.line.eid, "250 MB of 1 GB", unit.order.customer.email):
        assert text in page
    for secret in (unit.line.matching_id, '"cost'):
        assert secret not in page + archive.read("facts.json").decode()


def test_taking_the_evidence_is_audited_and_needs_a_press(console: Client) -> None:
    order = disputed().order

    assert console.get(f"/console/orders/{order.public_id}/evidence/").status_code == 405
    files(console, order)

    entry = AuditEntry.objects.get(action="order.evidence_taken")
    assert entry.entity_id == order.public_id
    assert entry.actor.endswith("sam@simplane.example")


def test_an_order_that_is_not_disputed_shows_no_such_box(console: Client) -> None:
    plain, fought = factories.delivered_unit().order, disputed().order

    shown = {one: console.get(f"/console/orders/{one.public_id}/").content.decode() for one in (plain, fought)}

    assert "Disputed payment" not in shown[plain]
    assert "Disputed payment" in shown[fought]


def test_giving_up_needs_a_reason_and_begins_to_give_back(console: Client) -> None:
    unit = disputed()
    page = f"/console/orders/{unit.order.public_id}/give-up/"

    refused = console.post(page, {"reason": " "}, follow=True).content.decode()
    assert "a reason is missing" in refused
    assert not hasattr(Unit.objects.get(pk=unit.pk), "compensation")

    console.post(page, {"reason": "the bank decided"})
    assert Unit.objects.get(pk=unit.pk).compensation.reason == "dispute"


def test_the_buyers_next_orders_wait_until_somebody_lifts_that(console: Client) -> None:
    order = disputed().order
    here = f"/console/orders/{order.public_id}/"

    answer = console.post(f"/console/customers/{order.customer_id}/hold/", {"reason": "disputed #7001", "next": here})
    assert answer.headers["Location"] == here
    assert Customer.objects.get(pk=order.customer_id).hold_reason == "disputed #7001"
    assert "next orders wait" in console.get(here).content.decode()

    console.post(f"/console/customers/{order.customer_id}/release/")
    assert Customer.objects.get(pk=order.customer_id).hold_reason == ""

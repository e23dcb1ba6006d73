"""Orders: found by whatever a person types, their story in one piece, and buttons that fit their state."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from simplane.channels.models import Refund
from simplane.console.story import story_of
from simplane.core import clock
from simplane.core.models import AuditEntry
from simplane.ordering.models import Order, Unit
from simplane.suppliers.models import Purchase
from tests import factories

S = Unit.State


def _found(console: Client, text: str) -> list[str]:
    return [row.order.name for row in console.get("/console/orders/", {"q": text}).context["rows"]]


def test_an_order_is_found_by_what_people_know_of_it(console: Client) -> None:
    unit = factories.delivered_unit(order=factories.order(name="#7001", external_id="55501"))
    factories.delivered_unit()
    order, line = unit.order, unit.line
    assert line is not None
    spaced = f"{line.iccid[:4]} {line.iccid[4:]}"

    for text in ("#7001", "7001", "55501", order.public_id, unit.public_id, line.iccid, spaced, order.customer.email):
        assert _found(console, text) == ["#7001"], text


def test_the_beginning_of_an_address_is_enough(console: Client) -> None:
    factories.order(customer=factories.customer(email="berta@example.com"))

    assert len(_found(console, "Berta@")) == 1
    assert _found(console, "erta@") == []


def test_the_search_field_goes_straight_to_the_only_fit(console: Client) -> None:
    unit = factories.delivered_unit(order=factories.order(name="#7001"))
    assert unit.line is not None

    def target(text: str) -> str:
        return console.get("/console/search/", {"q": text}).headers["Location"]

    assert target("7001") == f"/console/orders/{unit.order.public_id}/"
    assert target(unit.line.iccid) == f"/console/esims/{unit.line.pk}/"
    assert target("nobody@") == "/console/orders/?q=nobody%40"
    assert target("") == "/console/orders/?q="


def test_filters_add_up(console: Client) -> None:
    wanted = factories.order(state="open", account="alpha", clock_step=1)
    factories.order(state="open", account="alpha")
    factories.order(state="open", account="beta", clock_step=1)
    factories.order(state="held", account="alpha")

    rows = console.get("/console/orders/?state=open&shop=alpha&late=1").context["rows"]

    assert [row.order for row in rows] == [wanted]


def test_a_row_counts_what_was_delivered_and_what_is_stuck(console: Client) -> None:
    order = factories.order()
    factories.delivered_unit(order=order)
    factories.unit(order=order, state=S.DEAD)

    (row,) = console.get("/console/orders/").context["rows"]

    assert (row.units, row.delivered, row.dead) == (2, 1, 1)


def test_the_story_merges_every_source_by_time(db: None) -> None:
    order = factories.order()
    unit = factories.delivered_unit(order=order)
    line = unit.line
    assert line is not None
    start = clock.now()
    at = [start + timedelta(seconds=step) for step in range(12)]
    factories.event(name="OrderReceived", order_id=order.pk, at=at[1], data={"source": "webhook", "state": "open"})
    factories.inbox_message(order_id=order.pk, received_at=at[0], topic="orders/paid")
    factories.receipt(unit_id=unit.pk, decided_at=at[2])
    Purchase.objects.update(requested_at=at[3], sent_at=at[3], answered_at=at[3] + timedelta(milliseconds=800))
    factories.event(order_id=order.pk, unit_id=unit.pk, at=at[4], data={"before": "buying", "after": "ready"})
    factories.message(order_id=order.pk, unit_id=unit.pk, sent_at=at[5])
    factories.write_back(order=order, done_at=at[6], lines={"1": 1})
    line.events.create(kind="installed", at=at[7], seen_at=at[7], source="webhook", dedupe_key="1", applied=True)
    factories.install_link(order_id=order.pk, unit_id=unit.pk, line=line, first_seen_at=at[8])
    factories.letter(order_id=order.pk, opened_at=at[9], resolved_at=at[10], resolved_by="sam", resolution="close")
    factories.audit_entry(entity="order", entity_id=order.public_id, at=at[11])

    assert [entry.title for entry in story_of(order, [unit])] == [
        "Webhook orders/paid",
        "Order received by webhook",
        "Routing decided",
        f"Purchase at {line.supplier.name}: bought after 800 ms",
        "buying → ready",
        "Mail with the eSIM: sent",
        "Shop told of the delivery: done",
        "eSIM installed",
        "Install page opened for the first time",
        "In the stuck queue: no candidate",
        "Left the stuck queue: close",
        "Order held",
    ]


def test_the_story_knows_who_withdrew_a_link_or_sent_a_mail_again(db: None) -> None:
    order = factories.order()
    link = factories.install_link(order_id=order.pk)
    message = factories.message(order_id=order.pk)
    factories.audit_entry(entity="link", entity_id=str(link.pk), action="link.revoked", reason="fraud")
    factories.audit_entry(entity="message", entity_id=str(message.pk), action="message.sent_again")
    factories.audit_entry(entity="message", entity_id="0", action="message.sent_again")

    titles = [entry.title for entry in story_of(order, [])]

    assert sorted(titles) == ["Link revoked", "Mail with the eSIM: sent", "Message sent again"]


def test_the_story_leaves_other_orders_out(db: None) -> None:
    other = factories.delivered_unit()
    factories.event(order_id=other.order_id, unit_id=other.pk, data={})
    factories.message(order_id=other.order_id)
    order = factories.order()

    assert story_of(order, []) == []


def test_each_attempt_shows_its_redacted_calls(console: Client) -> None:
    unit = factories.unit(state=S.UNKNOWN)
    now = clock.now()
    factories.purchase(
        unit_id=unit.pk,
        state="unknown",
        error_code="timeout",
        error_text="no answer",
        answered_at=now + timedelta(seconds=30),
        sent_at=now,
        trace=[{"method": "POST", "url": "https://api.example/orders", "status": None, "ms": 30000}],
    )

    text = console.get(f"/console/orders/{unit.order.public_id}/").content.decode()

    assert "may have been bought after 30 s" in text
    assert "POST https://api.example/orders → no answer in 30 s" in text


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        (S.WAITING, {"cancel"}),
        (S.UNKNOWN, {"cancel"}),
        (S.DEAD, {"retry", "cancel"}),
        (S.FAILED, {"retry"}),
        (S.CANCELLED, set()),
        (S.REFUNDED, set()),
    ],
)
def test_a_unit_offers_only_what_fits_its_state(console: Client, state: str, buttons: set[str]) -> None:
    unit = factories.unit(state=state)

    text = console.get(f"/console/orders/{unit.order.public_id}/").content.decode()

    shown = {verb for verb in ("retry", "cancel", "send") if f"/units/{unit.public_id}/{verb}/" in text}
    assert shown == buttons


def test_a_delivered_unit_can_be_sent_again_and_given_back(console: Client) -> None:
    unit = factories.delivered_unit()

    text = console.get(f"/console/orders/{unit.order.public_id}/").content.decode()

    assert {verb for verb in ("retry", "cancel", "send") if f"/units/{unit.public_id}/{verb}/" in text} == {
        "cancel",
        "send",
    }


def test_trying_again_from_the_page(console: Client) -> None:
    unit = factories.unit(state=S.DEAD, due_at=None)

    console.post(f"/console/units/{unit.public_id}/retry/")

    unit.refresh_from_db()
    assert unit.state == S.WAITING


def test_a_refused_action_says_why_and_changes_nothing(console: Client) -> None:
    unit = factories.unit(state=S.WAITING)

    answer = console.post(f"/console/units/{unit.public_id}/retry/", follow=True)

    unit.refresh_from_db()
    assert unit.state == S.WAITING
    assert "Refused: this unit is waiting" in answer.content.decode()


def test_cancelling_needs_a_reason(console: Client) -> None:
    unit = factories.unit(state=S.WAITING)

    answer = console.post(f"/console/units/{unit.public_id}/cancel/", {"reason": " "}, follow=True)

    unit.refresh_from_db()
    assert unit.state == S.WAITING
    assert "a reason is missing" in answer.content.decode()


def test_holding_and_releasing(console: Client) -> None:
    order = factories.order()
    factories.unit(order=order)

    console.post(f"/console/orders/{order.public_id}/hold/", {"reason": "looks odd"})
    order.refresh_from_db()
    held = order.state
    console.post(f"/console/orders/{order.public_id}/release/")
    order.refresh_from_db()

    assert (held, order.state) == (Order.State.HELD, Order.State.OPEN)
    assert AuditEntry.objects.filter(entity="order").count() == 2


@pytest.mark.parametrize(("verdict", "state"), [("approve", "wanted"), ("decline", "declined")])
def test_deciding_on_a_proposed_refund(console: Client, verdict: str, state: str) -> None:
    refund = factories.refund()
    page = f"/console/orders/{refund.order.public_id}/"
    assert "Refund proposed: €9.00" in console.get(page).content.decode()

    console.post(f"/console/refunds/{refund.pk}/decide/", {"verdict": verdict})

    assert Refund.objects.get().state == state
    assert "Refund proposed" not in console.get(page).content.decode()

"""Today's figures, each against rows that count and rows that do not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from simplane.console import figures
from simplane.console.figures import OrderFigures, Risk
from simplane.core import clock
from simplane.core.models import Schedule
from tests import factories

pytestmark = pytest.mark.django_db


def test_orders_of_today_and_those_under_way() -> None:
    midnight = figures.midnight()
    before, after = midnight - timedelta(hours=1), midnight + timedelta(seconds=1)
    factories.order(received_at=before, clock_started_at=before, state="done", delivered_at=before)
    factories.order(received_at=before, clock_started_at=before, state="done", delivered_at=after)
    factories.order(received_at=after, clock_started_at=after)
    factories.order(received_at=before, clock_started_at=before, clock_step=1)
    factories.order(received_at=after, clock_started_at=None, state="awaiting_payment")
    factories.order(received_at=after, clock_started_at=after, state="held", clock_step=1)

    assert figures.orders() == OrderFigures(paid=2, delivered=1, in_progress=2, late=1, held=1)


def test_each_figure_leads_to_its_orders(console: Client) -> None:
    late = factories.order(clock_step=2)
    delivered = factories.order(state="done", delivered_at=clock.now(), clock_started_at=clock.now())
    factories.order(state="held", clock_started_at=None)

    def listed(query: str) -> set[str]:
        return {row.order.name for row in console.get(f"/console/orders/{query}").context["rows"]}

    assert listed("?late=1") == {late.name}
    assert listed("?day=delivered") == {delivered.name}
    assert listed("?day=paid") == {late.name, delivered.name}


def test_money_at_risk_is_never_added_over_currencies() -> None:
    factories.letter(cause="no_offer", money_minor=900, money_currency="EUR")
    factories.letter(cause="no_offer", money_minor=1100, money_currency="EUR")
    factories.letter(cause="no_offer", money_minor=500, money_currency="USD")
    factories.letter(cause="message_not_understood", money_minor=0, money_currency="")
    factories.letter(cause="no_offer", resolved_at=clock.now())

    first, second = figures.stuck()

    assert (first.cause, first.count, first.money) == ("no_offer", 3, [Risk("EUR", 2000), Risk("USD", 500)])
    assert (second.cause, second.count, second.money) == ("message_not_understood", 1, [])
    assert figures.total_risk([first, second]) == [Risk("EUR", 2000), Risk("USD", 500)]


def test_the_oldest_letter_of_a_cause_is_shown_whatever_its_currency() -> None:
    now = clock.now()
    factories.letter(cause="no_offer", money_currency="EUR", opened_at=now)
    factories.letter(cause="no_offer", money_currency="USD", opened_at=now - timedelta(hours=3))

    assert figures.stuck()[0].oldest == now - timedelta(hours=3)


def test_a_suppliers_health_is_what_its_purchases_of_the_last_hour_came_to() -> None:
    supplier = factories.supplier()
    offer = factories.offer(supplier=supplier)
    now = clock.now()
    for seconds in (1, 2, 9):
        factories.purchase(
            offer=offer, state="bought", outcome="ok", sent_at=now, answered_at=now + timedelta(seconds=seconds)
        )
    factories.purchase(offer=offer, state="rejected", outcome="blocked", error_code="breaker")
    factories.purchase(offer=offer, state="unknown", outcome="unknown")
    factories.purchase(offer=offer, state="pending", outcome="accepted")
    factories.purchase(offer=offer, state="rejected", requested_at=now - timedelta(hours=2))

    health = figures.health_of(supplier)

    assert (health.ok, health.refused, health.unknown, health.waiting) == (4, 1, 1, 1)
    assert health.p50_seconds == pytest.approx(2.0)
    assert health.called_off == 1


def test_a_float_below_its_mark_is_low() -> None:
    low = factories.supplier(float_minor=99, float_currency="USD", float_low_minor=100)
    unknown = factories.supplier(float_low_minor=100)

    assert figures.health_of(low).float_is_low
    assert not figures.health_of(unknown).float_is_low


def test_a_shop_shows_its_last_finished_comparison() -> None:
    shop = factories.shop()
    now = clock.now()
    factories.reconciliation(shop=shop, started_at=now - timedelta(hours=2), balanced=False)
    kept = factories.reconciliation(shop=shop, started_at=now - timedelta(hours=1))
    factories.reconciliation(shop=shop, started_at=now, finished_at=None, balanced=None)
    never = factories.shop()
    factories.shop(state="uninstalled")

    proofs = {proof.shop.key: proof.last for proof in figures.reconciliations()}

    assert proofs == {shop.key: kept, never.key: None}


def test_mail_that_waits_and_mail_that_went_wrong() -> None:
    now = clock.now()
    factories.message(state="sent")
    factories.message(state="bounced")
    factories.message(state="failed")
    factories.message(state="failed", created_at=now - timedelta(days=2))
    factories.message(state="queued", due_at=now, sent_at=None, created_at=now - timedelta(minutes=5))

    mail = figures.mail()

    assert (mail.waiting, mail.sent, mail.failed, mail.bounced) == (1, 1, 1, 1)
    assert mail.oldest == now - timedelta(minutes=5)


def test_schedules_that_failed_or_never_ended_are_troubled() -> None:
    now = clock.now()
    Schedule.objects.create(name="clean_up", last_ok=True)
    Schedule.objects.create(name="stuck_orders", last_ok=False, last_problem="boom")
    Schedule.objects.create(name="watch", lease_until=now - timedelta(seconds=1))
    Schedule.objects.create(name="reconcile_shops", lease_until=now + timedelta(seconds=60))

    assert [row.name for row in figures.troubled_schedules()] == ["stuck_orders", "watch"]


def test_the_page_says_when_no_worker_runs(console: Client) -> None:
    assert "No worker is running" in console.get("/console/").content.decode()


def test_the_page_refreshes_itself(console: Client) -> None:
    assert 'hx-trigger="every 15s"' in console.get("/console/").content.decode()

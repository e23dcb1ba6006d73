"""What raises alerts by itself, and what ends them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from simplane.alerts import jobs as alert_jobs
from simplane.alerts import rules, watch
from simplane.alerts.models import Alert
from simplane.channels import shops
from simplane.channels.models import Shop
from simplane.core import clock, deadletters, events, jobs
from simplane.core.models import DeadLetter, Schedule
from simplane.lines.actions import keep_confirmation_code
from simplane.ordering.models import Order
from simplane.suppliers.models import Purchase, Supplier
from tests import factories

pytestmark = pytest.mark.usefixtures("transactional_db")


def open_alerts() -> dict[tuple[str, str], str]:
    """Titles of what is open, by rule and subject."""
    rows = Alert.objects.filter(resolved_at__isnull=True).values_list("rule", "subject", "title")
    return {(rule, subject): title for rule, subject, title in rows}


def late_order() -> Callable[[], Any]:
    order = factories.order(account="demo", clock_step=3)
    return lambda: Order.objects.filter(pk=order.pk).update(state=Order.State.DONE)


def dead_letter() -> Callable[[], Any]:
    factories.letter(cause="no_offer")
    return lambda: DeadLetter.objects.update(resolved_at=clock.now())


def unknown_purchase() -> Callable[[], Any]:
    factories.purchase(state=Purchase.State.UNKNOWN, requested_at=clock.now() - timedelta(minutes=16))
    return lambda: Purchase.objects.update(state=Purchase.State.REJECTED)


def failing_schedule() -> Callable[[], Any]:
    Schedule.objects.create(name="sweep", last_ok=False, last_success_at=clock.now() - timedelta(minutes=6))
    return lambda: Schedule.objects.update(last_ok=True)


def forgotten_shop() -> Callable[[], Any]:
    before = clock.now() - timedelta(hours=4)
    shop = factories.shop(key="demo", name="Demo", created_at=before)
    factories.reconciliation(shop=shop, started_at=before, finished_at=before)
    return lambda: factories.reconciliation(shop=shop)


def open_reconciliation() -> Callable[[], Any]:
    shop = factories.shop(key="demo", name="Demo")
    factories.reconciliation(shop=shop, balanced=False, started_at=clock.now() - timedelta(minutes=5))
    return lambda: factories.reconciliation(shop=shop)


def silent_shop() -> Callable[[], Any]:
    shop = factories.shop(key="demo", name="Demo", state=Shop.State.PAUSED, problem="the key was refused")
    return lambda: Shop.objects.filter(pk=shop.pk).update(state=Shop.State.ACTIVE)


def uninstalled_shop() -> Callable[[], Any]:
    shop = factories.shop(key="demo", name="Demo", created_at=clock.now())
    shops.uninstall_shop(shop.pk)
    return lambda: deadletters.perform(DeadLetter.objects.get().pk, "shop_close")


def uncertain_line() -> Callable[[], Any]:
    seller = factories.supplier(code="esimgo")
    made = factories.line(confirmation_code_required=True, offer=factories.offer(supplier=seller))
    return lambda: keep_confirmation_code(made.pk, "4711")


def waiting_job() -> Callable[[], Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)"
            " VALUES ('mail', 'delivery.send', '{}', now() - interval '130 seconds')"
        )

    def done() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'delivery.send'")

    return done


@pytest.mark.parametrize(
    ("trouble", "key", "title"),
    [
        (late_order, ("orders_late", "demo"), "1 paid orders of demo wait for their eSIM"),
        (dead_letter, ("stuck", "no_offer"), "1 stuck: "),
        (unknown_purchase, ("unknown_purchases", "all"), "1 purchases unknown for more than 15 minutes"),
        (failing_schedule, ("schedule_failed", "sweep"), "Scheduled work sweep fails"),
        (forgotten_shop, ("reconciliation_late", "demo"), "Demo was not reconciled for 3 h"),
        (open_reconciliation, ("reconciliation_open", "demo"), "Orders of Demo and ours do not balance"),
        (silent_shop, ("shop_silent", "demo"), "Demo is "),
        (uninstalled_shop, ("shop_silent", "demo"), "Demo is "),
        (uncertain_line, ("no_confirmation_code", "esimgo"), "1 eSIMs of esimgo can not be installed"),
        (waiting_job, ("queue_age", "all"), "1 jobs wait, the oldest for 13"),
    ],
)
def test_trouble_is_found_and_its_end_too(
    trouble: Callable[[], Callable[[], Any]], key: tuple[str, str], title: str
) -> None:
    end = trouble()
    watch.watch()
    found = open_alerts()
    assert list(found) == [key]
    assert found[key].startswith(title)
    end()
    watch.watch()
    assert open_alerts() == {}


def test_a_shop_that_removed_the_app_is_told_once_and_a_paused_one_again_and_again() -> None:
    shops.uninstall_shop(factories.shop(key="gone").pk)
    factories.shop(key="refuses", state=Shop.State.PAUSED)
    for _ in range(3):
        watch.watch()
    counts = dict(Alert.objects.filter(rule="shop_silent").values_list("subject", "count"))
    assert counts == {"gone": 1, "refuses": 3}
    assert not Alert.objects.filter(rule="stuck").exists()


def test_nothing_is_wrong_with_an_empty_shop() -> None:
    factories.shop()
    factories.delivered_unit()
    assert set(watch.watch().values()) == {0}
    assert open_alerts() == {}


@pytest.mark.parametrize(
    "quiet",
    [
        lambda: Schedule.objects.create(name="sweep", last_ok=False, last_success_at=clock.now()),
        lambda: factories.purchase(state=Purchase.State.UNKNOWN),
        lambda: factories.order(clock_step=2),
        lambda: jobs.enqueue("delivery.send", at=clock.now() + timedelta(hours=1), message_id=1),
    ],
    ids=["one failure", "just unknown", "order not paged", "job for later"],
)
def test_what_is_no_trouble_yet(quiet: Callable[[], Any]) -> None:
    quiet()
    watch.watch()
    assert open_alerts() == {}


def test_a_rule_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")
        return []

    monkeypatch.setitem(rules.RULES, "stuck", broken)
    factories.order(account="demo", clock_step=3)
    assert watch.watch()["stuck"] == "ProgrammingError"
    assert list(open_alerts()) == [("orders_late", "demo")]


def test_a_paused_supplier_until_it_sells_again() -> None:
    seller = factories.supplier(code="esimgo", name="eSIM Go", paused_reason="funds: empty")
    alert_jobs.supplier_blocked(seller.pk, "funds: empty")
    watch.watch()
    assert open_alerts() == {("supplier_blocked", "esimgo"): "eSIM Go sells nothing to us"}
    Supplier.objects.update(paused_reason="")
    watch.watch()
    assert open_alerts() == {}


def test_a_low_float_until_it_is_topped_up() -> None:
    seller = factories.supplier(code="esimgo", name="eSIM Go", float_minor=100, float_low_minor=5000)
    alert_jobs.float_low(seller.pk, "1.00 USD")
    watch.watch()
    assert open_alerts() == {("float_low", "esimgo"): "Float at eSIM Go is low: 1.00 USD"}
    Supplier.objects.update(float_minor=5000)
    watch.watch()
    assert open_alerts() == {}


def test_an_order_is_paged_at_the_third_step_of_its_clock() -> None:
    order = factories.order(account="demo", clock_step=3)
    alert_jobs.order_late(order.pk, 2)
    assert open_alerts() == {}
    alert_jobs.order_late(order.pk, 3)
    alert = Alert.objects.get()
    assert (alert.rule, alert.level) == ("orders_late", "critical")
    assert order.public_id in alert.text
    assert order.customer.email not in alert.text + alert.title


def test_a_dead_unit_names_its_cause_once() -> None:
    for _ in range(3):
        order = factories.order()
        factories.letter(cause="no_offer", order_id=order.pk)
        alert_jobs.unit_died(order.pk)
    alert = Alert.objects.get()
    assert (alert.rule, alert.subject, alert.count) == ("stuck", "no_offer", 3)
    assert alert.title.startswith("3 stuck: ")
    assert alert.link.endswith("/console/stuck/no_offer/")


def test_orders_of_somebody_else_are_named() -> None:
    seller = factories.supplier(code="esimgo")
    alert_jobs.foreign_orders(seller.pk, ["o-1", "o-2"])
    assert "o-1, o-2" in Alert.objects.get().text


def test_every_alert_of_an_event_is_wired() -> None:
    wired = {name for names in events.reactions().values() for name in names if name.startswith("alerts.")}
    sending = {"alerts.tell", "alerts.company_send", "alerts.company_question_mail", "alerts.company_digest_mail"}
    written = {name for name in jobs.registered() if name.startswith("alerts.")} - sending
    assert wired == written


def test_a_test_order_wakes_nobody() -> None:
    order = factories.order(account="twin", clock_step=3, is_test=True)
    unit = factories.unit(order=order)
    factories.letter(cause="no_offer", subject_id=str(unit.pk), order_id=order.pk)
    long_ago = clock.now() - timedelta(minutes=16)
    factories.purchase(unit_id=unit.pk, state=Purchase.State.UNKNOWN, requested_at=long_ago)
    uncodable = factories.unit(order=order)
    factories.line(unit_id=uncodable.pk, confirmation_code_required=True)

    watch.watch()
    alert_jobs.unit_died(order.pk)
    alert_jobs.order_late(order.pk, 3)

    assert open_alerts() == {}


def test_a_test_order_is_not_counted_among_those_that_wait() -> None:
    late, test = (factories.order(account="demo", clock_step=3, is_test=is_test) for is_test in (False, True))
    for one in (late, test):
        factories.letter(cause="no_offer", order_id=one.pk)
    alert_jobs.unit_died(late.pk)
    alert_jobs.order_late(late.pk, 3)
    titles = open_alerts()
    assert titles["orders_late", "demo"].startswith("1 paid")
    assert titles["stuck", "no_offer"].startswith("1 stuck")

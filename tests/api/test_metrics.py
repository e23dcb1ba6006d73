"""What Prometheus reads: the state of the business, and who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from simplane.api.gauges import BUSINESS
from simplane.api.metrics import may_read
from simplane.channels.models import Shop
from simplane.core import clock, jobs
from simplane.core.db import transaction
from simplane.core.models import Schedule
from simplane.delivery.limits import TURN
from simplane.delivery.models import Message
from simplane.ordering.actions.hand_over import delivered
from simplane.ordering.models import Order, Unit
from simplane.suppliers.models import Purchase
from tests import factories

TOKEN = "a-token-of-the-monitoring"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    BUSINESS.forget()
    yield
    BUSINESS.forget()


class Figures:
    """What /metrics says now, by name and labels; None where it says nothing."""

    def __init__(self, client: Client) -> None:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        self._found = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float | None:
        return self._found.get((f"simplane_{name}", frozenset(labels.items())))

    def age(self, name: str, **labels: str) -> int:
        """An age in whole minutes."""
        found = self(name, **labels)
        assert found is not None
        return int(found // 60)


def test_units_by_state_with_the_age_of_the_oldest(client: Client, db: None) -> None:
    now = clock.now()
    factories.unit(state=Unit.State.UNKNOWN, state_at=now - timedelta(minutes=20))
    factories.unit(state=Unit.State.UNKNOWN, state_at=now)
    factories.unit(state=Unit.State.DEAD, due_at=None)
    factories.delivered_unit()
    found = Figures(client)
    assert found("units", state="unknown") == 2
    assert found("units", state="dead") == 1
    assert found("units", state="waiting") == 0
    assert found("units", state="delivered") is None
    assert found.age("units_oldest_seconds", state="unknown") == 20


def test_orders_behind_their_clock(client: Client, db: None) -> None:
    factories.order(clock_step=3)
    factories.order(clock_step=3, state=Order.State.DONE)
    factories.order(clock_step=3, is_test=True)
    assert Figures(client)("orders_late", step="3") == 1


def test_purchases_open_and_recent_by_supplier(client: Client, db: None) -> None:
    seller = factories.supplier(code="esimgo")
    factories.purchase(supplier=seller, state=Purchase.State.UNKNOWN, outcome="unknown")
    factories.purchase(supplier=seller, state=Purchase.State.BOUGHT, outcome="ok")
    long_ago = clock.now() - timedelta(hours=1)
    factories.purchase(supplier=seller, state=Purchase.State.BOUGHT, outcome="ok", requested_at=long_ago)
    found = Figures(client)
    assert found("purchases_open", supplier="esimgo", state="unknown") == 1
    assert found("purchases_open", supplier="esimgo", state="bought") is None
    assert found("purchases_recent", supplier="esimgo", outcome="ok") == 1
    assert found("purchases_recent", supplier="esimgo", outcome="unknown") == 1


def test_dead_letters_and_the_money_at_risk(client: Client, db: None) -> None:
    factories.letter(cause="purchase_unknown")
    factories.letter(cause="purchase_unknown")
    factories.letter(cause="purchase_unknown", resolved_at=clock.now())
    factories.letter(cause="purchase_unknown", order_id=factories.order(is_test=True).pk)
    found = Figures(client)
    assert found("dead_letters", kind="unit", cause="purchase_unknown") == 2
    assert found("money_at_risk_minor", currency="EUR") == 1800


def test_queue_depth_and_age(client: Client, db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)"
            " VALUES ('mail', 'delivery.send', '{}', now() - interval '90 seconds')"
        )
    jobs.enqueue("ordering.advance", at=clock.now() + timedelta(hours=1), unit_id=1)
    found = Figures(client)
    assert found("queue_jobs", queue="mail", state="waiting") == 1
    assert found.age("queue_oldest_seconds", queue="mail") == 1
    assert found("queue_jobs", queue="supplier", state="later") == 1
    assert found("queue_oldest_seconds", queue="supplier") == 0
    assert found("workers_alive") == 0


def test_webhooks_that_wait(client: Client, db: None) -> None:
    factories.inbox_message()
    factories.inbox_message(
        state="failed", handled_at=None, due_at=clock.now(), received_at=clock.now() - timedelta(minutes=5)
    )
    found = Figures(client)
    assert found("inbox_messages", channel="shopify", state="failed") == 1
    assert found.age("inbox_oldest_seconds", channel="shopify", state="failed") == 5
    assert found("inbox_messages", channel="shopify", state="done") is None


def test_float_and_pause_of_suppliers(client: Client, db: None) -> None:
    factories.supplier(
        code="full", float_minor=12_345, float_currency="USD", float_low_minor=5000, float_at=clock.now()
    )
    factories.supplier(code="broke", paused_reason="funds: balance is empty")
    factories.supplier(code="gone", active=False)
    found = Figures(client)
    assert found("supplier_float_minor", supplier="full", currency="USD") == 12_345
    assert found("supplier_float_low_minor", supplier="full", currency="USD") == 5000
    assert found.age("supplier_float_age_seconds", supplier="full") == 0
    assert found("supplier_paused", supplier="full") == 0
    assert found("supplier_paused", supplier="broke") == 1
    assert found("supplier_paused", supplier="gone") is None


def test_reconciliation_of_each_shop(client: Client, db: None) -> None:
    now = clock.now()
    shop = factories.shop(key="demo")
    factories.reconciliation(shop=shop, started_at=now - timedelta(hours=3), finished_at=now - timedelta(hours=3))
    named = [{"order": "1", "name": "#1", "why": "unpaid"}]
    factories.reconciliation(
        shop=shop,
        started_at=now - timedelta(hours=2),
        finished_at=now - timedelta(hours=2),
        balanced=False,
        exceptions=named,
    )
    factories.reconciliation(shop=shop, finished_at=None, balanced=None)
    factories.shop(key="new", created_at=now - timedelta(hours=1))
    factories.shop(key="left", state=Shop.State.UNINSTALLED)
    found = Figures(client)
    assert found.age("reconciliation_age_seconds", shop="demo") == 120
    assert found("reconciliation_balanced", shop="demo") == 0
    assert found("reconciliation_exceptions", shop="demo") == 1
    assert found.age("reconciliation_age_seconds", shop="new") == 60
    assert found("reconciliation_balanced", shop="new") is None
    assert found("reconciliation_age_seconds", shop="left") is None


def test_scheduled_work_and_its_last_success(client: Client, db: None) -> None:
    before = clock.now() - timedelta(minutes=10)
    Schedule.objects.create(name="watch", last_ok=True, last_success_at=clock.now())
    Schedule.objects.create(name="sweep", last_ok=False, last_success_at=before)
    found = Figures(client)
    assert found("schedule_ok", schedule="watch") == 1
    assert found("schedule_ok", schedule="sweep") == 0
    assert found.age("schedule_success_age_seconds", schedule="sweep") == 10


def test_mails_and_write_backs_that_wait(client: Client, db: None) -> None:
    before = clock.now() - timedelta(minutes=1)
    factories.message(state=Message.State.QUEUED, sent_at=None, created_at=before, due_at=clock.now())
    factories.message()
    long_ago, turn = before - timedelta(hours=1), {TURN: clock.now().isoformat()}
    factories.message(
        state=Message.State.QUEUED, sent_at=None, created_at=long_ago, due_at=clock.now(), context=turn, version=2
    )
    factories.write_back(state="unknown", due_at=clock.now(), done_at=None, created_at=before)
    found = Figures(client)
    assert found("mail_messages", state="queued") == 2
    assert found.age("mail_oldest_seconds") == 1
    assert found("write_backs_open") == 1
    assert found.age("write_backs_oldest_seconds") == 1


def test_open_alerts(client: Client, db: None) -> None:
    factories.alert(rule="queue_age", level="critical", attempts=4)
    factories.alert(rule="queue_age", level="critical", resolved_at=clock.now())
    found = Figures(client)
    assert found("alerts_open", rule="queue_age", level="critical") == 1
    assert found("alerts_untold_attempts") == 4


def _delivered_and_lost(unit: Unit) -> None:
    with transaction():
        delivered(Unit.objects.get(pk=unit.pk))
        raise RuntimeError("the commit fails")


def test_a_delivery_is_timed_once_it_is_committed(client: Client, transactional_db: None) -> None:
    unit = factories.unit(state=Unit.State.READY, created_at=clock.now() - timedelta(seconds=20))
    before = Figures(client)("delivery_seconds_count") or 0
    with pytest.raises(RuntimeError, match="the commit fails"):
        _delivered_and_lost(unit)
    assert (Figures(client)("delivery_seconds_count") or 0) == before
    with transaction():
        delivered(Unit.objects.get(pk=unit.pk))
    found = Figures(client)
    assert found("delivery_seconds_count") == before + 1
    assert (found("delivery_seconds_bucket", le="30.0") or 0) > (found("delivery_seconds_bucket", le="10.0") or 0)


def test_the_delivery_of_a_test_order_is_not_timed(client: Client, transactional_db: None) -> None:
    unit = factories.unit(state=Unit.State.READY, order=factories.order(is_test=True))
    before = Figures(client)("delivery_seconds_count") or 0
    with transaction():
        delivered(Unit.objects.get(pk=unit.pk))
    assert (Figures(client)("delivery_seconds_count") or 0) == before


def test_the_database_is_asked_once_in_five_seconds(
    client: Client, db: None, django_assert_num_queries: object
) -> None:
    Figures(client)
    with django_assert_num_queries(0):  # type: ignore[operator]
        Figures(client)


@pytest.mark.parametrize(
    ("address", "forwarded", "authorization", "may"),
    [
        ("127.0.0.1", False, "", True),
        ("::1", False, "", True),
        ("127.0.0.1", True, "", False),
        ("10.0.0.9", False, "", False),
        ("10.0.0.9", False, f"Bearer {TOKEN}", True),
        ("127.0.0.1", True, f"Bearer {TOKEN}", True),
        ("10.0.0.9", False, "Bearer ", False),
        ("10.0.0.9", False, f"Bearer {TOKEN}x", False),
        ("", False, "", False),
    ],
)
def test_who_may_see_figures_in_production(
    settings: Settings, address: str, forwarded: bool, authorization: str, may: bool
) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"environment": "production", "metrics_token": TOKEN})
    assert may_read(address, forwarded=forwarded, authorization=authorization) is may


def test_staging_is_as_closed(settings: Settings) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"environment": "staging", "metrics_token": TOKEN})
    assert may_read("10.0.0.9", forwarded=False, authorization="") is False
    assert may_read("127.0.0.1", forwarded=False, authorization="") is True


def test_without_a_token_an_empty_one_opens_nothing(settings: Settings) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"environment": "production"})
    assert may_read("10.0.0.9", forwarded=False, authorization="Bearer ") is False


def test_others_are_told_that_there_is_no_such_page(client: Client, settings: Settings) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"environment": "production"})
    answer = client.get("/metrics", headers={"X-Forwarded-For": "198.51.100.4"})
    assert (answer.status_code, answer.content) == (404, b"there is no such page\n")

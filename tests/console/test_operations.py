"""Webhooks, jobs, shops, SKUs, people, links and alerts: what an operator may do about each."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from simplane.alerts.models import Alert
from simplane.channels.models import ChannelSku, Shop
from simplane.console.inbox import readable
from simplane.core import clock, jobs, queue_stats
from simplane.core.models import AuditEntry, InboxMessage, Schedule
from simplane.core.queue_stats import Depth
from simplane.delivery.models import InstallLink
from simplane.ordering.models import Customer
from tests import factories


def _jobs() -> list[tuple[str, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, (args - '_rid')::text FROM procrastinate_jobs ORDER BY id")
        return [(name, json.loads(args)) for name, args in cursor.fetchall()]


def test_replaying_webhooks_makes_them_due_again(console: Client) -> None:
    first, second = (factories.inbox_message(state="flagged", attempts=12) for _ in range(2))
    factories.inbox_message(state="flagged")

    console.post("/console/webhooks/replay/", {"message": [first.pk, second.pk]})

    assert [job for job, _ in _jobs()] == ["core.handle_message"] * 2
    assert set(InboxMessage.objects.filter(due_at__isnull=False)) == {first, second}
    assert AuditEntry.objects.filter(action="message.replayed").count() == 2


def test_replaying_nothing_says_so(console: Client) -> None:
    answer = console.post("/console/webhooks/replay/", follow=True)

    assert "No webhook was selected." in answer.content.decode()


def test_a_signature_is_not_shown(console: Client) -> None:
    message = factories.inbox_message(
        headers={"x-shopify-hmac-sha256": "c2lnbmF0dXJl", "x-shopify-topic": "orders/paid"}
    )

    text = console.get(f"/console/webhooks/{message.pk}/").content.decode()

    assert "c2lnbmF0dXJl" not in text
    assert "x-shopify-topic" in text


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"a":1}', '{\n  "a": 1\n}'),
        (b"plain", "plain"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"[" * 100_000, "["),
        (b"", ""),
    ],
)
def test_any_body_can_be_read(body: bytes, shown: str) -> None:
    assert readable(body)[:30].startswith(shown[:30])


def test_webhooks_are_filtered(console: Client) -> None:
    kept = factories.inbox_message(state="failed", topic="refunds/create", account="alpha")
    factories.inbox_message(state="failed", topic="orders/paid", account="alpha")
    factories.inbox_message(topic="refunds/create", account="alpha")

    rows = console.get("/console/webhooks/?state=failed&topic=refunds/create&account=alpha").context["rows"]

    assert [message for message, _ in rows] == [kept]


def test_mail_is_filtered_by_address_state_and_kind(console: Client) -> None:
    kept = factories.message(to="ana@example.com", state="bounced")
    factories.message(to="ana@example.com")
    factories.message(to="ben@example.com", state="bounced")
    factories.message(to="ana@example.com", state="bounced", kind="order_late")

    rows = console.get("/console/mail/?q=Ana@&state=bounced&kind=esim_ready").context["rows"]

    assert [message for message, _, _ in rows] == [kept]


def test_a_scheduled_entry_is_run_by_a_worker_once_however_often_it_is_asked_for(console: Client) -> None:
    for _ in range(2):
        console.post("/console/jobs/clean_up/run/")

    assert _jobs() == [("console.run_schedule", {"schedule": "clean_up"})]


@pytest.mark.django_db(transaction=True)
def test_the_worker_runs_the_entry_that_was_asked_for() -> None:
    job = jobs.registered()["console.run_schedule"].function

    asyncio.run(job(schedule="stalled_jobs"))  # type: ignore[arg-type]

    assert Schedule.objects.values_list("name", "last_ok", "runs").get() == ("stalled_jobs", True, 1)


def test_the_timetable_shows_how_each_entry_went(console: Client) -> None:
    now = clock.now()
    Schedule.objects.create(name="clean_up", last_started_at=now, last_ok=True)
    Schedule.objects.create(name="watch", last_started_at=now, last_ok=False, last_problem="boom")
    Schedule.objects.create(name="stuck_orders", last_started_at=now, lease_until=now + timedelta(minutes=1))
    Schedule.objects.create(name="stalled_jobs", last_started_at=now, lease_until=now - timedelta(minutes=1))

    rows = {row.entry.name: row for row in console.get("/console/jobs/").context["rows"]}

    states = {name: rows[name].state for name in ("clean_up", "watch", "stuck_orders", "stalled_jobs", "alerts_due")}
    assert states == {
        "clean_up": "ok",
        "watch": "failed",
        "stuck_orders": "running",
        "stalled_jobs": "failed",
        "alerts_due": "never ran",
    }
    assert (rows["watch"].problem, rows["stalled_jobs"].problem) == ("boom", "it began and never ended")


@pytest.mark.django_db
def test_queue_depths_count_what_is_due_later_done_and_given_up() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, scheduled_at) VALUES"
            " ('mail', 'a', 'todo', now() - interval '90 seconds'), ('mail', 'a', 'todo', now()),"
            " ('mail', 'a', 'todo', now() + interval '1 hour'), ('mail', 'a', 'doing', now()),"
            " ('mail', 'a', 'failed', now()), ('mail', 'a', 'succeeded', now()), ('odd', 'a', 'todo', NULL)"
        )

    depths = {depth.queue: depth for depth in queue_stats.depths()}

    assert list(depths) == ["intake", "supplier", "mail", "channel", "webhooks", "default", "odd"]
    assert depths["mail"] == Depth("mail", 2, 1, 1, 1, timedelta(seconds=90))
    assert depths["odd"] == Depth("odd", 1)
    assert depths["intake"] == Depth("intake")


def test_jobs_that_gave_up_are_listed_with_what_they_were_given(console: Client) -> None:
    factories.failed_job(name="channels.refund", arguments={"refund_id": 7})

    (job,) = queue_stats.failed_jobs()

    assert (job.name, job.queue, job.arguments, job.attempts) == ("channels.refund", "supplier", {"refund_id": 7}, 8)
    assert "refund_id" in console.get("/console/jobs/").content.decode()


@pytest.mark.django_db
def test_no_worker_is_said_as_such() -> None:
    assert (queue_stats.workers().count, queue_stats.workers().silent) == (0, None)


def test_a_shop_is_compared_and_its_subscriptions_checked_on_demand(console: Client) -> None:
    shop = factories.shop(key="demo")

    for verb in ("reconcile", "reconcile", "subscriptions"):
        console.post(f"/console/shops/demo/{verb}/")

    assert _jobs() == [
        ("channels.reconcile", {"shop_id": shop.pk, "kind": "recent"}),
        ("channels.check_subscriptions", {"shop_id": shop.pk}),
    ]


def test_a_paused_shop_offers_only_to_be_resumed(console: Client) -> None:
    factories.shop(key="demo", state="paused", problem="401")
    page = console.get("/console/shops/demo/")
    assert page.context["verbs"] == [("resume", "Resume calls")]

    console.post("/console/shops/demo/resume/")

    assert Shop.objects.get().state == "active"


def test_wrong_settings_of_a_shop_do_not_break_its_page(console: Client) -> None:
    factories.shop(key="demo", settings={"nonsense": 1})

    assert "unknown setting nonsense" in console.get("/console/shops/demo/").content.decode()


def test_an_unknown_sku_is_mapped_and_its_lines_are_worked_on(console: Client) -> None:
    shop = factories.shop(key="demo")
    factories.order_line(product=None, sku="NEW-1")
    product = factories.product(sku="ES-1")
    (waiting,) = console.get("/console/skus/").context["waiting"]
    assert (waiting.sku, waiting.lines, waiting.shop) == ("NEW-1", 1, shop)

    console.post("/console/skus/map/", {"shop": "demo", "sku": "NEW-1", "variant": "", "product": "ES-1"})

    assert ChannelSku.objects.values_list("sku", "product").get() == ("NEW-1", product.pk)
    assert [job for job, _ in _jobs()] == ["channels.map_waiting_lines"]


def test_a_sku_can_be_none_of_ours(console: Client) -> None:
    factories.shop(key="demo")

    console.post("/console/skus/map/", {"shop": "demo", "sku": "CASE", "not_ours": "1"})

    known = ChannelSku.objects.get()
    assert known.sku == "CASE"
    assert known.product is None


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"shop": "none", "sku": "A", "product": "ES-1"}, "there is no such shop"),
        ({"shop": "demo", "sku": "A", "product": "NONE"}, "there is no product"),
        ({"shop": "demo", "sku": "", "variant": "", "product": "ES-1"}, "name either a SKU or a variant"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(console: Client, form: dict[str, str], said: str) -> None:
    factories.shop(key="demo")
    factories.product(sku="ES-1")

    answer = console.post("/console/skus/map/", form, follow=True)

    assert said in answer.content.decode()
    assert not ChannelSku.objects.exists()


def test_erasing_a_person_needs_their_address_typed(console: Client) -> None:
    customer = factories.customer(email="ana@example.com", name="Ana")
    page = f"/console/customers/{customer.pk}/"

    refused = console.post(f"{page}redact/", {"email": "other@example.com"}, follow=True)
    assert "is not this customer" in refused.content.decode()
    assert Customer.objects.get().name == "Ana"

    console.post(f"{page}redact/", {"email": "ANA@example.com"})

    gone = Customer.objects.get()
    assert (gone.name, gone.email) == ("", f"redacted:{gone.pk}")
    assert "Erase personal data" not in console.get(page).content.decode()


def test_a_link_is_replaced_or_withdrawn_with_a_reason(console: Client) -> None:
    unit = factories.delivered_unit()
    link = factories.install_link(order_id=unit.order_id, unit_id=unit.pk, line=unit.line)

    console.post(f"/console/links/{link.pk}/rotate/", {"reason": ""})
    assert InstallLink.objects.filter(revoked_at__isnull=True).get() == link

    console.post(f"/console/links/{link.pk}/rotate/", {"reason": "sent to the wrong person"})
    new = InstallLink.objects.filter(revoked_at__isnull=True).get()
    assert new.token != link.token

    console.post(f"/console/links/{new.pk}/revoke/", {"reason": "fraud"})
    assert not InstallLink.objects.filter(revoked_at__isnull=True).exists()


def test_an_esims_page_shows_what_is_left(console: Client) -> None:
    line = factories.line(data_total=2_000_000_000, data_used=500_000_000, usage_at=clock.now())

    text = console.get(f"/console/esims/{line.pk}/").content.decode()

    assert "500 MB of 2 GB" in text
    assert "1.5 GB left" in text
    assert line.matching_id not in text


def test_taking_an_alert_on(console: Client) -> None:
    alert = factories.alert()

    console.post(f"/console/alerts/{alert.pk}/acknowledge/")

    assert Alert.objects.get().acknowledged_by == AuditEntry.objects.get().actor


def test_the_audit_trail_is_searched_by_who_what_and_which(console: Client) -> None:
    kept = factories.audit_entry(actor="user:1 sam@x", action="order.held", entity="order", entity_id="ord_1")
    factories.audit_entry(actor="user:2 eva@x", action="order.held", entity="order", entity_id="ord_1")
    factories.audit_entry(actor="user:1 sam@x", action="unit.retried", entity="unit", entity_id="unit_1")

    found = console.get("/console/audit/?actor=sam&action=order&entity=order&id=ord_1").context["page"].rows

    assert found == [kept]

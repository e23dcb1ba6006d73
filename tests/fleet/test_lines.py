"""Lines of a company: asked for in its scope, bought once by us, paused and ended at the supplier."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import httpx2
import pytest
from django.test import Client

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.core.models import AuditEntry
from simplane.fleet.actions import provision, reactivate, replace, replaced, suspend, terminate
from simplane.fleet.actions.learn import learn
from simplane.fleet.errors import LineBusy, NotAtWork, NotPossible
from simplane.fleet.models import FleetLine, InstallLink, Operation, PlanPeriod
from simplane.ledger.models import Wallet
from simplane.lines.actions import apply_event, apply_read
from simplane.lines.models import Line
from simplane.organizations import hosts
from simplane.policies.alert_models import Alert
from simplane.suppliers import operations
from simplane.suppliers.values import LineStatus, SupplierEvent
from tests.fleet.firm import OWNER, Firm, firm
from tests.world import World

pytestmark = pytest.mark.slow


def ordered(acme: Firm, key: str = "") -> Operation:
    with tenancy.scope(acme.company.pk):
        return provision(acme.plan.public_id, acme.ana.public_id, asked_by=OWNER, key=key)


def test_a_line_is_bought_once_charged_once_and_its_person_gets_a_link_that_works_once(world: World) -> None:
    hosts.forget()
    acme = firm(world)

    first, again = ordered(acme, "k1"), ordered(acme, "k1")
    assert (first.pk, first.state) == (again.pk, "requested")
    done = acme.work()

    assert (done.state, acme.line().state, world.bought()) == ("done", "ready", 1)
    assert Wallet.objects.get(organization=acme.company).balance_minor == -9_00
    with tenancy.scope(acme.company.pk):
        period = PlanPeriod.objects.get()
        assert (period.price_minor, period.currency, period.ended_at) == (9_00, "EUR", None)
        assert {"line.provision_asked", "line.provision_done"} <= set(
            AuditEntry.objects.values_list("action", flat=True)
        )
    [mail] = world.mails()
    assert acme.ana.email in str(mail["to"])
    path = link_in(world)
    browser = Client(headers={"host": "acme.localhost"})
    assert "Show my eSIM" in browser.get(path).content.decode()
    shown = browser.post(path, follow=True)
    assert Line.objects.get().matching_id in shown.content.decode()
    assert "This link was used" in browser.get(path).content.decode()
    assert Client(headers={"host": "acme.localhost"}).post(path).status_code == 302
    with tenancy.scope(acme.company.pk):
        assert InstallLink.objects.filter(opened_at__isnull=False).count() == 1


def link_in(world: World) -> str:
    """The path of the link in the newest mail."""
    newest = world.mails()[0]
    body = httpx2.get(f"{world.mail.url}/api/messages/{newest['id']}", trust_env=False).text
    found = re.search(r"/install/[\w-]+/", body.replace("=\\r\\n", "").replace("=\\n", ""))
    assert found is not None
    return found.group()


def test_a_line_is_paused_resumed_replaced_and_ended_at_its_supplier(world: World) -> None:
    acme = firm(world)
    ordered(acme)
    acme.work()
    line = acme.line()
    old = Line.objects.get()

    with tenancy.scope(acme.company.pk):
        suspend(line.public_id, asked_by=OWNER, reason="lost")
        assert acme.line().wanted == "suspended"
        with pytest.raises(LineBusy):
            reactivate(line.public_id, asked_by=OWNER, reason="found")
    acme.work()
    assert (acme.line().service, acme.line().state) == ("suspended", "suspended")

    with tenancy.scope(acme.company.pk):
        reactivate(line.public_id, asked_by=OWNER, reason="found")
    acme.work()
    assert (acme.line().service, acme.line().wanted) == ("active", "active")

    with tenancy.scope(acme.company.pk):
        replace(line.public_id, asked_by=OWNER, reason="new phone")
    acme.work()
    assert world.bought() == 2
    assert acme.line().iccid != old.iccid
    with tenancy.scope(acme.company.pk):
        terminate(line.public_id, asked_by=OWNER, reason="left")
    done = acme.work()
    assert (done.state, acme.line().wanted) == ("done", "terminated")
    assert acme.line().service in ("terminated", "suspended")


def test_what_can_not_be_had_fails_with_a_reason_and_costs_nothing(world: World) -> None:
    acme = firm(world, credit_minor=5_00)
    ordered(acme)

    failed = acme.work()

    assert (failed.state, acme.line().state) == ("failed", "failed")
    assert "credit" in failed.problem
    assert world.bought() == 0
    assert Wallet.objects.get(organization=acme.company).balance_minor == 0


def test_who_left_gets_no_line_and_nothing_is_written(world: World) -> None:
    acme = firm(world)
    with tenancy.scope(acme.company.pk):
        acme.ana.state = "left"
        acme.ana.save()
        with pytest.raises(NotAtWork, match="has left"):
            provision(acme.plan.public_id, acme.ana.public_id, asked_by=OWNER)
        assert (FleetLine.objects.count(), Operation.objects.count()) == (0, 0)


def test_a_line_without_an_esim_can_not_be_paused(world: World) -> None:
    acme = firm(world)
    ordered(acme)
    with tenancy.scope(acme.company.pk), pytest.raises(NotPossible, match="no eSIM yet"):
        suspend(acme.line().public_id, asked_by=OWNER, reason="x")


def test_when_one_supplier_is_down_another_serves_new_lines_but_never_one_whose_order_is_unknown(world: World) -> None:
    acme = firm(world)
    world.go.fault("orders", "status_before", times=-1)
    world.go.fault("order", "drop_after")
    first = ordered(acme)
    acme.work(most_seconds=2)
    operations.pause("esimgo", "down")
    second = ordered(acme)
    for _ in range(20):
        acme.work(most_seconds=1)
        if state_of_line(acme, second) == "ready":
            break

    with tenancy.scope(acme.company.pk):
        lines = {one.pk: (one.supplier, one.state) for one in FleetLine.objects.all()}
    assert lines == {first.line_id: ("", "ordering"), second.line_id: ("esimaccess", "ready")}
    assert world.bought() == 2


def state_of_line(acme: Firm, wish: Operation) -> str:
    with tenancy.scope(acme.company.pk):
        return str(FleetLine.objects.get(pk=wish.line_id).state)


def test_a_pause_that_nobody_asked_for_and_an_old_esim_that_stays_are_told(world: World) -> None:
    world.only(world.esimgo)
    acme = firm(world)
    ordered(acme)
    acme.work()
    esim = Line.objects.select_related("supplier", "purchase__offer").get()
    at = clock.now() - timedelta(seconds=5)
    paused = LineStatus(at=at, service="suspended")
    with transaction():
        apply_event(esim, SupplierEvent(kind="line", dedupe_key="x", at=at, topic="x", status=paused), source="webhook")
    learn(acme.line().unit_id or 0)
    assert (acme.line().wanted, acme.line().service) == ("active", "suspended")
    with transaction():
        apply_read(esim, LineStatus(at=at + timedelta(seconds=1), service="active"))
    asyncio.run(replaced.end(esim.pk, acme.operation().pk))
    learn(acme.line().unit_id or 0)
    with tenancy.scope(acme.company.pk):
        told = {one.dedupe.partition(":")[0]: (one.title, one.state) for one in Alert.objects.all()}
    assert told == {
        "unasked": ("A line was ended by its supplier, and nobody had asked for it", "open"),
    }

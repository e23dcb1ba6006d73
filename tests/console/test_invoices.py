"""A month of invoices by hand: three clicks for everybody, any line explained by two, transfers and credits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from simplane.billing.actions import carry_out, run_month
from simplane.billing.errors import NotNow
from simplane.billing.models import Invoice, MonthRun
from simplane.core import clock, tenancy
from tests.billing import desk

pytestmark = pytest.mark.django_db
OCTOBER = "/console/invoices/?month=2026-10"


def asked(console: Client, step: str) -> MonthRun:
    console.post("/console/invoices/run/", {"month": "2026-10", "step": step})
    again = console.post("/console/invoices/run/", {"month": "2026-10", "step": step}, follow=True)
    assert "this month is being worked on already" in again.content.decode()
    carry_out(ProcrastinateJob.objects.filter(task_name="billing.run_month").latest("id").args["run_id"])
    return MonthRun.objects.latest("pk")


def test_a_month_is_issued_by_three_clicks_and_explained_by_two(
    console: Client, settings: Any, django_assert_max_num_queries: Any
) -> None:
    desk.set_day(settings, date(2026, 10, 10))
    with tenancy.everywhere():
        for number in range(3):
            of = desk.company(name=f"Customer {number}")
            desk.on_credit(of)
            desk.buys(of, 10_00)
        nobody = desk.company("FR", name="Sans TVA")
        desk.on_credit(nobody)
        desk.buys(nobody, 5_00)
    assert "No invoice of this month." in console.get(OCTOBER).content.decode()
    console.post("/console/invoices/run/", {"month": "9999-12", "step": "prepare"})
    assert not MonthRun.objects.filter(month__gt=date(2026, 9, 1)).exists()
    refused = console.post("/console/invoices/run/", {"month": "2026-10", "step": "prepare"}, follow=True)
    assert "2026-10 is not over" in refused.content.decode()
    desk.set_day(settings, date(2026, 11, 3))

    run = asked(console, "prepare")
    assert (run.done, [(name, why[:45]) for _, name, why in run.left_out]) == (
        3,
        [(nobody.name, "a customer in FR without a VAT id can not be ")],
    )
    listed = console.get("/console/invoices/")
    assert ("Issue 3 checked" in listed.content.decode(), nobody.name in listed.content.decode()) == (True, True)
    run = asked(console, "lock")
    assert (run.done, run.left_out) == (3, [])
    carry_out(run.pk)
    with tenancy.everywhere():
        issued = list(Invoice.objects.order_by("number"))
    assert [one.number for one in issued] == ["R2026-00001", "R2026-00002", "R2026-00003"]
    assert {one.locked_by.partition(" ")[2] for one in issued} == {"sam@simplane.example"}

    with django_assert_max_num_queries(22):
        assert len(console.get(OCTOBER).context["page"].rows) == 3
    first = issued[0]
    address = f"/console/invoices/{first.public_id}/"
    assert "?line=1#why" in console.get(address).content.decode()
    explained = console.get(f"{address}?line=1").context["explained"]
    assert [fact.minor for fact in explained.facts] == [10_00]
    assert console.get(f"{address}pdf/").content[:5] == b"%PDF-"
    assert [console.get(one).status_code for one in (f"{address}?line=99", "/console/invoices/inv_x/")] == [404, 404]

    transfer = {"amount": "11.90", "reference": "SEPA 77", "on": "2026-11-02"}
    for _ in range(2):
        console.post(f"{address}paid/", transfer)
    wrong = console.post(f"{address}paid/", {**transfer, "on": "yesterday"}, follow=True).content.decode()
    assert "Refused: &#x27;yesterday&#x27; is no day" in wrong
    console.post(f"/console/invoices/{issued[1].public_id}/credit/", {"reason": "never used"})
    with tenancy.everywhere():
        paid, credited, left = Invoice.objects.filter(kind="invoice").order_by("number")
    assert (paid.state, paid.outstanding_minor, credited.state, left.outstanding_minor) == (
        "paid",
        0,
        "credited",
        11_90,
    )


def test_a_run_that_still_goes_on_is_not_cut_off_however_long_it_takes(settings: Any) -> None:
    desk.set_day(settings, date(2026, 11, 3), hour=8)
    with tenancy.everywhere():
        desk.company()
    slow = run_month(desk.OCTOBER, "prepare")
    desk.set_day(settings, date(2026, 11, 3), hour=12)
    MonthRun.objects.update(alive_at=clock.now() - timedelta(minutes=5))
    with pytest.raises(NotNow, match="being worked on already"):
        run_month(desk.OCTOBER, "prepare")
    carry_out(slow.pk)
    slow.refresh_from_db()
    assert (slow.alive_at, slow.finished_at) == (clock.now(), clock.now())

    dead = run_month(desk.OCTOBER, "prepare")
    desk.set_day(settings, date(2026, 11, 3), hour=13)
    run_month(desk.OCTOBER, "prepare")
    carry_out(dead.pk)
    dead.refresh_from_db()
    assert dead.left_out == [["", "", "It was cut off: ask again."]]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_in_the_same_moment_one_is_told_that_it_is_being_done() -> None:
    barrier = threading.Barrier(4)

    def ask(_: int) -> str:
        try:
            connection.ensure_connection()
            barrier.wait()
            return run_month(desk.OCTOBER, "prepare").step
        except NotNow as busy:
            return str(busy)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        said = sorted(threads.map(ask, range(4)))
    assert said == ["prepare"] + ["this month is being worked on already: wait until that is done"] * 3

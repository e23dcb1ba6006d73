"""Suggestions to pay less: found from use and plans, done by one click, dismissed with a reason, on the first page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from simplane.alerts.models import Alert
from simplane.company import savings_found
from simplane.core import tenancy
from simplane.fleet.models import FleetLine, Operation
from simplane.organizations import hosts
from simplane.organizations.models import CompanyRole
from simplane.usage.load import load
from simplane.usage.models import Saving
from tests import factories
from tests.companies import company, employee, team
from tests.company.members import browser_of, member
from tests.company.plans import line, plan
from tests.usage.world import DAY, NOON, at, metered, record

pytestmark = pytest.mark.django_db
GB = 10**9


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ana uses 1 GB a month of 20; Ben's line lies unused; four spiky lines would share; plans of 20 and 2 GB."""
    hosts.forget()
    at(monkeypatch, NOON)
    acme = company("acme")
    boss = member(acme, CompanyRole.MANAGER)
    sales = team(acme, "Sales", lead=employee(acme, "Lea Lead", user=boss))
    big = plan(
        acme,
        "Europe 20 GB",
        price_minor=30_00,
        data_bytes=20 * GB,
        can_terminate=True,
        change="native",
        suppliers=["one"],
    )
    plan(acme, "Europe 2 GB", price_minor=9_00, data_bytes=2 * GB, suppliers=["one"])
    week = plan(acme, "Week", price_minor=8_00, data_bytes=5 * GB, days=7, can_terminate=True)
    long_ago = datetime(2026, 8, 1, tzinfo=UTC)
    ana = line(
        acme,
        employee(acme, "Ana Lima"),
        big,
        created_at=long_ago,
        line_id=1,
        team=sales,
        supplier="one",
        change="native",
        expires_at=NOON + 4 * DAY,
    )
    ben = line(acme, employee(acme, "Ben Okri"), week, created_at=long_ago, line_id=2)
    spiky = [line(acme, employee(acme, f"S{n} Pike"), big, created_at=long_ago, line_id=3 + n) for n in range(4)]
    used = {ana.pk: (GB, GB)} | {
        one.pk: tuple(17 * GB if n % 2 == m else GB for m in range(2)) for n, one in enumerate(spiky)
    }
    supplier, records = factories.supplier(), []
    for pk, months in used.items():
        metered(acme, supplier, f"L{pk}", line_id=pk)
        for month, bytes in zip((9, 10), months, strict=True):
            records.append(record(pk * 100 + month, bytes, datetime(2026, month, 28, tzinfo=UTC), line=f"L{pk}"))
        records.append(record(pk * 100 + 11, GB // 10, NOON - DAY, line=f"L{pk}"))
    load(supplier.pk, records)
    return acme, boss, ana, ben


def test_savings_are_found_done_by_one_click_and_dismissed_with_a_reason(
    world: Any, django_assert_max_num_queries: Any
) -> None:
    acme, boss, ana, ben = world
    assert savings_found.find(acme.pk) == savings_found.find(acme.pk) == 3
    owner, manager = browser_of(member(acme), acme), browser_of(boss, acme)

    with django_assert_max_num_queries(16):
        rows = owner.get("/savings/").context["rows"]
    assert [(one.kind, one.saving.saves_minor, one.by_hand) for one in rows] == [
        ("Unused line", 34_28, ""),
        ("Share data", 30_00, ""),
        ("Smaller plan", 21_00, ""),
    ]
    assert rows[0].saving.words == "Ben Okri was not used at all. Ending it saves €34.28 a month."
    assert rows[2].saving.words.startswith("Ana Lima: Europe 2 GB holds its largest month (1 GB) with room.")
    first = owner.get("/").content.decode()
    assert ("Pay €85.28 less a month" in first, first.count("a month.</td>")) == (True, 3)
    assert [one.saving.lines for one in manager.get("/savings/").context["rows"]] == [[ana.public_id]]

    unused, shared, smaller = (one.saving.public_id for one in rows)
    assert manager.post(f"/savings/{unused}/apply/").status_code == 404
    assert browser_of(member(acme, CompanyRole.FINANCE), acme).post(f"/savings/{unused}/apply/").status_code == 403
    for _ in range(2):
        owner.post(f"/savings/{unused}/apply/")
    with tenancy.scope(acme.pk):
        (asked,) = Operation.objects.all()
        assert (asked.kind, asked.line_id, asked.state) == ("terminate", ben.pk, "requested")
        assert FleetLine.objects.get(pk=ben.pk).wanted == "terminated"

    owner.post(f"/savings/{smaller}/dismiss/", {"reason": " "})
    owner.post(f"/savings/{smaller}/dismiss/", {"reason": "she travels in December"})
    owner.post(f"/savings/{shared}/apply/")
    job = ProcrastinateJob.objects.get(task_name="company.ask_for_shared_plan")
    savings_found.ask_us(job.args["organization_id"], job.args["saving_id"])
    told = Alert.objects.get(rule="shared_plan_wanted")
    assert (told.title, "4 lines on Europe 20 GB" in told.text) == ("Acme asks for a shared plan for 4 lines", True)

    assert savings_found.find(acme.pk) == 0
    assert owner.get("/savings/").context["rows"] == []
    (kept,) = owner.get("/savings/?state=dismissed").context["rows"]
    assert (kept.saving.reason, "@acme.example" in kept.saving.ended_by) == (
        "she travels in December",
        True,
    )
    owner.post(f"/savings/{smaller}/reopen/")
    assert [one.saving.public_id for one in owner.get("/savings/").context["rows"]] == [smaller]
    owner.post(f"/savings/{smaller}/apply/")
    with tenancy.scope(acme.pk):
        changed = Operation.objects.select_related("plan").get(kind="change_plan")
    assert (changed.line_id, changed.plan.name, changed.effective_on) == (
        ana.pk,
        "Europe 2 GB",
        (NOON + 4 * DAY).date(),
    )


def test_what_is_no_longer_true_goes_and_what_a_machine_can_not_do_says_how(world: Any) -> None:
    acme, _, ana, _ = world
    with tenancy.everywhere():
        FleetLine.objects.filter(pk=ana.pk).update(supplier="two")
    savings_found.find(acme.pk)
    owner = browser_of(member(acme), acme)
    (row,) = (one for one in owner.get("/savings/").context["rows"] if one.line == ana)
    assert row.by_hand == "its supplier does not have that plan: order a line on it, then end this one"

    with tenancy.scope(acme.pk):
        FleetLine.objects.update(state="ended")
    assert savings_found.find(acme.pk) == 0
    with tenancy.scope(acme.pk):
        assert set(Saving.objects.values_list("state", flat=True)) == {"gone"}
    assert "Nothing to save right now" in owner.get("/savings/").content.decode()
    stranger = company("beta")
    assert browser_of(member(stranger), stranger).post(f"/savings/{row.saving.public_id}/apply/").status_code == 404

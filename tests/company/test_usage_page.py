"""The page of use: days, the likely month's end, strange days, who used it, how fresh it is, and files."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from simplane.core import tenancy
from simplane.organizations import hosts
from simplane.organizations.models import CompanyRole
from simplane.usage import strange
from simplane.usage.load import load
from simplane.usage.models import Meter
from tests import factories
from tests.companies import company, employee, team
from tests.company.members import browser_of, member
from tests.company.plans import line, plan
from tests.usage.world import DAY, NOON, at, metered, record

pytestmark = pytest.mark.django_db
GB, MB = 10**9, 10**6


def top(browser: Client, address: str) -> list[tuple[str, int]]:
    return [(row.name, row.bytes) for row in browser.get(address).context["top"]]


def test_the_page_of_use_says_days_end_of_month_strange_days_who_and_how_fresh(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    hosts.forget()
    at(monkeypatch, NOON)
    acme, supplier = company("acme"), factories.supplier()
    boss = member(acme, CompanyRole.MANAGER)
    sales = team(acme, "Sales", lead=employee(acme, "Lea Lead", user=boss))
    ana = line(acme, employee(acme, "Ana Lima"), plan(acme), team=sales)
    metered(acme, supplier, "L1", line_id=ana.pk, team_id=sales.pk, employee_id=ana.employee_id)
    metered(acme, supplier, "L2", line_id=77)
    load(supplier.pk, [record(n, 100 * MB, NOON - n * DAY, country="ES") for n in range(2, 50)])
    load(supplier.pk, [record(90, 4 * GB, NOON - DAY, country="TR"), record(91, GB, NOON - DAY, line="L2")])
    with tenancy.scope(acme.pk):
        Meter.objects.filter(supplier_line_id="L1").update(reading_at=NOON - timedelta(minutes=5))
    assert strange.tell_all() == 1
    owner, manager = browser_of(member(acme, CompanyRole.VIEWER), acme), browser_of(boss, acme)

    with django_assert_max_num_queries(24):
        seen = owner.get("/usage/")
    days, month = seen.context["charts"]
    assert (seen.context["total"], days.data["used"][-2:], days.data["strange"]) == (
        5 * GB + 1600 * MB,
        [5.0, 0.0],
        ["2026-11-17"],
    )
    assert month.words == "6.6 GB so far; about 9.2 GB at the month's end, in 8 of 10 cases between 6.6 GB and 16.5 GB."
    assert (len(month.data["days"]), month.data["used"][17:19], month.data["expected"][17]) == (30, [6.6, None], 6.6)
    assert month.data["low"][-1] <= month.data["expected"][-1] <= month.data["high"][-1]
    html = seen.content.decode()
    assert "The line of Ana Lima used 4 GB on Tuesday 17 November, mostly in TR" in html
    assert ("5 min ago" in html, f"from {supplier.code} (2 lines" in html) == (True, True)
    assert json.dumps(days.data["days"])[:20] in html.replace("&quot;", '"')

    assert top(owner, "/usage/") == [("Sales", 5600 * MB), ("not told", GB)]
    assert top(owner, "/usage/?by=country&period=30") == [("Türkiye", 4 * GB), ("Spain", 2800 * MB), ("not told", GB)]
    assert top(owner, "/usage/?by=line&since=2026-11-17&until=2026-11-17")[0] == ("Ana Lima", 4 * GB)
    assert top(manager, "/usage/?by=person") == [("Ana Lima", 5600 * MB)]
    assert (len(manager.get("/usage/").context["charts"]), top(owner, "/usage/?since=x&until=2026-01-01")[0][0]) == (
        1,
        "Sales",
    )
    for edge in ("since=9999-12-30&until=9999-12-30", "since=0001-01-01&until=0001-01-02"):
        assert owner.get(f"/usage/?{edge}").context["period"].name == "month"
    lines = owner.get("/usage/?since=2026-11-16&until=2026-11-18&file=days").content.decode().split()
    assert lines == ["day,bytes", "2026-11-16,100000000", "2026-11-17,5000000000", "2026-11-18,0"]
    shares = owner.get("/usage/?by=team&file=top").content.decode().splitlines()
    assert shares == ["team,bytes", "Sales,5600000000", "not told,1000000000"]
    assert browser_of(member(acme, CompanyRole.EMPLOYEE), acme).get("/usage/").status_code == 403

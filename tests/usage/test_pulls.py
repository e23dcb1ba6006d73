"""Usage of companies' lines is asked for as often, and as many at once, as their supplier can tell."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from simplane.core import tenancy
from simplane.core.db import transaction
from simplane.suppliers import registry
from simplane.usage import pulls, queries
from simplane.usage.models import Meter
from tests import factories
from tests.companies import company
from tests.contracts.desk import Desk
from tests.contracts.vendors import ACCESS
from tests.standins import start
from tests.usage.world import metered, rows

LINES = 11
JOBS = "SELECT args FROM procrastinate_jobs WHERE task_name = 'usage.pull' ORDER BY id"


@pytest.mark.django_db(transaction=True)
def test_lines_are_pulled_when_they_are_due_and_what_is_new_is_booked(tmp_path: Path) -> None:
    with start("esimaccess", tmp_path) as standin:
        standin.settings(rate_limit_per_second=0, **ACCESS.settings)
        desk = Desk(ACCESS, standin)
        account = {"vendor": ACCESS.vendor, "base_url": standin.url, "credentials": dict(ACCESS.credentials)}
        supplier = factories.supplier(**account, options={"per_second": 0, **ACCESS.options})
        offer = factories.offer(supplier=supplier, code=ACCESS.offer)
        acme = company("acme")
        bought = [desk.buy() for _ in range(LINES)]
        for number, one in enumerate(bought):
            factories.line(offer=offer, supplier_line_id=one.line_id, iccid=one.iccid)
            metered(acme, supplier, one.line_id, line_id=number, team_id=number % 2)
        desk.advance(bought[3], "used", bytes=250_000_000)

        assert pulls.ask_due() == {supplier.code: LINES}
        assert pulls.ask_due() == {}
        asked = [json.loads(args) for (args,) in rows(JOBS)]
        assert sum(_pull(one) for one in asked) == 1
        assert desk.calls("usage") == 2
        desk.close()

    with tenancy.scope(acme.pk):
        assert queries.month_to_date("team", 1).bytes == 250_000_000
        assert queries.freshness().lines == LINES


@pytest.mark.django_db(transaction=True)
def test_a_line_that_ended_long_ago_is_asked_no_more() -> None:
    line = factories.line()
    line.ended_at = line.issued_at - 2 * pulls.AFTER_THE_END
    line.save()
    metered(company("acme"), line.supplier, line.supplier_line_id)
    with transaction(), tenancy.everywhere():
        meter = Meter.objects.get()

    assert asyncio.run(pulls.pull(line.supplier_id, [meter.pk])) == 0
    assert pulls.ask_due() == {}


def _pull(args: dict[str, Any]) -> int:
    async def work() -> int:
        new = await pulls.pull(args["supplier_id"], args["meter_ids"])
        for adapter in list(registry._open[asyncio.get_running_loop()].values()):
            await adapter.close()
        return new

    return asyncio.run(work())

"""VAT ids are asked of VIES: kept with day and consultation number, asked again, and nobody waits for a register that sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from simplane.billing.actions import check, check_due, check_vat, draft_month, lock
from simplane.billing.errors import TaxUndecided
from simplane.billing.models import Invoice, VatCheck
from simplane.billing.vat_checks import standing
from simplane.billing.vies import read
from simplane.organizations.models import Organization
from tests.billing import desk
from tests.standins import Standin, start

with_rows = pytest.mark.django_db(transaction=True)
FRENCH = "FR40303265045"


@pytest.fixture(scope="module")
def _vies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with start("vies", tmp_path_factory.mktemp("vies")) as standin:
        yield standin


@pytest.fixture
def vies(_vies: Standin, settings: Any) -> Standin:
    _vies.control("reset", settings=True)
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"vies_url": f"{_vies.url}/rest-api"})
    return _vies


def bought(settings: Any) -> Organization:
    """A customer in France that bought something in October and whose VAT id nobody asked about yet."""
    owner = desk.company("FR", vat_id=FRENCH, vies="")
    desk.on_credit(owner)
    desk.buys(owner, 100_00)
    desk.set_day(settings, date(2026, 11, 2))
    return owner


def asked(owner: Organization) -> None:
    """The job runs outside everything."""
    asyncio.run(check_vat(owner.pk))


def queued() -> int:
    return ProcrastinateJob.objects.filter(task_name="billing.check_vat", status="todo").count()


def states(owner: Organization) -> list[str]:
    return list(VatCheck.objects.filter(organization=owner).order_by("pk").values_list("state", flat=True))


@with_rows
def test_reverse_charge_waits_for_a_yes_and_keeps_its_proof(vies: Standin, settings: Any) -> None:
    vies.settings(down=["FR"], traders={FRENCH: {"name": "ACME SARL", "address": "1 RUE DE LA PAIX\n75002 PARIS"}})
    owner = bought(settings)
    assert queued() == 1
    asked(owner)
    (row,) = draft_month(owner, desk.OCTOBER).invoices
    (problem,) = check(row.pk)
    assert problem.startswith(f"VIES has not confirmed the VAT id {FRENCH} yet: VIES answered MS_UNAVAILABLE.")
    assert queued() == 2
    asked(owner)
    assert (check_due(), queued()) == (1, 2)

    vies.settings(down=[])
    asked(owner)
    asked(owner)
    known = standing(owner.pk, FRENCH)
    assert (states(owner), known.valid, known.told_on) == (["unreachable"] * 2 + ["valid"], True, date(2026, 11, 2))
    assert known.consultation.startswith("WAPIAAAA")
    assert known.name == "ACME SARL, 1 RUE DE LA PAIX 75002 PARIS"
    assert vies.control("asked")["asked"] == [{"number": FRENCH, "requester": "DE136695976"}] * 3
    assert check(row.pk) == []
    assert lock(row.pk).taxes == [["AE", 0, 100_00, 0]]


@with_rows
def test_an_id_that_is_not_known_is_charged_in_no_reverse(vies: Standin, settings: Any) -> None:
    vies.settings(unknown=[FRENCH])
    owner = bought(settings)
    asked(owner)
    with pytest.raises(TaxUndecided, match="FR40303265045 is not known to FR"):
        draft_month(owner, desk.OCTOBER)
    assert Invoice.objects.count() == 0


@with_rows
def test_after_thirty_days_it_is_asked_again_and_an_old_yes_holds_while_nobody_answers(
    vies: Standin, settings: Any
) -> None:
    owner = bought(settings)
    asked(owner)
    assert (check_due(), states(owner)) == (0, ["valid"])
    desk.set_day(settings, date(2026, 12, 3))
    desk.buys(owner, 50_00)
    desk.set_day(settings, date(2027, 1, 4))
    (row,) = draft_month(owner, date(2026, 12, 1)).invoices
    assert check(row.pk) == [
        f"The VAT id {FRENCH} was confirmed on 2026-11-02: draft the month again, which asks VIES again."
    ]
    vies.settings(down=["FR"])
    assert check_due() == 1
    asked(owner)
    assert (check(row.pk), states(owner)) == ([], ["valid", "unreachable"])
    vies.settings(down=[], unknown=[FRENCH])
    asked(owner)
    assert "is not known to FR" in check_again(owner)


def check_again(owner: Organization) -> str:
    with pytest.raises(TaxUndecided) as refused:
        draft_month(owner, date(2026, 12, 1))
    return str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (500, b"", "VIES answered 500"),
        (200, b"<html>", "VIES answered 200"),
        (200, b'{"valid": "yes"}', "VIES answered 200"),
        (400, b'{"errorWrappers": [{"error": "INVALID_INPUT"}]}', "VIES answered INVALID_INPUT"),
        (200, b'{"errorWrappers": "x"}', "VIES answered 200"),
    ],
)
def test_what_can_not_be_understood_was_not_told(status: int, body: bytes, problem: str) -> None:
    told = read(status, body)
    assert (told.valid, told.problem) == (None, problem)

"""A profile that needs a confirmation code: kept encrypted, and in words to the operator when the supplier gave none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from simplane.core.db import transaction
from simplane.core.models import AuditEntry
from simplane.core.telecom import ActivationCode
from simplane.lines.actions import create_line
from simplane.lines.models import Line
from simplane.ordering.models import Unit
from simplane.suppliers.values import IssuedLine
from tests import factories

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def needy() -> Unit:
    """A delivered eSIM whose phone will ask for a code that nobody gave."""
    unit = factories.delivered_unit()
    assert unit.line is not None
    unit.line.confirmation_code_required = True
    unit.line.save()
    return unit


def stored(line: Line) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT confirmation_code FROM lines_line WHERE id = %s", [line.pk])
        row = cursor.fetchone()
    assert row is not None
    return row[0] if row[0] is None else str(row[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("given", "kept", "required"), [("CC-4711", "CC-4711", True), ("", None, False)])
def test_what_a_supplier_gives_is_kept_encrypted(given: str, kept: str | None, required: bool) -> None:
    purchase = factories.purchase(state="bought")
    code = ActivationCode("rsp.example.com", "ABC")
    issued = IssuedLine(order_id="1", line_id="2", iccid="8944", code=code, cost=None, confirmation_code=given)

    with transaction():
        create_line(unit_id=purchase.unit_id, purchase=purchase, issued=issued)

    line = Line.objects.get()
    assert (line.confirmation_code, line.confirmation_code_required) == (kept, required)
    assert "4711" not in (stored(line) or "")


def test_the_operator_reads_that_none_was_given_and_whom_to_ask(console: Client) -> None:
    unit = needy()
    assert unit.line is not None

    order = console.get(f"/console/orders/{unit.order.public_id}/").content.decode()
    line = console.get(f"/console/esims/{unit.line.pk}/").content.decode()

    assert f"a confirmation code that {unit.line.supplier.name} did not give" in order
    assert f"{unit.line.supplier.name} gave none" in line
    listed = console.get("/console/esims/?code=missing").context["page"].rows
    assert [one.pk for one in listed] == [unit.line.pk]


def test_the_code_a_person_was_told_is_kept_shown_to_the_buyer_and_not_to_the_operator(console: Client) -> None:
    unit = needy()
    assert unit.line is not None

    answer = console.post(f"/console/esims/{unit.line.pk}/confirmation-code/", {"code": " CC-4711 "}, follow=True)

    unit.line.refresh_from_db()
    assert unit.line.confirmation_code == "CC-4711"
    assert "gave none" not in answer.content.decode()
    assert "CC-4711" not in answer.content.decode()
    entry = AuditEntry.objects.get(action="line.confirmation_code_kept")
    assert "CC-4711" not in f"{entry.before}{entry.after}{entry.reason}"


@pytest.mark.parametrize("code", ["", "   ", "two words", "x" * 65, "<script>"])
def test_what_is_no_code_is_refused_and_changes_nothing(console: Client, code: str) -> None:
    unit = needy()
    assert unit.line is not None

    answer = console.post(f"/console/esims/{unit.line.pk}/confirmation-code/", {"code": code}, follow=True)

    assert "this is no confirmation code" in answer.content.decode()
    assert stored(unit.line) is None

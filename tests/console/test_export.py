"""The CSV of orders: right rows, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from simplane.core.cells import cell
from tests import factories


def _rows(console: Client, query: str = "") -> list[list[str]]:
    answer = console.get(f"/console/orders.csv{query}")
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.getvalue().decode())))


def test_it_holds_what_the_filters_let_through(console: Client) -> None:
    kept = factories.order(name="#7001", total_minor=1950)
    factories.unit(order=kept)
    factories.order(state="held")

    head, *rows = _rows(console, "?state=open")

    assert [dict(zip(head, row, strict=True)) for row in rows] == [
        {
            "order": "#7001",
            "id": kept.public_id,
            "shop": "demo",
            "state": "open",
            "e-mail": kept.customer.email,
            "placed": f"{kept.placed_at:%Y-%m-%d %H:%M:%S}",
            "paid": f"{kept.paid_at:%Y-%m-%d %H:%M:%S}",
            "delivered": "",
            "eSIMs": "1",
            "total": "19.50",
            "currency": "EUR",
        }
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_formula_is_text(console: Client, text: str) -> None:
    factories.order(name=text)

    _, row = _rows(console)

    assert row[0] == f"'{text}"


def test_a_negative_amount_stays_a_number() -> None:
    assert cell(-5) == "-5"

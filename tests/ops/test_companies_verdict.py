"""The verdict of `simplane chaos --companies` says so when anything is wrong, and nothing when all is right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simplane.ops.companies_storm import CAP_BYTES
from simplane.ops.companies_verdict import Facts, LineFacts, counted, judge

FINE = LineFacts(name="line_1", wanted="active", service="active", used=5, ours="active", there="active")
PAUSED = LineFacts(
    name="line_2", wanted="suspended", service="suspended", used=CAP_BYTES + 1, ours="suspended", there="suspended"
)
RIGHT = Facts(
    booked=3, different=3, spent=2700, periods=3, esims=2, filled=1, owed=2700, bought=2, topped=1,
    over_budget=0, held=0, twice=0, lines=(FINE, PAUSED),
)  # fmt: skip


def test_nothing_is_wrong_where_all_books_agree() -> None:
    found = judge(RIGHT)
    assert (found["wrong"], found["lines"], found["billed"], found["differ"], found["over_cap"]) == ([], 2, 3, 0, 0)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"booked": 4}, "4 purchases booked"),
        ({"booked": 4, "periods": 4}, "4 purchases booked (3 different)"),
        ({"different": 2}, "(2 different)"),
        ({"periods": 2}, "2 plan periods"),
        ({"bought": 3}, "suppliers' books: 3 eSIMs"),
        ({"topped": 0}, "0 filled"),
        ({"owed": 3600}, "their accounts owe 3600"),
        ({"over_budget": 1}, "budgets overdrawn 1"),
        ({"held": 1}, "reservations left 1"),
        ({"twice": 1}, "bought twice 1"),
        ({"lines": (replace(FINE, there="suspended"),)}, "line_1: confirmed active"),
        ({"lines": (replace(FINE, there="unknown"),)}, "its supplier says unknown"),
        ({"lines": (replace(FINE, ours="suspended"),)}, "our line suspended"),
        ({"lines": (replace(FINE, used=CAP_BYTES + 1),)}, "1 lines are over their cap and run"),
    ],
)
def test_each_lie_of_a_book_is_named(broken: dict[str, Any], says: str) -> None:
    [line] = judge(replace(RIGHT, **broken))["wrong"]
    assert says in line


def test_what_suppliers_were_paid_for_counts_and_what_they_gave_back_does_not() -> None:
    order = {"quantity": 1, "charged_minor": 136, "refunded_minor": 0, "topup": False}
    assert counted([order, order | {"quantity": 2}, order | {"topup": True}, order | {"refunded_minor": 136}]) == (3, 1)

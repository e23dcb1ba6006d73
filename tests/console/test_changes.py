"""What changed of an offer is told in words: only what differs."""

from __future__ import annotations

from typing import Any

import pytest

from simplane.console.templatetags.changes import Difference, differences
from simplane.suppliers.models import OfferChange

CONTENT = {"countries": ["ES", "PT"], "data_bytes": 10**9, "daily": False, "days": 7, "hotspot": None}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"cost_minor": 300, "currency": "USD", "supplier_price": "3.00"},
            {"cost_minor": 350, "currency": "USD", "supplier_price": "3.50"},
            [Difference("cost", "$3.00", "$3.50")],
        ),
        (
            {"cost_minor": 300, "currency": "USD"},
            {"cost_minor": 300, "currency": "EUR"},
            [Difference("cost", "$3.00", "€3.00")],
        ),
        (CONTENT, CONTENT | {"days": 5}, [Difference("days", "7", "5")]),
        (CONTENT, CONTENT | {"data_bytes": None}, [Difference("data bytes", "1 GB", "unlimited")]),
        (CONTENT, CONTENT | {"hotspot": True}, [Difference("hotspot", "not said", "yes")]),
        (
            CONTENT,
            CONTENT | {"countries": ["FR", "PT"]},
            [Difference("countries", "now without ES", "now with FR")],
        ),
        (
            [{"country": "ES", "operator": "Movistar", "technology": "4G"}],
            [{"country": "ES", "operator": "Movistar", "technology": "5G"}],
            [Difference("networks", "now without ES Movistar 4G", "now with ES Movistar 5G")],
        ),
        ({"state": "active"}, None, [Difference("state", "active", "not said")]),
        (None, None, []),
    ],
)
def test_only_what_differs_is_told(before: Any, after: Any, expected: list[Difference]) -> None:
    kind = "networks" if isinstance(before, list) else "content"

    assert differences(OfferChange(kind=kind, before=before, after=after)) == expected


def test_a_long_list_is_cut() -> None:
    names = [f"{first}{second}" for first in "AB" for second in "ABCDE"]

    (found,) = differences(OfferChange(kind="content", before={"countries": []}, after={"countries": names}))

    assert found.after == "now with AA, AB, AC, AD, AE, BA, BB, BC and 2 more"

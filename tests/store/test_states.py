"""How units and lines read to a traveller, as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simplane.delivery.languages import languages
from simplane.lines.models import Line
from simplane.ordering.models import Unit
from simplane.store.page import words
from simplane.store.states import PageState, page_state

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SOON, PAST = NOON + timedelta(days=1), NOON - timedelta(days=1)


def state(unit_state: str, *, late: bool = False, cancel_wanted: str = "", **line: Any) -> str:
    unit = Unit(state=unit_state, cancel_wanted=cancel_wanted)
    unit.line = Line(**line) if unit_state in ("ready", "delivered") else None
    return page_state(unit, order_is_late=late, now=NOON).value


@pytest.mark.parametrize("unit_state", ["waiting", "routed", "buying", "pending", "unknown"])
def test_what_is_not_bought_is_being_prepared(unit_state: str) -> None:
    assert state(unit_state) == "preparing"
    assert state(unit_state, late=True) == "delayed"


@pytest.mark.parametrize(
    ("unit_state", "shown"),
    [("dead", "delayed"), ("failed", "failed"), ("cancelled", "cancelled"), ("refunded", "cancelled")],
)
def test_what_went_wrong_is_told_as_it_concerns_the_buyer(unit_state: str, shown: str) -> None:
    assert state(unit_state) == shown


def test_a_cancel_that_waits_for_the_supplier_already_hides_the_code() -> None:
    assert state("delivered", cancel_wanted="refund") == "cancelled"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ({}, "ready"),
        ({"profile_state": "downloaded"}, "ready"),
        ({"plan_state": "active"}, "ready"),
        ({"profile_state": "enabled"}, "installed"),
        ({"installed_at": PAST}, "installed"),
        ({"installed_at": PAST, "plan_state": "active"}, "active"),
        ({"first_use_at": PAST}, "active"),
        ({"data_used": 1}, "active"),
        ({"installed_at": PAST, "plan_state": "depleted"}, "used_up"),
        ({"plan_state": "depleted", "ended_at": PAST}, "used_up"),
        ({"plan_state": "expired"}, "expired"),
        ({"plan_state": "active", "installed_at": PAST, "expires_at": PAST}, "expired"),
        ({"plan_state": "active", "installed_at": PAST, "expires_at": SOON}, "active"),
        ({"service_state": "suspended", "installed_at": PAST}, "suspended"),
        ({"service_state": "terminated"}, "ended"),
        ({"service_state": "deletion_scheduled", "plan_state": "expired"}, "expired"),
        ({"profile_state": "deleted", "installed_at": PAST}, "removed"),
    ],
)
def test_a_line_reads_as_what_the_traveller_can_do_with_it(line: dict[str, Any], shown: str) -> None:
    assert state("delivered", **line) == shown
    assert state("ready", **line) == shown


@pytest.mark.parametrize("one", list(PageState))
def test_every_state_has_words_in_every_language(one: PageState) -> None:
    assert all(words(one, spoken).title for spoken in languages().values())

"""A company with people, teams and a clock that tests move."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from simplane.core import clock, events
from simplane.organizations.models import Membership, Organization, User
from simplane.policies.ports import ports
from simplane.policies.values import LineMonth, PurchaseFacts
from tests.companies import company

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GB = 10**9


class Time:
    """The present moment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.at(NOON)

    def at(self, moment: datetime) -> None:
        """It is then."""
        self._settings.SIMPLANE = self._settings.SIMPLANE.model_copy(update={"clock_freeze": moment})

    def after(self, **length: float) -> None:
        """So much later."""
        self.at(clock.now() + timedelta(**length))


@pytest.fixture
def time(settings: Settings) -> Time:
    return Time(settings)


@pytest.fixture
def acme(db: None, time: Time) -> Organization:
    return company("acme")


@pytest.fixture
def lines() -> Iterator[dict[int, LineMonth]]:
    """What `usage` would say of each line: tests change it."""
    known: dict[int, LineMonth] = {}
    before = ports.month_to_date, ports.used, ports.price_now

    def month_to_date(organization_id: int, ids: Any, since: datetime) -> list[LineMonth]:
        return [one for one in known.values() if ids is None or one.line_id in ids]

    ports.month_to_date = month_to_date
    yield known
    ports.month_to_date, ports.used, ports.price_now = before


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """What was recorded since the last look, oldest first; the jobs that react are not this package's."""
    monkeypatch.setattr(events, "_reactions", {})
    seen = [0]

    def new() -> list[dict[str, Any]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, name, data FROM core_event WHERE id > %s ORDER BY id", [seen[0]])
            rows = cursor.fetchall()
        seen[0] = max([seen[0], *(row[0] for row in rows)])
        return [{"name": name, **(json.loads(data) if isinstance(data, str) else data)} for _, name, data in rows]

    return new


def member(of: Organization, name: str, role: str) -> User:
    """Somebody who signs in."""
    user = User.objects.create_user(f"{name}@{of.slug}.example", name=name.title())
    Membership.objects.create(organization=of, user=user, role=role, created_at=clock.now())
    return user


def purchase(of: Organization, **changed: Any) -> PurchaseFacts:
    """A plan of 19 euros that somebody wants."""
    facts: dict[str, Any] = {
        "organization_id": of.pk,
        "employee_id": None,
        "team_id": None,
        "cost_centre_id": None,
        "line_id": None,
        "kind": "provision",
        "plan_public_id": "plan_eu",
        "plan_name": "Europe 5 GB",
        "countries": ("DE", "FR"),
        "data_bytes": 5 * GB,
        "amount_minor": 1900,
        "currency": "EUR",
        "at": clock.now(),
    }
    return PurchaseFacts(**{**facts, **changed})

"""A reseller with endpoints that really listen, and the worker that serves them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from pytest_django import Settings
from standardwebhooks import Webhook

from simplane.core import clock, schedule
from simplane.core.db import transaction
from simplane.core.worker import run_worker
from simplane.organizations.models import Organization
from simplane.webhooks.actions import create_endpoint, tell
from simplane.webhooks.models import Attempt, Delivery, Endpoint, Message
from simplane.webhooks.values import Fact
from tests import factories
from tests.standins import Received

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Desk:
    """Our side of one reseller, and the time it is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.organization: Organization = factories.organization(kind="reseller")
        self.secrets: dict[str, str] = {}
        self._told = 0

    def endpoint(self, url: str, *types: str) -> Endpoint:
        """A new endpoint there."""
        made = create_endpoint(self.organization, f"{url}/hook", event_types=types)
        self.secrets[made.endpoint.public_id] = made.secret
        return made.endpoint

    def tell(self, count: int = 1, kind: str = "order.created", **given: Any) -> list[Message]:
        """So many things happen."""
        made = []
        for _ in range(count):
            self._told += 1
            fields = {"subject": f"ord_{self._told}", "key": f"fact:{self._told}", "at": clock.now()}
            fact = Fact(
                organization_id=self.organization.pk, type=kind, **{**fields, "data": {"order_id": "x"}, **given}
            )
            with transaction():
                message = tell(fact)
            assert message is not None
            made.append(message)
        return made

    def work(self) -> None:
        """The worker does all that waits."""
        asyncio.run(run_worker(once=True))

    def tick(self) -> None:
        """The timetable's turn, then the worker's."""
        asyncio.run(schedule.run_now("webhook_news"))
        self.work()

    def later(self, **time: float) -> None:
        """Let time pass."""
        shifted = self._settings.SIMPLANE.clock_shift_seconds + int(timedelta(**time).total_seconds())
        self._settings.SIMPLANE = self._settings.SIMPLANE.model_copy(update={"clock_shift_seconds": shifted})

    def verified(self, endpoint: Endpoint, came: Received, *, secret: str = "") -> Any:
        """The payload, as the published library reads it. Fails when the signature is not right."""
        return Webhook(secret or self.secrets[endpoint.public_id]).verify(came.body, came.headers)


def delivery(endpoint: Endpoint) -> Delivery:
    """The only delivery of an endpoint."""
    return Delivery.objects.get(endpoint=endpoint)


def attempts(endpoint: Endpoint) -> list[Attempt]:
    """All attempts at an endpoint, in their order."""
    return list(Attempt.objects.filter(delivery__endpoint=endpoint).order_by("delivery_id", "number"))


def states(endpoint: Endpoint) -> list[str]:
    """Of its deliveries."""
    return list(Delivery.objects.filter(endpoint=endpoint).order_by("pk").values_list("state", flat=True))


def waiting_jobs() -> Sequence[str]:
    """Names of jobs in the queue."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
        return [row[0] for row in cursor.fetchall()]

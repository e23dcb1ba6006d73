"""A mail server that takes, refuses and loses mails for real, and messages ready to go to it."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx2
import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker, Settings

from simplane.core.db import transaction
from simplane.delivery import smtp
from simplane.delivery.actions import queue_esim_ready
from simplane.delivery.models import Message
from simplane.ordering.models import Unit
from tests import factories
from tests.standins import Standin, free_port, start


class PostOffice:
    """The mail catcher as a test sees it."""

    def __init__(self, standin: Standin, smtp_port: int) -> None:
        self.standin = standin
        self.smtp_port = smtp_port

    def refuse(self, operation: str, kind: str, **fields: Any) -> None:
        """Have the next `rcpt` or `data` go wrong."""
        self.standin.fault(operation, kind, **fields)

    def mails(self) -> list[EmailMessage]:
        """Everything taken, oldest first, parsed by the standard library."""
        listed = httpx2.get(f"{self.standin.url}/api/messages", trust_env=False).json()["messages"]
        raws = [httpx2.get(f"{self.standin.url}/api/messages/{one['id']}/raw", trust_env=False) for one in listed]
        return [message_from_bytes(raw.content, policy=policy.default) for raw in raws]


@pytest.fixture(scope="session")
def _catcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOffice]:
    port = free_port()
    with start("mail", tmp_path_factory.mktemp("mail"), "--smtp-port", str(port)) as standin:
        yield PostOffice(standin, port)


@pytest.fixture(scope="session")
def _database_is_left(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Threads that live as long as their process (the queue's nudge, the event loop's) must not keep the database open."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def post_office(_catcher: PostOffice, _database_is_left: None, settings: Settings) -> Iterator[PostOffice]:
    """An empty mail catcher that our mails go to."""
    _catcher.standin.control("reset", settings=True)
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"mail_url": f"smtp://127.0.0.1:{_catcher.smtp_port}"})
    smtp.close()
    yield _catcher
    smtp.close()


def queued(to: str = "ana@example.com", **given: Any) -> Message:
    """The install mail of a bought eSIM, written and not sent."""
    unit: Unit = given.pop("unit", None) or bought_unit()
    assert unit.line is not None
    facts: dict[str, Any] = {
        "customer_name": "Ana Traveller",
        "product_name": "Spain 5 GB, 30 days",
        "order_name": "#1001",
        "unit_number": 1,
        "unit_count": 1,
        "locale": "en",
    }
    with transaction():
        return queue_esim_ready(unit_id=unit.pk, order_id=unit.order_id, line=unit.line, to=to, **facts | given)


def bought_unit() -> Unit:
    """A unit whose eSIM is bought and not handed over."""
    return factories.delivered_unit()

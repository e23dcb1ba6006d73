"""A Slack channel and a mail box that alerts really go to, and a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx2
import pytest
from pytest_django import Settings

from sandbox.slack.vendor import HOOK
from simplane.alerts import actions, slack
from simplane.alerts.models import Alert
from simplane.core import work
from simplane.core.db import transaction
from tests.standins import Standin, free_port, start

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Channels:
    """What people see, and the time it is."""

    def __init__(self, slack: Standin, mail: Standin, smtp_port: int, settings: Settings) -> None:
        self.slack = slack
        self.mail = mail
        self.smtp_port = smtp_port
        self._settings = settings
        self.now = NOON

    def change(self, **fields: Any) -> None:
        """Change settings."""
        self._settings.SIMPLANE = self._settings.SIMPLANE.model_copy(update=fields)

    def after(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)
        self.change(clock_freeze=self.now)

    def posts(self) -> list[dict[str, Any]]:
        """Messages in the channel, oldest first."""
        found: list[dict[str, Any]] = self.slack.control("posts")["posts"]
        return found

    def texts(self) -> list[str]:
        """Their first lines."""
        return [one["text"] for one in self.posts()]

    def calls(self) -> int:
        """Posts tried, refused ones too."""
        return len(self.slack.journal(1000))

    def mails(self) -> list[EmailMessage]:
        """Mails taken, oldest first."""
        listed = httpx2.get(f"{self.mail.url}/api/messages", trust_env=False).json()["messages"]
        raws = [httpx2.get(f"{self.mail.url}/api/messages/{one['id']}/raw", trust_env=False) for one in listed]
        return [message_from_bytes(raw.content, policy=policy.default) for raw in raws]

    def tell_due(self) -> int:
        """What the timetable does every ten seconds: tell what is due. Returns how many alerts that were."""
        with transaction():
            due = work.take_due(Alert)
        for pk in due:
            asyncio.run(actions.tell(pk))
        return len(due)


@pytest.fixture(scope="session")
def _slack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with start("slack", tmp_path_factory.mktemp("slack")) as standin:
        yield standin


@pytest.fixture(scope="session")
def _mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Standin, int]]:
    port = free_port()
    with start("mail", tmp_path_factory.mktemp("mail"), "--smtp-port", str(port)) as standin:
        yield standin, port


@pytest.fixture
def channels(
    _slack: Standin, _mail: tuple[Standin, int], settings: Settings, transactional_db: None
) -> Iterator[Channels]:
    """Both empty and working, at noon."""
    mail, port = _mail
    _slack.control("reset", settings=True)
    _slack.settings(posts_per_second=0)
    _slack.control("faults", "DELETE")
    mail.control("reset", settings=True)
    slack.forget_pause()
    made = Channels(_slack, mail, port, settings)
    made.change(
        slack_webhook_url=f"{_slack.url}/services/{HOOK}",
        mail_url=f"smtp://127.0.0.1:{port}",
        alert_mail_to=["ops@simplane.example"],
        base_url="https://simplane.example",
        clock_freeze=NOON,
    )
    yield made
    slack.forget_pause()

"""Endpoints that fail for days: a warning by mail, then the end, by mail too; old messages go."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from pytest_django import Settings

from simplane.organizations.models import Membership, Role
from simplane.webhooks import care
from simplane.webhooks.actions import enable_endpoint
from simplane.webhooks.models import Attempt, Message
from tests import factories
from tests.standins import Receiver, Standin, free_port, start
from tests.webhooks.desk import Desk


@pytest.fixture(scope="module")
def mail_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Standin, int]]:
    port = free_port()
    with start("mail", tmp_path_factory.mktemp("mail"), "--smtp-port", str(port)) as standin:
        yield standin, port


@pytest.fixture
def mail(desk: Desk, settings: Settings, mail_port: tuple[Standin, int]) -> Standin:
    standin, port = mail_port
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"mail_url": f"smtp://127.0.0.1:{port}"})
    people = [factories.staff(email=f"{name}@reseller.example", is_staff=False) for name in ("olga", "dev", "finn")]
    for user, role in zip(people, (Role.OWNER, Role.DEVELOPER, Role.FINANCE), strict=True):
        Membership.objects.create(
            organization=desk.organization, user=user, role=role, created_at=desk.organization.created_at
        )
    return standin


def subjects(mail: Standin) -> list[tuple[str, str]]:
    """Receiver and subject of all mails, oldest first."""
    listed = httpx2.get(f"{mail.url}/api/messages", trust_env=False).json()["messages"]
    return [(one["to"][0], one["subject"]) for one in listed]


def test_the_owner_is_warned_before_and_told_after_and_can_go_on(desk: Desk, receiver: Receiver, mail: Standin) -> None:
    endpoint = desk.endpoint(receiver.url)
    for status in (500, 500, 200):
        receiver.answers.put(status)
    desk.tell()
    desk.work()
    assert care.look_after_failing() == {"warned": 0, "disabled": 0}
    desk.later(days=2, minutes=1)
    assert care.look_after_failing() == {"warned": 1, "disabled": 0}
    assert care.look_after_failing() == {"warned": 0, "disabled": 0}
    desk.work()
    host = receiver.url.removeprefix("http://")
    failing = f"Webhooks to {host} fail"
    assert subjects(mail) == [("olga@reseller.example", failing), ("dev@reseller.example", failing)]
    desk.later(days=2)
    assert care.look_after_failing() == {"warned": 0, "disabled": 1}
    desk.work()
    assert subjects(mail)[2:] == [
        ("olga@reseller.example", f"Webhooks to {host} are switched off"),
        ("dev@reseller.example", f"Webhooks to {host} are switched off"),
    ]
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.reason) == ("disabled", "failing")
    assert enable_endpoint(desk.organization.pk, endpoint.public_id).failing_since is None
    assert care.look_after_failing() == {"warned": 0, "disabled": 0}


def test_one_success_clears_the_account(desk: Desk, receiver: Receiver) -> None:
    desk.endpoint(receiver.url)
    receiver.answers.put(500)
    desk.tell()
    desk.work()
    desk.later(days=2, minutes=1)
    assert care.look_after_failing()["warned"] == 1
    desk.tell()
    desk.tick()
    desk.later(days=3)
    assert care.look_after_failing() == {"warned": 0, "disabled": 0}


def test_the_accounts_contact_hears_of_it_also_for_the_test_twin(desk: Desk) -> None:
    desk.organization.contact_email = "ops@reseller.example"
    desk.organization.save()
    twin = factories.organization(kind="reseller", is_test=True, twin_of=desk.organization)
    assert care.owners(twin) == care.owners(desk.organization) == ["ops@reseller.example"]


def test_messages_older_than_thirty_days_go_with_their_log(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, however many parts that takes."""
    monkeypatch.setattr(care, "_PART", 2)
    desk.endpoint(receiver.url)
    desk.tell(5)
    desk.work()
    desk.later(days=31)
    (kept,) = desk.tell()
    assert care.forget_old() == 5
    assert Message.objects.get() == kept
    assert not Attempt.objects.exists()

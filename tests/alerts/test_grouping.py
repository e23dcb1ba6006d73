"""One conversation a trouble: counted, repeated at most every 15 minutes, ended once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from simplane.alerts import actions
from simplane.alerts.models import Alert
from simplane.core import jobs
from simplane.core.errors import NotFound
from simplane.core.models import AuditEntry
from tests import processes
from tests.alerts.conftest import Channels


def raise_it(
    count: int = 1, *, subject: str = "esimgo", level: str = "warning", title: str = "It sells nothing"
) -> int:
    """Raise the same alert so many times."""
    for _ in range(count):
        pk = actions.raise_alert("supplier_blocked", subject, level=level, title=title)
    return pk


def test_the_first_is_told_at_once(channels: Channels) -> None:
    pk = raise_it()
    asyncio.run(actions.tell(pk))
    assert channels.texts() == ["WARNING: It sells nothing"]
    alert = Alert.objects.get()
    assert (alert.told_at, alert.told_by, alert.due_at, alert.lease_until) == (channels.now, ["slack"], None, None)


def test_ten_thousand_are_one_message_and_a_counter(channels: Channels) -> None:
    def storm(_: int) -> None:
        raise_it(1250)
        connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(storm, range(8)))
    assert Alert.objects.get().count == 10_000
    assert channels.tell_due() == 1
    raise_it(50)
    assert channels.tell_due() == 0
    channels.after(minutes=15)
    assert channels.tell_due() == 1
    assert channels.texts() == ["WARNING: It sells nothing"] * 2
    counters = [one["blocks"][1]["fields"][0]["text"] for one in channels.posts()]
    assert counters == ["*Times*\n10000", "*Times*\n10050"]


def test_only_one_of_many_jobs_tells(channels: Channels) -> None:
    pk = raise_it()

    async def together() -> None:
        await asyncio.gather(*(actions.tell(pk) for _ in range(8)))

    asyncio.run(together())
    assert len(channels.posts()) == 1


def test_another_subject_is_another_message(channels: Channels) -> None:
    raise_it()
    raise_it(subject="esimaccess")
    assert channels.tell_due() == 2
    assert len(channels.posts()) == 2


def test_it_is_repeated_after_fifteen_minutes_when_it_goes_on(channels: Channels) -> None:
    raise_it()
    channels.tell_due()
    channels.after(minutes=1)
    raise_it()
    channels.after(minutes=13, seconds=59)
    assert channels.tell_due() == 0
    channels.after(seconds=1)
    assert channels.tell_due() == 1
    assert len(channels.posts()) == 2


def test_it_is_not_repeated_when_nothing_more_happened(channels: Channels) -> None:
    raise_it()
    channels.tell_due()
    channels.after(hours=5)
    assert channels.tell_due() == 0


def test_what_came_while_it_was_told_is_told_later(channels: Channels) -> None:
    pk = raise_it()
    channels.slack.fault("post", "delay", seconds=0.3)

    async def meanwhile() -> None:
        telling = asyncio.create_task(actions.tell(pk))
        await asyncio.to_thread(processes.soon, lambda: len(channels.posts()) == 1)
        await asyncio.to_thread(raise_it, 9)
        await telling

    asyncio.run(meanwhile())
    channels.after(minutes=15)
    assert channels.tell_due() == 1
    counters = [one["blocks"][1]["fields"][0]["text"] for one in channels.posts()]
    assert counters == ["*Times*\n1", "*Times*\n10"]


def test_a_job_that_comes_twice_tells_once(channels: Channels) -> None:
    pk = raise_it()
    channels.tell_due()
    raise_it()
    asyncio.run(actions.tell(pk))
    assert len(channels.posts()) == 1
    channels.after(minutes=15)
    assert channels.tell_due() == 1


def test_its_end_is_told_after_two_minutes(channels: Channels) -> None:
    raise_it()
    channels.tell_due()
    assert actions.resolve("supplier_blocked", "esimgo") is True
    assert channels.tell_due() == 0
    channels.after(minutes=2)
    assert channels.tell_due() == 1
    assert channels.texts() == ["WARNING: It sells nothing", "Resolved: It sells nothing"]
    channels.after(hours=1)
    assert channels.tell_due() == 0


def test_an_end_nobody_heard_the_beginning_of_is_not_told(channels: Channels) -> None:
    raise_it()
    actions.resolve("supplier_blocked", "esimgo")
    channels.after(hours=1)
    assert channels.tell_due() == 0
    assert channels.texts() == []


def test_an_end_that_comes_while_the_beginning_is_told_is_told(channels: Channels) -> None:
    pk = raise_it()
    channels.slack.fault("post", "delay", seconds=0.3)

    async def meanwhile() -> None:
        telling = asyncio.create_task(actions.tell(pk))
        await asyncio.to_thread(processes.soon, lambda: len(channels.posts()) == 1)
        await asyncio.to_thread(actions.resolve, "supplier_blocked", "esimgo")
        await telling

    asyncio.run(meanwhile())
    channels.after(minutes=2)
    channels.tell_due()
    assert channels.texts() == ["WARNING: It sells nothing", "Resolved: It sells nothing"]


def test_trouble_that_flaps_is_one_conversation(channels: Channels) -> None:
    for _ in range(10):
        raise_it()
        channels.tell_due()
        channels.after(seconds=30)
        actions.resolve("supplier_blocked", "esimgo")
        channels.after(seconds=30)
        channels.tell_due()
    assert Alert.objects.get().count == 10
    assert channels.texts() == ["WARNING: It sells nothing"]
    channels.after(minutes=2)
    channels.tell_due()
    assert channels.texts() == ["WARNING: It sells nothing", "Resolved: It sells nothing"]


@pytest.mark.parametrize(("level", "minutes"), [("warning", 15), ("critical", 0)])
def test_what_comes_back_after_its_end_was_told(channels: Channels, level: str, minutes: int) -> None:
    raise_it(level=level)
    channels.tell_due()
    actions.resolve("supplier_blocked", "esimgo")
    channels.after(minutes=2)
    channels.tell_due()
    channels.after(seconds=10)
    raise_it(level=level)
    channels.tell_due()
    assert len(channels.posts()) == (2 if minutes else 3)
    channels.after(minutes=minutes)
    channels.tell_due()
    assert [text.split(":")[0] for text in channels.texts()] == [level.upper(), "Resolved", level.upper()]
    assert Alert.objects.get().count == 2


def test_after_a_quiet_quarter_of_an_hour_it_is_a_new_alert(channels: Channels) -> None:
    first = raise_it()
    actions.resolve("supplier_blocked", "esimgo")
    channels.after(minutes=15, seconds=1)
    assert raise_it() != first
    assert Alert.objects.filter(resolved_at__isnull=True).get().count == 1


def test_who_has_it_is_not_told_again(channels: Channels) -> None:
    pk = raise_it()
    channels.tell_due()
    actions.acknowledge(pk)
    raise_it(5)
    channels.after(hours=2)
    assert channels.tell_due() == 0
    assert Alert.objects.get().count == 6
    assert AuditEntry.objects.filter(action="alert.acknowledged", entity_id=str(pk)).count() == 1
    actions.acknowledge(pk)
    assert AuditEntry.objects.count() == 1


def test_the_end_of_what_somebody_has_is_told(channels: Channels) -> None:
    pk = raise_it()
    channels.tell_due()
    actions.acknowledge(pk)
    actions.resolve("supplier_blocked", "esimgo")
    channels.after(minutes=2)
    channels.tell_due()
    assert channels.texts()[-1] == "Resolved: It sells nothing"


def test_what_comes_back_is_nobodys_again(channels: Channels) -> None:
    pk = raise_it()
    channels.tell_due()
    actions.acknowledge(pk)
    actions.resolve("supplier_blocked", "esimgo")
    raise_it()
    assert Alert.objects.get().acknowledged_at is None


def test_only_an_open_alert_can_be_taken_on(channels: Channels) -> None:
    pk = raise_it()
    actions.resolve("supplier_blocked", "esimgo")
    with pytest.raises(NotFound):
        actions.acknowledge(pk)
    with pytest.raises(NotFound):
        actions.acknowledge(pk + 1)
    assert AuditEntry.objects.count() == 0


def test_many_first_ones_at_once_are_one(channels: Channels) -> None:
    def one(_: int) -> int:
        try:
            return raise_it()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(one, range(64)))
    assert len(ids) == 1
    assert Alert.objects.get().count == 64


def test_many_returns_at_once_are_one(channels: Channels) -> None:
    pk = raise_it()
    actions.resolve("supplier_blocked", "esimgo")

    def one(_: int) -> int:
        try:
            return raise_it()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(one, range(64)))
    assert ids == {pk}
    assert Alert.objects.get().count == 65


def test_raising_writes_the_job_that_tells(channels: Channels) -> None:
    raise_it(3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'alerts.tell'")
        assert cursor.fetchone() == (1,)
    assert jobs.registered()["alerts.tell"].queue == "default"


def test_a_later_word_without_details_keeps_them(channels: Channels) -> None:
    actions.raise_alert("stuck", "no_offer", level="warning", title="1 stuck", text="Look", link="https://x.example/")
    actions.raise_alert("stuck", "no_offer", level="warning", title="2 stuck")
    alert = Alert.objects.get()
    assert (alert.title, alert.text, alert.link) == ("2 stuck", "Look", "https://x.example/")

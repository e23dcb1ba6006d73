"""What a worker killed with -9 leaves behind is done by another one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from simplane.core import clock, jobs, upkeep
from simplane.core.db import transaction
from simplane.core.models import StoredAnswer
from simplane.core.upkeep import stalled_jobs
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def waiting(name: str, **given: Any) -> None:
    """A job that waits."""
    with transaction():
        jobs.enqueue(name, **given)


def begun_by_a_dead_worker() -> None:
    """Every waiting job was taken by a worker that is gone."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'")


def standing() -> list[tuple[str, str]]:
    """Name and status of all jobs, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id")
        return list(cursor.fetchall())


def test_jobs_of_a_dead_worker_wait_again() -> None:
    waiting("channels.write_back", order_id=1)
    begun_by_a_dead_worker()
    assert stalled_jobs() == {"rescued": 1}
    assert standing() == [("channels.write_back", "todo")]
    assert stalled_jobs() == {"rescued": 0}


def test_two_jobs_of_one_key_do_not_keep_each_other_or_a_third_from_being_rescued() -> None:
    for _ in range(2):
        waiting("channels.read_order", once_key="read:1:2", shop_id=1, external_id="2")
        begun_by_a_dead_worker()
    waiting("channels.write_back", order_id=1)
    begun_by_a_dead_worker()
    assert stalled_jobs() == {"rescued": 3}
    assert [status for _, status in standing()] == ["todo"] * 3


def test_a_job_is_rescued_although_another_of_its_key_waits() -> None:
    waiting("channels.read_order", once_key="read:1:2", shop_id=1, external_id="2")
    begun_by_a_dead_worker()
    waiting("channels.read_order", once_key="read:1:2", shop_id=1, external_id="2")
    assert stalled_jobs() == {"rescued": 1}
    assert [status for _, status in standing()] == ["todo", "todo"]


def test_the_newest_jobs_that_ended_badly_stay_whoever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "KEPT_JOBS", 2)
    waiting("channels.write_back", order_id=1)
    for number in range(4):
        factories.failed_job(name=f"ordering.step_{number}")

    counts = upkeep.clean_up()

    assert isinstance(counts, dict)
    assert counts["jobs"] == 2
    assert standing() == [
        ("channels.write_back", "todo"),
        ("ordering.step_2", "failed"),
        ("ordering.step_3", "failed"),
    ]


def test_stored_answers_are_kept_for_thirty_days() -> None:
    for age in (29, 31):
        StoredAnswer.objects.create(
            organization_id=1, key=f"{age} days", request_hash=b"", status=201, body="{}",
            created_at=clock.now() - timedelta(days=age),
        )  # fmt: skip

    counts = upkeep.clean_up()

    assert isinstance(counts, dict)
    assert counts["answers"] == 1
    assert StoredAnswer.objects.get().key == "29 days"

"""Leases: one worker at a time, and whoever comes back late changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simplane.core import clock, work
from simplane.core.models import InboxMessage
from tests import factories

pytestmark = pytest.mark.django_db


def due_message() -> InboxMessage:
    return factories.inbox_message(state="received", handled_at=None, due_at=clock.now())


def test_one_worker_has_a_row_and_gives_it_back() -> None:
    pk = due_message().pk
    mine = work.claim(InboxMessage, pk, seconds=60)
    assert mine is not None
    assert work.claim(InboxMessage, pk, seconds=60) is None
    again = clock.now() + timedelta(seconds=5)
    assert work.release(mine, due_at=again)
    given_back = InboxMessage.objects.get(pk=pk)
    assert (given_back.lease_until, given_back.due_at) == (None, again)


def test_a_worker_that_comes_back_after_its_lease_takes_nothing_from_the_next_one() -> None:
    pk = due_message().pk
    late = work.claim(InboxMessage, pk, seconds=-1)
    next_one = work.claim(InboxMessage, pk, seconds=60)
    assert late is not None
    assert next_one is not None
    assert not work.release(late, due_at=None)
    held = InboxMessage.objects.get(pk=pk)
    assert (held.lease_until, held.due_at) == (next_one.lease_until, next_one.due_at)

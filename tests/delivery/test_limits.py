"""How many mails an hour leave for one account, and what becomes of those beyond."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from simplane.core import clock, work
from simplane.core.db import transaction
from simplane.core.ratelimit import take
from simplane.delivery import limits
from simplane.delivery.actions import send
from simplane.delivery.models import Message
from tests.delivery.conftest import PostOffice, queued

pytestmark = pytest.mark.django_db(transaction=True)
WAITS = "too many mails of this account in an hour: it waits its turn"


def use_up(key: str, an_hour: int) -> None:
    assert take(key, per_second=an_hour / 3600, burst=an_hour, cost=an_hour) == 0


def due() -> list[int]:
    with transaction():
        return work.take_due(Message)


def test_mails_beyond_the_limit_wait_their_turn_and_then_go(
    post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_up(limits.key_of_address(7, "Ana@example.com"), limits.TO_ONE_ADDRESS_AN_HOUR)
    first, second = queued(account_id=7), queued(account_id=7)
    told = [send(first.pk), send(second.pk)]
    assert [(one.name, one.reason) for one in told] == [("put_off", WAITS)] * 2
    assert told[0].at is not None
    assert told[1].at is not None
    assert 175 < (told[1].at - told[0].at).total_seconds() < 185
    assert send(first.pk) == told[0]
    assert (due(), post_office.mails()) == ([], [])

    later = told[0].at + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert due() == [first.pk]
    assert [send(first.pk).name, send(second.pk).name] == ["sent", "put_off"]
    assert [mail["Message-ID"] for mail in post_office.mails()] == [first.message_id]


def test_all_mails_of_an_account_are_counted_and_another_s_and_a_shop_s_are_not(post_office: PostOffice) -> None:
    use_up(limits.key_of_account(7), settings.SIMPLANE.mails_an_hour)
    names = [send(queued(to="new@example.com", **one).pk).name for one in ({"account_id": 7}, {"account_id": 8}, {})]
    assert names == ["put_off", "sent", "sent"]
    assert len(post_office.mails()) == 2


@pytest.mark.parametrize(
    "name", ["You won - open https://evil.example", "www.evil.example", "<b>Ann</b>", "Ann\u202eevil", "Ann\x85"]
)
def test_a_name_that_is_none_is_not_greeted(post_office: PostOffice, name: str) -> None:
    send(queued(customer_name=name).pk)
    (mail,) = post_office.mails()
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Hello," in body.get_content()
    assert "evil" not in f"{mail['To']}{body.get_content()}"

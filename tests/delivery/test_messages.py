"""Messages as rows: written once, sent again by a person, erased with their customer."""

from __future__ import annotations

import re

import pytest
from pytest_django import Settings

from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.models import AuditEntry, DeadLetter
from simplane.core.money import Money
from simplane.delivery import actions, mail
from simplane.delivery.models import InstallLink, Message, Suppression
from tests import factories
from tests.delivery.conftest import bought_unit, queued

pytestmark = pytest.mark.django_db


def test_a_message_is_written_with_links_for_its_unit_and_order() -> None:
    unit = bought_unit()
    message = queued(unit=unit, to=" ana@example.com ")
    assert (message.state, message.to) == ("queued", "ana@example.com")
    assert re.fullmatch(r"<[0-9a-f]{32}@simplane\.example>", message.message_id)
    assert message.due_at is not None
    kinds = InstallLink.objects.filter(order_id=unit.order_id).values_list("unit_id", "line_id")
    assert sorted(kinds, key=str) == sorted([(unit.pk, unit.line_id), (None, None)], key=str)


def test_the_row_holds_no_activation_code_and_no_link() -> None:
    message = queued()
    message.refresh_from_db()
    link = InstallLink.objects.get(unit_id=message.unit_id)
    stored = str([getattr(message, field.attname) for field in message._meta.concrete_fields])
    assert link.line is not None
    assert link.line.matching_id not in stored
    assert link.token not in stored


def test_writing_it_twice_makes_one_message() -> None:
    unit = bought_unit()
    first = queued(unit=unit)
    again = queued(unit=unit, to="other@example.com")
    assert again.pk == first.pk
    assert again.to == "ana@example.com"
    assert Message.objects.count() == 1


@pytest.mark.parametrize("address", ["", "   ", "nobody", "a@b, c@d"])
def test_without_an_address_a_person_is_asked_for_one(address: str) -> None:
    message = queued(to=address, price=Money(1900, "EUR"))
    assert (message.state, message.due_at, message.to) == ("failed", None, "")
    letter = DeadLetter.objects.get(kind="message", subject_id=str(message.pk))
    assert letter.cause == "address_missing"
    assert (letter.order_id, letter.money_minor, letter.money_currency) == (message.order_id, 1900, "EUR")


@pytest.mark.django_db(transaction=True)
def test_a_message_is_part_of_a_write() -> None:
    with pytest.raises(RuntimeError, match="part of a write"):
        actions.queue_notice("order_late", order_id=1, to="a@b.c", locale="en", context={})


def notice(kind: str = "order_late", **given: object) -> Message | None:
    facts = {"order_id": factories.order().pk, "to": "ana@example.com", "locale": "en", "context": {}} | given
    with transaction():
        return actions.queue_notice(kind, **facts)  # type: ignore[arg-type]


def test_a_notice_without_an_address_is_nothing() -> None:
    assert notice(to="") is None
    assert Message.objects.count() == 0
    assert DeadLetter.objects.count() == 0


def test_a_notice_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(BadInput, match="no kind of notice"):
        notice("order_lost")


def test_a_notice_with_facts_that_no_mail_shows_is_refused() -> None:
    with pytest.raises(BadInput, match="no mail shows matching_id"):
        notice(context={"matching_id": "SECRET"})


def test_two_versions_of_a_notice_are_two_messages() -> None:
    order = factories.order()
    first, second = notice(order_id=order.pk), notice(order_id=order.pk, version=2)
    assert first is not None
    assert second is not None
    assert first.message_id != second.message_id


def test_a_message_written_again_is_the_first_also_under_a_new_secret(settings: Settings) -> None:
    order = factories.order()
    first = notice(order_id=order.pk)
    settings.SECRET_KEY = "another-secret-of-this-house-after-rotation"

    assert notice(order_id=order.pk) == first


def test_a_message_id_can_not_be_made_without_our_secret(settings: Settings) -> None:
    order = factories.order()
    ours = mail.message_id("order_late", order_id=order.pk, unit_id=None, version=1)
    settings.SECRET_KEY = "a-secret-that-somebody-guesses-and-is-wrong"

    assert mail.message_id("order_late", order_id=order.pk, unit_id=None, version=1) != ours


def test_a_person_sends_it_again_to_another_address() -> None:
    old = queued(to="")
    made = actions.send_again(old.pk, to="right@example.com")
    assert (made.version, made.to, made.state) == (2, "right@example.com", "queued")
    assert DeadLetter.objects.get(subject_id=str(old.pk)).resolution == "sent again"
    assert AuditEntry.objects.get(action="message.sent_again").after == {"message": made.pk, "other_address": True}


def test_sending_again_lifts_the_suppression_of_the_address() -> None:
    old = queued(to="Ana@example.com")
    Suppression.objects.create(address="ana@example.com", reason="550", since=old.created_at)
    actions.send_again(old.pk)
    assert Suppression.objects.count() == 0


def test_sending_again_to_no_address_is_refused_and_changes_nothing() -> None:
    old = queued(to="")
    with pytest.raises(BadInput, match="no usable e-mail address"):
        actions.send_again(old.pk)
    assert Message.objects.count() == 1
    assert DeadLetter.objects.get().resolved_at is None


def test_there_is_nothing_to_send_again_at_an_unknown_message() -> None:
    with pytest.raises(NotFound):
        actions.send_again(0)


def test_erasing_a_customer_empties_and_stops_the_messages() -> None:
    waiting = queued()
    sent = factories.message(order_id=waiting.order_id, context={"customer_name": "Ana", "order_name": "#1"})
    with transaction():
        assert actions.redact_messages([waiting.order_id]) == 2
    waiting.refresh_from_db()
    sent.refresh_from_db()
    assert (waiting.to, waiting.state, waiting.due_at) == ("", "failed", None)
    assert (sent.to, sent.state, sent.context) == ("", "sent", {"customer_name": "", "order_name": "#1"})

"""Sending to a real mail server that takes, refuses, loses and restarts."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from django.db import connection
from PIL import Image
from pytest_django import Settings

from simplane.core import clock, deadletters, jobs
from simplane.core.db import transaction
from simplane.core.errors import NotFound
from simplane.core.models import DeadLetter, Event
from simplane.core.worker import run_worker
from simplane.delivery import links, smtp
from simplane.delivery.actions import queue_notice, send, send_async
from simplane.delivery.deadletters import register
from simplane.delivery.jobs import send_due_messages
from simplane.delivery.models import Message, Suppression
from tests import factories
from tests.delivery.conftest import PostOffice, bought_unit, queued
from tests.standins import free_port

pytestmark = pytest.mark.django_db(transaction=True)


def news_of(message: Message) -> list[str]:
    return list(Event.objects.filter(order_id=message.order_id).order_by("pk").values_list("name", flat=True))


def letter_of(message: Message) -> DeadLetter | None:
    return DeadLetter.objects.filter(kind="message", subject_id=str(message.pk), resolved_at__isnull=True).first()


def fresh(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def make_due(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(due_at=clock.now() - timedelta(seconds=1))


def test_a_mail_arrives_and_its_picture_reads_as_the_code(post_office: PostOffice) -> None:
    unit = bought_unit()
    assert unit.line is not None
    message = queued(unit=unit)
    result = send(message.pk)
    assert result.name == "sent"
    assert (fresh(message).state, fresh(message).due_at, fresh(message).sent_at) == ("sent", None, result.at)
    assert news_of(message) == ["MessageSent"]
    (mail,) = post_office.mails()
    assert mail["Message-ID"] == message.message_id
    (attached,) = mail.iter_attachments()
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(attached.get_content())))
    assert found.text == f"LPA:1${unit.line.smdp}${unit.line.matching_id}"


def test_sending_twice_makes_one_mail(post_office: PostOffice) -> None:
    message = queued()
    first, second = send(message.pk), send(message.pk)
    assert (first.name, second.name) == ("sent", "sent")
    assert first.at == second.at
    assert len(post_office.mails()) == 1


def test_many_senders_at_once_make_one_mail(post_office: PostOffice) -> None:
    message = queued()

    def go(_: int) -> str:
        try:
            return send(message.pk).name
        finally:
            smtp.close()
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        names = list(pool.map(go, range(6)))
    assert "sent" in names
    assert set(names) <= {"sent", "retry"}
    assert len(post_office.mails()) == 1


def test_one_connection_serves_many_mails(post_office: PostOffice) -> None:
    send(queued().pk)
    kept = smtp._kept.client
    send(queued().pk)
    assert smtp._kept.client is kept
    assert len(post_office.mails()) == 2


def test_a_connection_that_died_meanwhile_is_opened_again(post_office: PostOffice) -> None:
    send(queued().pk)
    post_office.standin.restart()
    assert send(queued().pk).name == "sent"
    assert len(post_office.mails()) == 2


def test_a_refusal_at_one_mail_leaves_the_connection_good_for_the_next(post_office: PostOffice) -> None:
    send(queued(to="bounce@example.com").pk)
    assert send(queued().pk).name == "sent"


def test_a_busy_server_is_tried_again_in_five_minutes(post_office: PostOffice) -> None:
    message = queued(to="later@example.com")
    before = clock.now()
    result = send(message.pk)
    assert result.name == "retry"
    assert result.at is not None
    assert timedelta(minutes=5) <= result.at - before < timedelta(minutes=5, seconds=30)
    assert fresh(message).state == "queued"
    assert fresh(message).due_at == result.at
    assert news_of(message) == []
    assert post_office.mails() == []


def test_a_message_that_waits_is_not_sent_before_its_time(post_office: PostOffice) -> None:
    message = queued(to="greylist@example.com")
    first = send(message.pk)
    assert send(message.pk) == first
    make_due(message)
    assert send(message.pk).name == "sent"
    assert len(post_office.mails()) == 1


def test_a_mailbox_that_does_not_exist_is_given_up_and_remembered(post_office: PostOffice) -> None:
    message = queued(to="Bounce@example.com")
    result = send(message.pk)
    assert result.name == "failed"
    assert "No such mailbox" in result.reason
    assert fresh(message).state == "failed"
    assert Suppression.objects.get().address == "bounce@example.com"
    letter = letter_of(message)
    assert letter is not None
    assert letter.cause == "mail_refused"
    assert news_of(message) == ["MessageFailed"]


def test_nothing_more_is_written_to_a_suppressed_address(post_office: PostOffice) -> None:
    send(queued(to="bounce@example.com").pk)
    post_office.standin.control("reset", "POST")
    second = queued(to="BOUNCE@example.com")
    result = send(second.pk)
    assert result.name == "suppressed"
    assert post_office.standin.books()["refused"] == 0
    assert letter_of(second) is not None


def test_content_that_is_refused_says_nothing_about_the_address(post_office: PostOffice) -> None:
    message = queued(to="spam@example.com")
    assert send(message.pk).name == "failed"
    assert Suppression.objects.count() == 0


def test_a_lost_answer_is_repeated_once_with_the_same_mail(post_office: PostOffice) -> None:
    message = queued(to="ana@example.com")
    post_office.refuse("data", "drop_after")
    result = send(message.pk)
    assert result.name == "unknown"
    assert fresh(message).state == "unknown"
    make_due(message)
    assert send(message.pk).name == "sent"
    first, second = post_office.mails()
    assert first.as_bytes() == second.as_bytes()
    assert news_of(message) == ["MessageUnknown", "MessageSent"]
    assert Event.objects.get(name="MessageSent").data["repeat"] is True


def test_a_second_lost_answer_is_for_a_person_and_never_a_third_mail(post_office: PostOffice) -> None:
    message = queued(to="lost@example.com")
    send(message.pk)
    make_due(message)
    result = send(message.pk)
    assert (result.name, result.at) == ("unknown", None)
    assert fresh(message).due_at is None
    letter = letter_of(message)
    assert letter is not None
    assert letter.cause == "mail_unknown"
    assert send(message.pk).name == "unknown"
    assert len(post_office.mails()) == 2


def test_a_connection_lost_before_the_mail_costs_nothing(post_office: PostOffice) -> None:
    message = queued()
    post_office.refuse("rcpt", "drop_before")
    result = send(message.pk)
    assert result.name == "retry"
    assert fresh(message).state == "queued"
    make_due(message)
    assert send(message.pk).name == "sent"
    assert len(post_office.mails()) == 1


def test_a_mail_server_that_is_down_is_looked_for_again_in_seconds(settings: Settings) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"mail_url": f"smtp://127.0.0.1:{free_port()}"})
    message = queued()
    before = clock.now()
    result = send(message.pk)
    assert result.name == "retry"
    assert result.at is not None
    assert result.at - before < timedelta(seconds=10)
    assert "127.0.0.1" in fresh(message).problem


def test_a_wrong_password_is_our_fault_and_not_the_addresss(post_office: PostOffice, settings: Settings) -> None:
    url = f"smtp://user:wrong@127.0.0.1:{post_office.smtp_port}"
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"mail_url": url})
    message = queued()
    assert send(message.pk).name == "retry"
    assert Suppression.objects.count() == 0
    assert "wrong" not in fresh(message).problem


def test_a_sender_that_died_counts_as_a_lost_answer(post_office: PostOffice) -> None:
    message = queued()
    past = clock.now() - timedelta(seconds=1)
    Message.objects.filter(pk=message.pk).update(lease_until=past, due_at=past)
    assert send(message.pk).name == "sent"
    assert Event.objects.get(name="MessageSent").data["repeat"] is True


def test_a_sender_that_died_during_the_repeat_leaves_it_to_a_person(post_office: PostOffice) -> None:
    message = queued()
    past = clock.now() - timedelta(seconds=1)
    Message.objects.filter(pk=message.pk).update(lease_until=past, due_at=past, state="unknown")
    assert send(message.pk).name == "unknown"
    letter = letter_of(message)
    assert letter is not None
    assert letter.cause == "mail_unknown"
    assert post_office.mails() == []


def test_a_message_whose_link_was_withdrawn_is_not_sent_and_nobody_is_alarmed(post_office: PostOffice) -> None:
    message = queued()
    assert message.unit_id is not None
    with transaction():
        links.revoke_unit_links(message.unit_id, reason="cancel at the shop")
    assert send(message.pk).name == "failed"
    assert post_office.mails() == []
    assert letter_of(message) is None
    assert Event.objects.get(name="MessageFailed").data["cause"] == "withdrawn"


def test_an_international_address_is_written_to_when_the_server_can(post_office: PostOffice) -> None:
    assert send(queued(to="jörg@müller.example").pk).name == "sent"
    (mail,) = post_office.mails()
    assert mail["To"] == "Ana Traveller <jörg@xn--mller-kva.example>"


def test_an_international_address_is_for_a_person_when_the_server_can_not(post_office: PostOffice) -> None:
    post_office.standin.settings(smtputf8=False)
    message = queued(to="jörg@example.com")
    result = send(message.pk)
    assert result.name == "failed"
    assert "SMTPUTF8" in result.reason
    assert letter_of(message) is not None


def test_a_notice_is_sent_with_the_orders_page(post_office: PostOffice) -> None:
    order = factories.order()
    with transaction():
        message = queue_notice(
            "order_late", order_id=order.pk, to="ana@example.com", locale="de", context={"order_name": order.name}
        )
    assert message is not None
    assert send(message.pk).name == "sent"
    (mail,) = post_office.mails()
    assert mail["Subject"] == f"Bestellung {order.name} dauert etwas länger"
    assert links.order_url(order.pk) in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_there_is_nothing_to_send_at_an_unknown_message() -> None:
    with pytest.raises(NotFound):
        send(0)


def test_mail_is_never_sent_inside_a_transaction(post_office: PostOffice) -> None:
    message = queued()
    with transaction(), pytest.raises(RuntimeError, match="inside a transaction"):
        send(message.pk)
    assert post_office.mails() == []


def test_an_event_loop_sends_off_its_database_threads(post_office: PostOffice) -> None:
    message = queued()
    assert asyncio.run(send_async(message.pk)).name == "sent"
    assert len(post_office.mails()) == 1


def test_the_sweep_takes_over_what_its_writer_left(post_office: PostOffice) -> None:
    message, waiting = queued(), queued()
    make_due(message)
    assert send_due_messages() == {"due": 1}
    assert send_due_messages() == {"due": 0}
    assert jobs_waiting() == [("delivery.send", message.pk)]
    assert fresh(waiting).state == "queued"


def test_a_mail_that_was_put_off_goes_out_by_the_sweep_when_its_time_has_come(post_office: PostOffice) -> None:
    message = queued(to="greylist@example.com")
    assert send(message.pk).name == "retry"
    make_due(message)
    assert send_due_messages() == {"due": 1}
    asyncio.run(run_worker(once=True))
    assert fresh(message).state == "sent"


def jobs_waiting() -> list[tuple[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, (args ->> 'message_id')::int FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id"
        )
        return [(name, message_id) for name, message_id in cursor.fetchall()]


def test_the_job_of_a_message_is_known_to_the_queue() -> None:
    assert jobs.registered()["delivery.send"].queue == "mail"


def test_an_operator_sends_a_refused_mail_again(post_office: PostOffice) -> None:
    register()
    message = queued()
    post_office.refuse("rcpt", "status_before", status=550)
    send(message.pk)
    letter = letter_of(message)
    assert letter is not None
    deadletters.perform(letter.pk, "mail.send_again")
    assert letter_of(message) is None
    again = Message.objects.get(unit_id=message.unit_id, version=2)
    assert send(again.pk).name == "sent"
    assert Suppression.objects.count() == 0


def test_a_mail_that_came_through_late_closes_its_letter(post_office: PostOffice) -> None:
    message = queued(to="greylist@example.com")
    send(message.pk)
    with transaction():
        deadletters.open_letter("message", message.pk, cause="mail_keeps_failing", summary="late")
    make_due(message)
    send(message.pk)
    assert letter_of(message) is None

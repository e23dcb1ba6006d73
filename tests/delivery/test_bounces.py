"""Mails that come back."""

from __future__ import annotations

import pytest

from simplane.core.inbox import Flag
from simplane.core.models import DeadLetter, Event
from simplane.delivery.bounces import AnotherRecipient, Bounce, NotABounce, handle, parse, record_bounce
from simplane.delivery.models import Message, Suppression
from tests import factories

NOTICE = """\
From: MAILER-DAEMON@mx.example.com
To: esim@simplane.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
Arrival-Date: Fri, 20 Nov 2026 12:00:00 +0000

Final-Recipient: rfc822; ana@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <ana@example.com>:
 Recipient address rejected

--B
Content-Type: {quoted}

Message-ID: <esim_ready.u7.1@simplane.example>
Subject: Your eSIM is ready
{tail}
--B--
"""


def raw(action: str = "failed", status: str = "5.1.1", quoted: str = "message/rfc822", tail: str = "\nbody\n") -> bytes:
    return NOTICE.format(action=action, status=status, quoted=quoted, tail=tail).replace("\n", "\r\n").encode()


@pytest.mark.parametrize(("quoted", "tail"), [("message/rfc822", "\nbody\n"), ("text/rfc822-headers", "")])
def test_a_notification_names_the_mail_the_address_and_the_reason(quoted: str, tail: str) -> None:
    assert parse(raw(quoted=quoted, tail=tail)) == Bounce(
        message_id="<esim_ready.u7.1@simplane.example>",
        address="ana@example.com",
        permanent=True,
        status="5.1.1",
        reason="5.1.1 550 5.1.1 <ana@example.com>: Recipient address rejected",
    )


def test_a_full_mailbox_is_not_permanent() -> None:
    assert parse(raw(status="4.2.2")).permanent is False


@pytest.mark.parametrize(
    "mail",
    [raw(action="delayed"), raw(action="delivered"), b"Subject: Out of office\r\n\r\nBack on Monday", b"", b"\xff\x00"],
)
def test_what_is_no_failure_is_refused(mail: bytes) -> None:
    with pytest.raises(NotABounce):
        parse(mail)


def bounce(**given: object) -> Bounce:
    facts = {"message_id": "", "address": "", "permanent": True, "status": "5.1.1", "reason": "5.1.1 no such user"}
    return Bounce(**(facts | given))  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_bounce_finds_its_message_and_stops_the_address() -> None:
    sent = factories.message(unit_id=7)
    found = record_bounce(bounce(message_id=sent.message_id, address=sent.to))
    assert found == sent
    sent.refresh_from_db()
    assert (sent.state, sent.problem) == ("bounced", "5.1.1 no such user")
    assert Suppression.objects.get().address == sent.to
    assert DeadLetter.objects.get(kind="message").cause == "mail_bounced"
    assert Event.objects.get(name="MessageBounced").unit_id == 7


@pytest.mark.django_db
def test_a_bounce_told_twice_counts_once() -> None:
    sent = factories.message()
    record_bounce(bounce(message_id=sent.message_id, address=sent.to))
    record_bounce(bounce(message_id=sent.message_id, address=sent.to))
    assert Event.objects.filter(name="MessageBounced").count() == 1
    assert DeadLetter.objects.get().seen_again == 0


@pytest.mark.django_db
def test_a_bounce_that_quotes_nothing_goes_to_the_newest_mail_to_that_address() -> None:
    factories.message(to="Ana@example.com")
    newest = factories.message(to="Ana@example.com")
    assert record_bounce(bounce(address="ana@example.com")) == newest
    assert Message.objects.filter(state="bounced").count() == 1
    assert DeadLetter.objects.get().cause == "mail_bounced"
    assert Suppression.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["stranger@example.net", ""])
def test_a_notification_about_another_address_changes_nothing(address: str) -> None:
    sent = factories.message(to="ana@example.com")
    with pytest.raises(AnotherRecipient, match="another address"):
        record_bounce(bounce(message_id=sent.message_id, address=address))
    sent.refresh_from_db()
    assert sent.state == "sent"
    assert Suppression.objects.count() == DeadLetter.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("to", "address", "original"),
    [
        ("ana@bücher.example", "ana@xn--bcher-kva.example", ""),
        ("Ana@Example.com", "ana@example.COM", ""),
        ("ana@example.com", "ana@forwarded.example", "ana@example.com"),
    ],
)
def test_the_address_may_be_written_otherwise_or_have_been_forwarded(to: str, address: str, original: str) -> None:
    sent = factories.message(to=to)
    assert record_bounce(bounce(message_id=sent.message_id, address=address, original=original)) == sent
    assert Suppression.objects.count() == 1


@pytest.mark.django_db
def test_a_notification_about_another_address_is_flagged_for_a_person() -> None:
    sent = factories.message(to="ben@example.com", message_id="<esim_ready.u7.1@simplane.example>")
    with pytest.raises(Flag, match="another address"):
        handle(factories.inbox_message(channel="mail", body=raw()))
    sent.refresh_from_db()
    assert sent.state == "sent"


@pytest.mark.django_db
def test_a_temporary_bounce_leaves_the_address_usable() -> None:
    sent = factories.message()
    record_bounce(bounce(message_id=sent.message_id, address=sent.to, permanent=False, status="4.2.2"))
    assert Suppression.objects.count() == 0
    assert DeadLetter.objects.count() == 1


@pytest.mark.django_db
def test_a_bounce_of_a_mail_that_is_not_ours_changes_nothing() -> None:
    factories.message(to="ana@example.com")
    assert record_bounce(bounce(message_id="<spoofed@elsewhere.example>", address="ana@example.com")) is None
    assert record_bounce(bounce()) is None
    assert Suppression.objects.count() == 0
    assert DeadLetter.objects.count() == 0


@pytest.mark.django_db
def test_a_mail_that_was_never_sent_can_not_bounce() -> None:
    waiting = factories.message(state="queued", sent_at=None)
    assert record_bounce(bounce(message_id=waiting.message_id)) is None

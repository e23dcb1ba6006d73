"""Mails that came back: reading a delivery status notification (RFC 3464) and writing down what it says."""

from __future__ import annotations

import email
import hashlib
import hmac
import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.message import Message as AnyMessage

from django.conf import settings

from simplane.core import clock, events, inbox
from simplane.core.db import transaction
from simplane.core.errors import BadInput
from simplane.core.inbox import Flag, Handled
from simplane.core.models import InboxMessage
from simplane.delivery import mime
from simplane.delivery.events import MessageBounced
from simplane.delivery.models import Message
from simplane.delivery.sending import open_letter, suppress


class NotABounce(BadInput):
    """This mail is no delivery status notification."""

    code = "not_a_bounce"


class AnotherRecipient(BadInput):
    """The notification speaks of an address that this mail never went to."""

    code = "another_recipient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """One failed recipient. `message_id` is empty when the notification does not quote our mail."""

    message_id: str
    """With its angle brackets, as we wrote it."""
    address: str
    """The one that failed. After forwarding it is not the one we wrote to, which is then the `original`."""
    permanent: bool
    status: str
    """`5.1.1`"""
    reason: str
    original: str = ""


def parse(raw: bytes) -> Bounce:
    """Read a notification as it came (RFC 822 bytes). Raises NotABounce, also for news of a delay or a success."""
    mail = email.message_from_bytes(raw, policy=policy.default)
    report = next((part for part in mail.walk() if part.get_content_type() == "message/delivery-status"), None)
    if report is None:
        raise NotABounce("there is no message/delivery-status part", fix="send the notification as it came")
    for recipient in _blocks(report):
        if str(recipient.get("Action", "")).strip().lower() == "failed":
            return _bounce(mail, recipient)
    raise NotABounce("no recipient of this notification has failed", fix="news of delays need no handling")


def _blocks(report: AnyMessage) -> list[AnyMessage]:
    payload = report.get_payload()
    return [block for block in payload if isinstance(block, AnyMessage)] if isinstance(payload, list) else []


def _bounce(mail: EmailMessage, recipient: AnyMessage) -> Bounce:
    status = re.match(r"[245]\.\d{1,3}\.\d{1,3}", str(recipient.get("Status", "")).strip())
    code = status[0] if status else "5.0.0"
    said = str(recipient.get("Diagnostic-Code", "")).partition(";")[2].strip()
    return Bounce(
        message_id=_original_id(mail),
        address=_address(recipient, "Final-Recipient"),
        permanent=code.startswith("5"),
        status=code,
        reason=re.sub(r"\s+", " ", f"{code} {said}").strip()[:400],
        original=_address(recipient, "Original-Recipient"),
    )


def _address(recipient: AnyMessage, field: str) -> str:
    return str(recipient.get(field, "")).partition(";")[2].strip().strip("<>")


def _original_id(mail: EmailMessage) -> str:
    """The Message-ID of the mail that came back, from the copy or the headers that the notification quotes."""
    for part in mail.walk():
        if part.get_content_type() == "message/rfc822":
            for copy in _blocks(part):
                return str(copy.get("Message-ID", "")).strip()
        if part.get_content_type() == "text/rfc822-headers":
            quoted = email.message_from_string(str(part.get_payload()))
            return str(quoted.get("Message-ID", "")).strip()
    return ""


def record_bounce(bounce: Bounce) -> Message | None:
    """Write a bounce to the message it belongs to. Safe to repeat. None when we never sent such a message.

    Opens a dead letter; a permanent one that quotes our mail suppresses the address too. A notification that quotes
    nothing is taken for our newest mail to its address, and proves too little to stop writing there.
    Raises AnotherRecipient.
    """
    with transaction():
        message = _found(bounce)
        if message is None or message.state == Message.State.BOUNCED:
            return message
        if bounce.message_id and not _went_to(message, bounce):
            fix = "look at it in the inbox of webhooks; it may be forged, or the mail was forwarded"
            raise AnotherRecipient("this notification speaks of another address than its mail went to", fix=fix)
        message.state, message.problem, message.due_at = Message.State.BOUNCED, bounce.reason, None
        message.save(update_fields=["state", "problem", "due_at"])
        if bounce.permanent and bounce.message_id:
            suppress(message.to, bounce.reason, at=clock.now())
        events.record(
            MessageBounced(
                order_id=message.order_id,
                unit_id=message.unit_id,
                message_id=message.pk,
                kind=message.kind,
                reason=bounce.reason,
                permanent=bounce.permanent,
            )
        )
        open_letter(message, "mail_bounced", bounce.reason)
        return message


def _found(bounce: Bounce) -> Message | None:
    taken = Message.objects.select_for_update().exclude(state__in=[Message.State.QUEUED, Message.State.FAILED])
    if bounce.message_id:
        return taken.filter(message_id=bounce.message_id).first()
    return taken.filter(to__iexact=bounce.address).order_by("-pk").first() if bounce.address else None


def _went_to(message: Message, bounce: Bounce) -> bool:
    return _same(message.to) in {_same(bounce.address), _same(bounce.original)}


def _same(address: str) -> str:
    """An address in the form to compare it in; servers tell its domain in ASCII."""
    try:
        return mime.wire_address(address).lower()
    except BadInput:
        return address.lower()


def intake_token() -> str:
    """The unguessable part of the address our mail server posts returned mails to: /webhooks/mail/<token>."""
    made = hmac.new(settings.SECRET_KEY.encode(), b"simplane.delivery.bounces", hashlib.sha256)
    return made.hexdigest()[:32]


@inbox.handler("mail")
def handle(message: InboxMessage) -> Handled:
    """Work on one returned mail. Raises Flag for what is no notification of a failure, or a doubtful one."""
    try:
        found = record_bounce(parse(bytes(message.body)))
    except (NotABounce, AnotherRecipient) as problem:
        raise Flag(str(problem)) from problem
    return Handled(found.order_id if found else None, ignored="" if found else "none of our mails")

"""Plain, short mails about an account: to people who work with us, not to travellers."""

from __future__ import annotations

from email.utils import make_msgid

from django.conf import settings

from simplane.core import clock
from simplane.core.jobs import Temporary
from simplane.core.log import logger
from simplane.delivery import mime, smtp
from simplane.delivery.values import Deferred, Envelope, Lost, Rejected

log = logger(__name__)


def post(
    to: str, *, subject: str, text: str, name: str = "", language: str = "en", file: mime.File | None = None
) -> None:
    """Hand one mail over, outside any transaction. Raises core.jobs.Temporary when it was surely not taken.

    A mail that was refused for good, or whose fate nobody knows, is only logged: sending it twice is worse.
    """
    sender = settings.SIMPLANE.mail_from
    recipient = mime.wire_address(to)
    bare = mime.address_in(sender)
    head = mime.Head(
        sender=sender,
        to=recipient,
        to_name=name,
        subject=subject,
        message_id=make_msgid(domain=bare.rpartition("@")[2]),
        language=language,
        at=clock.now(),
    )
    data = mime.build(head, text=text, file=file)
    outcome = smtp.post(Envelope(sender=bare, recipient=recipient, data=data, international=not recipient.isascii()))
    if isinstance(outcome, Deferred):
        raise Temporary(outcome.reason)
    if isinstance(outcome, Rejected | Lost):
        log.warning("mail.not_taken", subject=subject, problem=outcome.reason)

"""The words and pictures of a mail: from a message, its link and its language to finished bytes."""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import cache
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from simplane.core.money import Money
from simplane.delivery import links, mime, qr
from simplane.delivery.languages import language
from simplane.delivery.languages.shape import Language, MailKind
from simplane.delivery.models import InstallLink, Message
from simplane.delivery.values import Envelope
from simplane.lines.queries import activation_code

WITH_ESIM = frozenset({"esim_ready", "esim_replaced"})
NOTICES = frozenset({"order_late", "order_refunded", "esim_replaced", "data_added"})
CONTEXT_KEYS = frozenset(
    {
        "customer_name",
        "product_name",
        "order_name",
        "unit_number",
        "unit_count",
        "refund_minor",
        "refund_currency",
        "account_id",
    }
)
_MARKETPLACE = re.compile(r"@(members\.ebay|marketplace\.amazon)\.[a-z.]+$", re.IGNORECASE)
"""Aliases of marketplaces, which let only plain text about the order through."""


def message_id(kind: str, *, order_id: int, unit_id: int | None, version: int) -> str:
    """The Message-ID: stable over repeats, so that many receivers drop a second copy by themselves.

    It can neither be guessed (who knows it may tell us that the mail came back) nor counted.
    """
    domain = settings.SIMPLANE.mail_from.rpartition("@")[2].strip(" >")
    subject = f"{kind}.u{unit_id}.{version}" if unit_id is not None else f"{kind}.o{order_id}.{version}"
    made = hmac.new(settings.SECRET_KEY.encode(), f"simplane.delivery.message {subject}".encode(), hashlib.sha256)
    return f"<{made.hexdigest()[:32]}@{domain}>"


def compose(message: Message, link: InstallLink | None) -> Envelope:
    """Build the mail of a message. `link`: its unit's live link with its line, or its order's, or None.

    Raises BadInput when the address is none.
    """
    spoken = language(message.locale)
    kind: MailKind = getattr(spoken.mail, message.kind)
    facts = _facts(message, spoken)
    install = _install(link, spoken) if message.kind in WITH_ESIM and link is not None else {}
    shown = {
        "lang": spoken.code,
        "t": spoken.mail,
        "i": spoken.install,
        "title": kind.title,
        "hello": spoken.mail.hello.format(name=facts["name"]) if facts["name"] else spoken.mail.hello_nobody,
        "opening": [one.format(**facts) for one in kind.opening],
        "several": facts["several"],
        "help": spoken.mail.help.format(**facts),
        "order_url": links.address_of_order(link.token) if link is not None and not install else "",
        **install,
    }
    recipient = mime.wire_address(message.to)
    plain = bool(_MARKETPLACE.search(recipient))
    head = mime.Head(
        sender=settings.SIMPLANE.mail_from,
        to=recipient,
        to_name=str(facts["name"]),
        subject=kind.subject.format(**facts),
        message_id=message.message_id,
        language=spoken.code,
        at=message.created_at,
    )
    data = mime.build(
        head,
        text=render_to_string("delivery/mail.txt", shown),
        html="" if plain else render_to_string("delivery/mail.html", shown),
        picture=mime.Picture(png=install["png"], file_name=spoken.mail.file_name) if install and not plain else None,
    )
    sender = mime.address_in(settings.SIMPLANE.mail_from)
    return Envelope(sender=sender, recipient=recipient, data=data, international=not recipient.isascii())


def _facts(message: Message, spoken: Language) -> dict[str, Any]:
    context = message.context
    count = int(context.get("unit_count", 1))
    several = spoken.install.of_several.format(number=context.get("unit_number", 1), count=count) if count > 1 else ""
    refund = Money(int(context.get("refund_minor", 0)), str(context.get("refund_currency", "")))
    return {
        "name": mime.one_line(mime.greeted(str(context.get("customer_name", ""))))[:100],
        "product": str(context.get("product_name", "")),
        "order": str(context.get("order_name", "")),
        "amount": refund.shown(spoken.formats) if refund.currency else "",
        "several": several,
    }


def _install(link: InstallLink, spoken: Language) -> dict[str, Any]:
    assert link.line is not None
    code = activation_code(link.line)
    return {
        "code": code,
        "confirmation": link.line.confirmation_code or "",
        "png": qr.png(code),
        "page_url": links.address_of_unit(link.token),
        "apn": spoken.install.apn.format(apn=link.line.apn) if link.line.apn else "",
        "steps_html": _steps(spoken.code, "html"),
        "steps_text": _steps(spoken.code, "txt"),
    }


@cache
def _steps(code: str, kind: str) -> str:
    """The steps for all phones: the longest part of a mail, and the same for everybody who speaks the language."""
    install = language(code).install
    return render_to_string(f"delivery/steps.{kind}", {"guides": (install.iphone, install.samsung, install.android)})

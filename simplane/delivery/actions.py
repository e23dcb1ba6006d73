"""Verbs of delivery: write a message, send it, send it again.

A message is a row before it is a mail. `queue_*` are part of the caller's write; `send` runs outside any transaction,
in three steps that a caller on an event loop may put on different threads (`send_async`): `prepare` claims the row and
builds the mail, `smtp.post` hands it over, `settle` writes what came of it.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Max

from simplane.core import audit, clock, deadletters, events, jobs, rows
from simplane.core.db import in_thread, needs_transaction, refuse_inside_transaction, transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.money import Money
from simplane.delivery import links, mail, mime, smtp
from simplane.delivery.events import MessageSentLater
from simplane.delivery.models import Message, Suppression
from simplane.delivery.sending import Parcel, open_letter, prepare, settle
from simplane.delivery.values import Outcome, SendResult
from simplane.lines.models import Line

FIRST_LOOK = timedelta(seconds=60)
"""The writer of a message sends it at once; the sweep takes it over when that did not happen."""
_MAIL_THREADS = 8


@needs_transaction
def queue_esim_ready(
    *,
    unit_id: int,
    order_id: int,
    line: Line,
    to: str,
    customer_name: str,
    product_name: str,
    order_name: str,
    unit_number: int,
    unit_count: int,
    locale: str,
    price: Money | None = None,
    account_id: int | None = None,
    version: int = 1,
) -> Message:
    """Write the mail that brings one eSIM, with the links of its unit and order. Once a unit and version.

    The same message again returns the first row unchanged. Without an address the message fails at once and a dead
    letter asks for one. `price`: what the buyer paid for the unit, at risk while the mail does not arrive.
    `account_id`: the organization whose mails are limited (`delivery.limits`), None: they are not.
    """
    links.unit_token(unit_id=unit_id, order_id=order_id, line=line, locale=locale)
    links.order_token(order_id=order_id, locale=locale)
    context = esim_context(
        customer_name=customer_name,
        product_name=product_name,
        order_name=order_name,
        unit_number=unit_number,
        unit_count=unit_count,
        price=price,
        account_id=account_id,
    )
    return _write("esim_ready", order_id, unit_id, to=to, locale=locale, context=context, version=version)


def esim_context(
    *,
    customer_name: str,
    product_name: str,
    order_name: str,
    unit_number: int,
    unit_count: int,
    price: Money | None,
    account_id: int | None = None,
) -> dict[str, Any]:
    """What the mail that brings an eSIM shows, beside the eSIM."""
    return {
        "customer_name": customer_name,
        "product_name": product_name,
        "order_name": order_name,
        "unit_number": unit_number,
        "unit_count": unit_count,
        **({"price_minor": price.minor, "price_currency": price.currency} if price else {}),
        **({"account_id": account_id} if account_id is not None else {}),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """One eSIM to be mailed for the first time, to an address that is `mime.usable`."""

    unit_id: int
    order_id: int
    line_id: int
    to: str
    locale: str
    context: dict[str, Any]


@needs_transaction
def queue_first_esim_ready(ready: Sequence[Ready]) -> None:
    """As `queue_esim_ready`, for several units."""
    links.make_live([(one.order_id, one.unit_id, one.line_id, one.locale) for one in ready])
    now = clock.now()
    wanted = [_new_message("esim_ready", one, now) for one in ready]
    rows.insert_many(wanted, key="unit_id", conflict="ON CONFLICT DO NOTHING")


def _new_message(kind: str, one: Ready, now: datetime) -> Message:
    return Message(
        kind=kind,
        unit_id=one.unit_id,
        order_id=one.order_id,
        version=1,
        to=one.to.strip()[:320],
        locale=one.locale[:10],
        context=one.context,
        message_id=mail.message_id(kind, order_id=one.order_id, unit_id=one.unit_id, version=1),
        created_at=now,
        due_at=now + FIRST_LOOK,
    )


@needs_transaction
def queue_notice(
    kind: str,
    *,
    order_id: int,
    unit_id: int | None = None,
    to: str,
    locale: str,
    context: Mapping[str, str | int],
    version: int = 1,
) -> Message | None:
    """Write a mail about an order (`order_late`, `order_refunded`) or a unit (`esim_replaced`, `data_added`). None: no address.

    `context` holds any of `mail.CONTEXT_KEYS`, plain values; `esim_replaced` shows the line of the unit's live link.
    """
    if kind not in mail.NOTICES:
        raise BadInput(f"{kind!r} is no kind of notice", fix=f"one of {', '.join(sorted(mail.NOTICES))}")
    unknown = set(context) - mail.CONTEXT_KEYS
    if unknown:
        raise BadInput(f"no mail shows {', '.join(sorted(unknown))}", fix="see delivery.mail.CONTEXT_KEYS")
    if not mime.usable(to):
        return None
    links.order_token(order_id=order_id, locale=locale)
    return _write(kind, order_id, unit_id, to=to, locale=locale, context=dict(context), version=version)


def _write(
    kind: str, order_id: int, unit_id: int | None, *, to: str, locale: str, context: dict[str, Any], version: int
) -> Message:
    now = clock.now()
    usable = mime.usable(to)
    message = Message(
        kind=kind,
        unit_id=unit_id,
        order_id=order_id,
        version=version,
        to=to.strip()[:320] if usable else "",
        locale=locale[:10],
        context=context,
        message_id=mail.message_id(kind, order_id=order_id, unit_id=unit_id, version=version),
        created_at=now,
        state=Message.State.QUEUED if usable else Message.State.FAILED,
        due_at=now + FIRST_LOOK if usable else None,
        problem="" if usable else "no usable e-mail address",
    )
    if not _insert_once(message):
        return Message.objects.get(kind=kind, order_id=order_id, unit_id=unit_id, version=version)
    if version > 1:
        _supersede(message)
    if not usable:
        open_letter(message, "address_missing", "has no address to go to")
    return message


def _insert_once(message: Message) -> bool:
    """Insert unless it is there already; one statement, and its key set. False: it was there."""
    fields = [field for field in Message._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    values = [field.get_db_prep_save(getattr(message, field.attname), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO delivery_message ({columns}) VALUES ({', '.join(['%s'] * len(fields))})"  # noqa: S608
            " ON CONFLICT DO NOTHING RETURNING id",
            values,
        )
        row = cursor.fetchone()
    message.pk = row[0] if row else None
    return row is not None


def _supersede(message: Message) -> None:
    """A person sends it again: trouble with earlier versions is settled, and the address gets another chance."""
    Suppression.objects.filter(address=message.to.lower()).delete()
    earlier = Message.objects.filter(kind=message.kind, order_id=message.order_id, unit_id=message.unit_id)
    for pk in earlier.filter(version__lt=message.version).values_list("pk", flat=True):
        deadletters.close_letter("message", pk, resolution="sent again")


def send(message_id: int) -> SendResult:
    """Send one message now, on this thread. Safe to repeat: a sent one is not sent again. Raises NotFound."""
    refuse_inside_transaction("sending mail")
    ready = prepare(message_id)
    return settle(ready, smtp.post(ready.envelope)) if isinstance(ready, Parcel) else ready


async def send_async(message_id: int, *, due: bool = False) -> SendResult:
    """As `send`, for an event loop: a slow mail server then holds a mail thread, never one of the database's.

    `due`: the sweep found its time come (and moved it on, so the row no longer says so).
    """
    ready = await in_thread(prepare, message_id, due=due)
    if not isinstance(ready, Parcel):
        return ready
    return await in_thread(settle, ready, await post_async(ready))


async def post_async(parcel: Parcel) -> Outcome:
    """Hand a prepared message over, on one of the mail threads. The caller settles what came of it."""
    context = contextvars.copy_context()
    running = asyncio.get_running_loop()
    return await running.run_in_executor(_mail_threads(), lambda: context.run(smtp.post, parcel.envelope))


@lru_cache(maxsize=1)
def _mail_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MAIL_THREADS, thread_name_prefix="mail")


def send_again(message_id: int, *, to: str = "") -> Message:
    """A person has a message sent once more, to another address when given. A new version of it; the old row stays.

    An address that had been suppressed is tried again: this is the person who lifts it. Raises NotFound, or BadInput
    for an address that is none.
    """
    with transaction():
        old = Message.objects.select_for_update().filter(pk=message_id).first()
        if old is None:
            raise NotFound("there is no such message")
        address = (to or old.to).strip()
        if not mime.usable(address):
            raise BadInput("this message has no usable e-mail address", fix="give one, such as name@example.com")
        made = _write(
            old.kind,
            old.order_id,
            old.unit_id,
            to=address,
            locale=old.locale,
            context=old.context,
            version=1 + _newest_version(old),
        )
        jobs.enqueue("delivery.send", message_id=made.pk)
        audit.note("message.sent_again", "message", old.pk, after={"message": made.pk, "other_address": bool(to)})
        return made


def _newest_version(message: Message) -> int:
    same = Message.objects.filter(kind=message.kind, order_id=message.order_id, unit_id=message.unit_id)
    return int(same.aggregate(newest=Max("version"))["newest"] or 0)


@needs_transaction
def redact_messages(order_ids: list[int]) -> int:
    """Part of erasing a customer: addresses and names leave the messages of these orders; nothing is sent any more."""
    count = 0
    for message in Message.objects.select_for_update().filter(order_id__in=order_ids):
        Suppression.objects.filter(address=message.to.lower()).delete()
        message.context = {**message.context, "customer_name": ""}
        if message.due_at is not None:
            message.state, message.problem = Message.State.FAILED, "the customer was erased before it was sent"
        message.to, message.due_at = "", None
        message.save(update_fields=["state", "problem", "context", "to", "due_at"])
        count += 1
    return count


def tell_sent_later(message_id: int) -> None:
    """News for whoever waits for this mail: it was not sent by the one who wrote it, but by a retry or a person."""
    message = Message.objects.get(pk=message_id)
    with transaction():
        events.record(MessageSentLater(order_id=message.order_id, unit_id=message.unit_id, message_id=message.pk))

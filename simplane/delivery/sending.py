"""The two database ends of sending one message: claim and build before, write the outcome after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, TypedDict

from django.db import connection

from simplane.core import clock, deadletters, events, rows, work
from simplane.core.db import needs_transaction, refuse_inside_transaction, transaction
from simplane.core.errors import NotFound, Refusal
from simplane.core.log import logger
from simplane.core.money import Money
from simplane.delivery import limits, mail
from simplane.delivery.decide import Try, Verdict, verdict
from simplane.delivery.events import MessageFailed, MessageSent, MessageUnknown
from simplane.delivery.models import InstallLink, Message, Suppression
from simplane.delivery.values import Envelope, Lost, Outcome, Rejected, SendResult
from simplane.lines.models import Line

log = logger(__name__)
State = Message.State
_LEASE_SECONDS = 180
"""Longer than connecting, every answer and the last one may take together."""
_WITHDRAWN = "withdrawn"
"""Cause of a message that nobody is owed any more: news, but no dead letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A message that this process holds, built and ready to hand over."""

    message: Message
    envelope: Envelope
    repeat: bool


def prepare(message_id: int, *, due: bool = False) -> Parcel | SendResult:
    """Claim a message and build its mail; or what there is to say when nothing is to be sent now. Raises NotFound."""
    refuse_inside_transaction("claiming a message")
    seen = _seen(message_id)
    if seen is None:
        raise NotFound("there is no such message")
    early = _nothing_to_do(seen, due=due)
    if early is not None:
        return early
    message = work.claim(Message, message_id, seconds=_LEASE_SECONDS, durable=True)
    if message is None:
        return SendResult(name="retry", at=clock.now() + timedelta(seconds=_LEASE_SECONDS), reason="held by another")
    # A lease that nobody gave back: its holder died, perhaps after the data. That is a lost answer like any other.
    if seen.lease_until is not None:
        lost = _holder_died(message)
        if lost is not None:
            return lost
    return _build(message, *_found(message))


class _Seen(NamedTuple):
    """The row just before the claim, which overwrites what tells a dead holder and a retry's time."""

    state: str
    due_at: datetime | None
    lease_until: datetime | None
    attempts: int
    problem: str
    sent_at: datetime | None


def _seen(message_id: int) -> _Seen | None:
    with connection.cursor() as cursor:
        cursor.execute(SEEN, [message_id])
        row = cursor.fetchone()
    return _Seen(*row) if row else None


SEEN = f"SELECT {', '.join(_Seen._fields)} FROM delivery_message WHERE id = %s"  # noqa: S608


def _nothing_to_do(seen: _Seen, *, due: bool) -> SendResult | None:
    now = clock.now()
    if seen.due_at is None:
        return _settled(seen)
    if seen.lease_until is not None and seen.lease_until > now:
        return SendResult(name="retry", at=seen.lease_until, reason="being sent")
    if seen.attempts and seen.due_at > now and not due:
        waits_as_unknown = seen.state == State.UNKNOWN
        return SendResult(name="unknown" if waits_as_unknown else "retry", at=seen.due_at, reason=seen.problem)
    return None


def _settled(seen: _Seen) -> SendResult:
    if seen.state in (State.SENT, State.BOUNCED):
        return SendResult(name="sent", at=seen.sent_at)
    if seen.state == State.UNKNOWN:
        return SendResult(name="unknown", reason=seen.problem)
    return SendResult(name="failed", reason=seen.problem)


def _holder_died(message: Message) -> SendResult | None:
    """The first time: the message is unknown from now on and this try is its one repeat. The second time: a person."""
    if message.state == State.UNKNOWN:
        return settle(Parcel(message=message, envelope=_NO_MAIL, repeat=True), Lost("the sending process died twice"))
    Message.objects.filter(pk=message.pk).update(state=State.UNKNOWN)
    message.state = State.UNKNOWN
    return None


_NO_MAIL = Envelope(sender="", recipient="", data=b"")


@needs_transaction
def take_first(units: Mapping[int, int]) -> dict[int, tuple[Message, InstallLink]]:
    """Claim the mails of these units (with their orders) that nobody tried to send yet and nothing stands against.

    By unit, with their links. A message is found by its order, for which there is an index.
    """
    with connection.cursor() as cursor:
        cursor.execute(_first(), [list(units.values()), list(units)])
        found = cursor.fetchall()
    taken, until = {}, clock.now() + timedelta(seconds=_LEASE_SECONDS)
    for row in found:
        message = rows.built(Message, row[: rows.width(Message)])
        link = rows.built(InstallLink, row[rows.width(Message) : -rows.width(Line)])
        link.line = rows.built(Line, row[-rows.width(Line) :])
        message.lease_until = message.due_at = until
        taken[message.unit_id or 0] = message, link
    rows.change_many(Message, [{"id": one.pk, "lease_until": until, "due_at": until} for one, _ in taken.values()])
    return taken


@cache
def _first() -> str:
    """Each row looked up by index, whatever the planner believes of a young table."""
    return (
        f"SELECT {rows.columns(Message, 'm')}, {rows.columns(InstallLink, 'k')}, {rows.columns(Line, 'l')}"  # noqa: S608
        " FROM delivery_message m"
        " JOIN LATERAL (SELECT * FROM delivery_installlink WHERE unit_id = m.unit_id AND revoked_at IS NULL LIMIT 1) k"
        " ON true JOIN LATERAL (SELECT * FROM lines_line WHERE id = k.line_id LIMIT 1) l ON true"
        " WHERE m.order_id = ANY(%s) AND m.unit_id = ANY(%s) AND m.kind = 'esim_ready' AND m.version = 1"
        " AND m.state = 'queued' AND m.attempts = 0 AND m.due_at IS NOT NULL AND m.lease_until IS NULL"
        " AND (SELECT count(*) FROM delivery_suppression s WHERE s.address = lower(m.to)) = 0"
        " AND (SELECT count(*) FROM delivery_message n WHERE n.order_id = m.order_id AND n.unit_id = m.unit_id"
        " AND n.kind = m.kind AND n.version > 1) = 0 ORDER BY m.id FOR UPDATE OF m SKIP LOCKED"
    )


def build_taken(message: Message, link: InstallLink) -> Parcel | SendResult:
    """The mail of a message that `take_first` claimed."""
    return _build(message, None, link)


def _build(message: Message, suppressed: str | None, link: InstallLink | None) -> Parcel | SendResult:
    try:
        return _composed(message, suppressed, link)
    except Exception:
        # Nothing was handed over, so the lease must not read as a lost answer.
        work.release(message, due_at=clock.now() + timedelta(minutes=1))
        raise


def _composed(message: Message, suppressed: str | None, link: InstallLink | None) -> Parcel | SendResult:
    if suppressed is not None:
        return _refuse(message, "mail_refused", SendResult(name="suppressed", reason=suppressed))
    if message.kind in mail.WITH_ESIM and (link is None or link.line is None):
        return _refuse(message, _WITHDRAWN, SendResult(name="failed", reason="its install link was withdrawn"))
    try:
        envelope = mail.compose(message, link)
    except Refusal as refusal:
        return _refuse(message, "mail_refused", SendResult(name="failed", reason=str(refusal)))
    waits = limits.put_off(message)
    if waits is not None:
        return waits
    return Parcel(message=message, envelope=envelope, repeat=message.state == State.UNKNOWN)


def _found(message: Message) -> tuple[str | None, InstallLink | None]:
    """Why its address is not written to (None: it is), and the live link it shows with its line."""
    of_unit = message.kind in mail.WITH_ESIM
    live = "k.unit_id = %s" if of_unit else "k.order_id = %s AND k.unit_id IS NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.reason, {rows.columns(InstallLink, 'k')}, {rows.columns(Line, 'l')} FROM (SELECT 1) AS one"  # noqa: S608
            " LEFT JOIN delivery_suppression s ON s.address = %s"
            f" LEFT JOIN delivery_installlink k ON {live} AND k.revoked_at IS NULL"
            " LEFT JOIN lines_line l ON l.id = k.line_id LIMIT 1",
            [message.to.lower(), message.unit_id if of_unit else message.order_id],
        )
        row = cursor.fetchone()
    assert row is not None
    split = 1 + rows.width(InstallLink)
    if row[1] is None:
        return row[0], None
    link = rows.built(InstallLink, row[1:split])
    link.line = rows.built(Line, row[split:]) if row[split] is not None else None
    return row[0], link


def _refuse(message: Message, cause: str, result: SendResult) -> SendResult:
    """Settle a message that was never handed over."""
    _store(message, Verdict(state=State.FAILED, result=result, cause=cause), repeat=False)
    return result


def settle(parcel: Parcel, outcome: Outcome) -> SendResult:
    """Write what came of handing a message over, in one commit: its row, the news, the dead letter, the suppression."""
    message = parcel.message
    one = Try(attempts=message.attempts, repeat=parcel.repeat, created_at=message.created_at, now=clock.now())
    judged = verdict(outcome, one)
    if not isinstance(outcome, Rejected) and judged.result.name != "sent":
        log.warning("mail.not_sent", message_id=message.pk, order_id=message.order_id, outcome=judged.result.name)
    _store(message, judged, repeat=parcel.repeat)
    return judged.result


@needs_transaction
def settle_sent(sent: Sequence[tuple[str, Message]]) -> None:
    """As `settle`, for messages taken at their first try; each with the id of its request."""
    now = clock.now()
    done = {"state": State.SENT, "due_at": None, "lease_until": None, "problem": "", "sent_at": now}
    rows.change_many(Message, [{"id": one.pk, "attempts": one.attempts + 1, **done} for _, one in sent])
    events.record_each([(rid, MessageSent(**_about(one), repeat=False)) for rid, one in sent])


def _store(message: Message, judged: Verdict, *, repeat: bool) -> None:
    result = judged.result
    # Only the holder writes, except that a certain `sent` also wins over a holder that came after a lease ran out.
    where = "id = %s"
    params: list[Any] = [message.pk]
    if result.name != "sent":
        where += " AND lease_until = %s"
        params.append(message.lease_until)
    with transaction():
        changed = rows.change(
            Message,
            where,
            params,
            state=judged.state,
            due_at=result.at if result.name in ("retry", "unknown") else None,
            lease_until=None,
            attempts=message.attempts + 1,
            problem=result.reason[:500],
            **({"sent_at": result.at} if result.name == "sent" else {}),
        )
        if not changed:
            log.warning("mail.outcome_late", message_id=message.pk, outcome=result.name)
            return
        _tell(message, judged, repeat=repeat)
        if judged.dead_address:
            suppress(message.to, result.reason, at=clock.now())
        if judged.cause and judged.cause != _WITHDRAWN:
            open_letter(message, judged.cause, result.reason)
        elif result.name == "sent" and message.attempts:
            deadletters.close_letter("message", message.pk, resolution="sent")


def _tell(message: Message, judged: Verdict, *, repeat: bool) -> None:
    result = judged.result
    about = _about(message)
    if result.name == "sent":
        events.record(MessageSent(**about, repeat=repeat))
    elif result.name == "unknown":
        events.record(MessageUnknown(**about, reason=result.reason, final=result.at is None))
    elif result.name != "retry":
        events.record(MessageFailed(**about, cause=judged.cause, reason=result.reason))


def _about(message: Message) -> _About:
    return _About(order_id=message.order_id, unit_id=message.unit_id, message_id=message.pk, kind=message.kind)


class _About(TypedDict):
    """What all news of a message names."""

    order_id: int
    unit_id: int | None
    message_id: int
    kind: str


def suppress(address: str, reason: str, *, at: datetime) -> None:
    """Part of a write: no more mail to this address until a person lifts it."""
    Suppression.objects.get_or_create(address=address.lower(), defaults={"reason": reason[:300], "since": at})


def open_letter(message: Message, cause: str, reason: str) -> None:
    """Part of a write: a person must look at this message. At risk: what was paid for the eSIM that it brings."""
    context = message.context
    price = Money(int(context["price_minor"]), str(context["price_currency"])) if "price_minor" in context else None
    deadletters.open_letter(
        "message",
        message.pk,
        cause=cause,
        order_id=message.order_id,
        summary=f"{message.kind} of order {context.get('order_name', message.order_id)}: {reason}"[:500],
        money=price,
        detail={"kind": message.kind, "version": message.version},
    )

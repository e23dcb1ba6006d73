"""The inbox of webhooks: store the bytes, answer, then work. One row a delivery; a repeat is counted, not stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from django.db import connection

from simplane.core import clock, context, deadletters, jobs, rows, work
from simplane.core.db import transaction
from simplane.core.log import logger
from simplane.core.models import InboxMessage
from simplane.core.together import ALONE, Alone, Asked, Together

log = logger(__name__)
MOST_ATTEMPTS = 12


class Flag(Exception):
    """Raised by a handler: no retry will mend this message; a person looks at it."""


class NotYet(Exception):
    """Raised by a handler: something this message needs is not here yet; try again later."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of a message: the order it concerned, and `ignored` with the reason when there was nothing to do."""

    order_id: int | None = None
    ignored: str = ""


Handler = Callable[[InboxMessage], Handled]
_handlers: dict[str, Handler] = {}


def handler(channel: str) -> Callable[[Handler], Handler]:
    """Register the function that works on messages of `channel`. It must be safe to repeat; it may raise Flag or NotYet."""

    def register(function: Handler) -> Handler:
        _handlers[channel] = function
        return function

    return register


PlainHandler = Callable[[Sequence[InboxMessage], Mapping[int, str]], Mapping[int, Handled]]
_plain_handlers: dict[str, PlainHandler] = {}


def plain_handler(channel: str) -> Callable[[PlainHandler], PlainHandler]:
    """Register a function for many messages of one account of `channel` at once, by their request ids.

    It is part of one transaction, works on those whose case is plain and leaves out all others: these go to the
    ordinary handler, one by one, as all do when it raises.
    """

    def register(function: PlainHandler) -> PlainHandler:
        _plain_handlers[channel] = function
        return function

    return register


STORE_SQL = """
WITH stored AS (
  INSERT INTO core_inboxmessage (channel, account, delivery_id, topic, headers, body, trusted, received_at, state,
    problem, duplicates, due_at, attempts)
  SELECT m.channel, m.account, m.delivery_id, m.topic, m.headers::jsonb, m.body, m.trusted, %(now)b, 'received', '', 0,
    %(due)b, 0
  FROM unnest(%(channel)b::text[], %(account)b::text[], %(delivery_id)b::text[], %(topic)b::text[],
    %(headers)b::text[], %(body)b::bytea[], %(trusted)b::bool[])
    AS m(channel, account, delivery_id, topic, headers, body, trusted)
  ON CONFLICT (channel, account, delivery_id) DO UPDATE SET duplicates = core_inboxmessage.duplicates + 1
  RETURNING id, (xmax = 0) AS fresh
), queued AS (
  INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, scheduled_at)
  SELECT 'intake', 'core.handle_message', 0, jsonb_build_object('message_id', id, '_rid', 'inbox-' || id), now()
  FROM stored WHERE fresh
)
SELECT id, fresh FROM stored
"""
"""Stores a batch of deliveries and the jobs that work on them in one statement; used by the web process' fast lane.

A delivery id that stands twice in one batch must be sent in two batches (ON CONFLICT touches a row once a statement).
Parameters are binary: a body of 8 kB as text costs more than all the rest of taking it in.
"""


@jobs.job("core.handle_message", queue="intake", hint=True)
async def handle_together(message_id: int) -> None:
    """Work on one message, together with others of the moment."""
    plainly = await _handled(message_id)
    if plainly is not None:
        _tell(*plainly)


Plainly = tuple[InboxMessage, Handled]


def _handle_many(asked: Sequence[Asked[int, Plainly | None]]) -> list[Plainly | Alone]:
    """The plain ones, in one commit; it need not wait for the disk: what a power cut undoes is handled again."""
    rids = {one.ask: one.rid for one in asked}
    now = clock.now()
    done: dict[int, Handled] = {}
    found: dict[int, InboxMessage] = {}
    with transaction():
        by_account: dict[tuple[str, str], list[InboxMessage]] = {}
        for message in rows.load(InboxMessage, FREE, [list(rids), now]):
            by_account.setdefault((message.channel, message.account), []).append(message)
            found[message.pk] = message
        for (channel, account), messages in by_account.items():
            if channel in _plain_handlers:
                with context.acting(f"webhook:{channel}/{account}"):
                    done |= _plain_handlers[channel](messages, rids)
        _settle_many(done)
    return [(found[one.ask], done[one.ask]) if one.ask in done else ALONE for one in asked]


FREE = """
WHERE t.id = ANY(%s) AND t.due_at IS NOT NULL AND (t.lease_until IS NULL OR t.lease_until <= %s)
ORDER BY t.id FOR UPDATE SKIP LOCKED
"""


def handle_message(message_id: int) -> None:
    """Work on one message. A failure keeps the message due: it is tried again with growing pauses, then dead-lettered."""
    message = work.claim(InboxMessage, message_id, seconds=120)
    if message is None:
        return
    with context.acting(f"webhook:{message.channel}/{message.account}"):
        try:
            done = _handlers[message.channel](message)
        except Flag as problem:
            _finish(message, InboxMessage.State.FLAGGED, problem=str(problem))
        except Exception as error:
            _failed(message, error)
        else:
            state = InboxMessage.State.IGNORED if done.ignored else InboxMessage.State.DONE
            _finish(message, state, problem=done.ignored, order_id=done.order_id)
            _tell(message, done)


def _tell(message: InboxMessage, done: Handled) -> None:
    """The order it concerned stands in this line and in those that follow."""
    state = InboxMessage.State.IGNORED if done.ignored else InboxMessage.State.DONE
    if done.order_id is not None:
        structlog.contextvars.bind_contextvars(order_id=done.order_id)
    log.info("inbox.handled", channel=message.channel, topic=message.topic, state=str(state), why=done.ignored)


def _finish(message: InboxMessage, state: str, *, problem: str = "", order_id: int | None = None) -> None:
    if state != InboxMessage.State.FLAGGED:
        _settle(message, state, problem, order_id)
        return
    with transaction():
        _update(message, state=state, problem=problem, order_id=order_id, handled_at=clock.now(), due_at=None)
        _letter(message, "message_not_understood", problem)


def _settle(message: InboxMessage, state: str, problem: str, order_id: int | None) -> None:
    """One statement, so one transaction: the message is done and whatever letter it had is closed."""
    _settled([{"id": message.pk, "state": state, "problem": problem, "order_id": order_id}])


def _settle_many(done: Mapping[int, Handled]) -> None:
    given = []
    for pk, one in done.items():
        state = InboxMessage.State.IGNORED if one.ignored else InboxMessage.State.DONE
        given.append({"id": pk, "state": state, "problem": one.ignored, "order_id": one.order_id})
    if given:
        _settled(given)


def _settled(given: Sequence[Mapping[str, Any]]) -> None:
    found: dict[str, Any] = {"given": msgspec.json.encode(given).decode(), "now": clock.now(), "actor": context.actor()}
    with connection.cursor() as cursor:
        cursor.execute(SETTLE_SQL, found)


SETTLE_SQL = """
WITH one AS (
  SELECT * FROM json_to_recordset(%(given)s::json) AS one (id bigint, state text, problem text, order_id bigint)
), closed AS (
  UPDATE core_deadletter SET resolved_at = %(now)s, resolved_by = %(actor)s, resolution = 'message ' || one.state
  FROM one WHERE kind = 'inbox' AND subject_id = one.id::text AND resolved_at IS NULL
)
UPDATE core_inboxmessage AS t SET state = one.state, problem = one.problem, order_id = coalesce(one.order_id, t.order_id),
  handled_at = %(now)s, due_at = NULL, lease_until = NULL
FROM one WHERE t.id = one.id RETURNING set_config('synchronous_commit', 'off', true)
"""
"""It does not wait for the disk: a message that a power cut makes unhandled again is handled again, which is safe."""


def _failed(message: InboxMessage, error: Exception) -> None:
    attempts = message.attempts + 1
    if not isinstance(error, NotYet):
        log.exception("inbox.failed", message_id=message.pk, attempt=attempts)
    wait = timedelta(seconds=min(300, 2**attempts))
    problem = f"{type(error).__name__}: {error}"[:2000]
    with transaction():
        last = attempts >= MOST_ATTEMPTS
        due: datetime | None = None if last else clock.now() + wait
        _update(message, state=InboxMessage.State.FAILED, problem=problem, attempts=attempts, due_at=due)
        if last:
            _letter(message, "message_keeps_failing", problem)


def _update(message: InboxMessage, **fields: Any) -> None:
    fields["lease_until"] = None
    if fields.get("order_id", 0) is None:
        fields.pop("order_id")
    InboxMessage.objects.filter(pk=message.pk).update(**fields)


def _letter(message: InboxMessage, cause: str, problem: str) -> None:
    deadletters.open_letter(
        "inbox",
        message.pk,
        cause=cause,
        order_id=message.order_id,
        summary=f"{message.channel}/{message.account} {message.topic}: {problem}"[:500],
    )


def replay(message_id: int) -> None:
    """Work on a stored message once more, whatever came of it before. Safe: every handler is repeatable."""
    with transaction():
        InboxMessage.objects.filter(pk=message_id).update(due_at=clock.now(), lease_until=None, attempts=0)
        jobs.enqueue("core.handle_message", message_id=message_id)


_handled: Together[int, Plainly | None] = Together("core.handle_message", _handle_many, handle_message)

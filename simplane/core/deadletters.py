"""One queue for everything that can not go on by itself: a cause, the money at risk, the next safe action, replay."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import F

from simplane.core import audit, clock, context
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound, Refusal
from simplane.core.models import DeadLetter
from simplane.core.money import Money


class ActionRefused(Refusal):
    """This action does not fit this dead letter."""

    code = "action_refused"
    status = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeAction:
    """Something an operator may do about a dead letter. `run` gets the letter, does its own transaction, may raise Refusal.

    `explain` says in one sentence what will happen, before it happens (the preview).
    """

    name: str
    label: str
    explain: str
    run: Callable[[DeadLetter], None] | None = None
    because: Callable[[DeadLetter, str], None] | None = None
    """Instead of `run`, for what a person must give a reason for."""
    resolves: bool = True
    """True: the letter is closed when `run` returns; False: the subject closes it itself when it moves on."""
    bulk: bool = True

    def do(self, letter: DeadLetter, reason: str) -> None:
        """Do it. Raises ActionRefused without a reason where one is needed."""
        if self.because is not None:
            if not reason.strip():
                raise ActionRefused("a reason is missing", fix="say why; it stands in the audit trail")
            self.because(letter, reason.strip()[:200])
        elif self.run is not None:
            self.run(letter)


@dataclass(frozen=True, slots=True)
class Cause:
    """What went wrong, in words for the operator, and the actions that are safe for it (the first is proposed)."""

    code: str
    title: str
    meaning: str
    actions: tuple[str, ...] = field(default=())


_actions: dict[str, SafeAction] = {}
_causes: dict[str, Cause] = {}


def register_action(action: SafeAction) -> None:
    """Make an action known (in a package's AppConfig.ready, through `config/wiring.py`)."""
    _actions[action.name] = action


def register_cause(cause: Cause) -> None:
    """Make a cause known."""
    _causes[cause.code] = cause


def cause(code: str) -> Cause:
    """The cause by code; an unknown code explains itself and offers nothing."""
    return _causes.get(code) or Cause(code, code.replace("_", " "), "No explanation is written for this cause yet.")


def actions_for(letter: DeadLetter) -> list[SafeAction]:
    """The safe actions of a letter, the proposed one first."""
    names = dict.fromkeys([letter.action, *cause(letter.cause).actions])
    return [_actions[name] for name in names if name in _actions]


@needs_transaction
def open_letter(
    kind: str,
    subject_id: object,
    *,
    cause: str,
    summary: str,
    action: str = "",
    order_id: int | None = None,
    money: Money | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Put a subject into the queue; if it is there already its cause is renewed and counted, never doubled.

    `money`: what is at risk; None leaves what an open letter of the subject says already, like `order_id`.
    """
    proposed = action or (_causes[cause].actions[0] if cause in _causes and _causes[cause].actions else "")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_deadletter (kind, subject_id, cause, action, summary, detail, order_id, money_minor,"
            " money_currency, opened_at, seen_again, replays, resolved_by, resolution)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, '', '')"
            " ON CONFLICT (kind, subject_id) WHERE resolved_at IS NULL DO UPDATE SET cause = EXCLUDED.cause,"
            " action = EXCLUDED.action, summary = EXCLUDED.summary, detail = EXCLUDED.detail,"
            " order_id = coalesce(EXCLUDED.order_id, core_deadletter.order_id),"
            " money_minor = CASE WHEN EXCLUDED.money_currency = '' THEN core_deadletter.money_minor"
            " ELSE EXCLUDED.money_minor END,"
            " money_currency = coalesce(nullif(EXCLUDED.money_currency, ''), core_deadletter.money_currency),"
            " seen_again = core_deadletter.seen_again + 1",
            [
                kind,
                str(subject_id),
                cause,
                proposed,
                summary,
                json.dumps(detail or {}),
                order_id,
                money.minor if money else 0,
                money.currency if money else "",
                clock.now(),
            ],
        )


@needs_transaction
def close_letter(kind: str, subject_id: object, *, resolution: str) -> None:
    """The subject moved on: close its open letter, if any."""
    close_letters(kind, [subject_id], resolution=resolution)


@needs_transaction
def close_letters(kind: str, subject_ids: Sequence[object], *, resolution: str) -> None:
    """As `close_letter`, for several subjects."""
    with connection.cursor() as cursor:
        subjects = [str(one) for one in subject_ids]
        cursor.execute(CLOSE, [clock.now(), context.actor(), resolution[:120], kind, subjects])


CLOSE = """
UPDATE core_deadletter SET resolved_at = %s, resolved_by = %s, resolution = %s
WHERE kind = %s AND subject_id = ANY(%s) AND resolved_at IS NULL
"""


def perform(letter_id: int, action_name: str, *, reason: str = "") -> None:
    """Do one safe action on one open letter, for a reason where it needs one.

    Raises NotFound, ActionRefused or the action's own Refusal; then nothing changed.
    """
    letter = DeadLetter.objects.filter(pk=letter_id).first()
    if letter is None:
        raise NotFound("there is no such dead letter")
    if letter.resolved_at is not None:
        raise ActionRefused("this letter is closed already", fix="look at its order for what happened since")
    action = next((one for one in actions_for(letter) if one.name == action_name), None)
    if action is None:
        raise ActionRefused(f"{action_name!r} is not safe for {letter.cause}", fix="choose one of the offered actions")
    action.do(letter, reason)
    with transaction():
        DeadLetter.objects.filter(pk=letter.pk).update(replays=F("replays") + 1)
        if action.resolves:
            close_letter(letter.kind, letter.subject_id, resolution=action.name)
        audit.note(
            f"deadletter.{action.name}",
            letter.kind,
            letter.subject_id,
            after={"letter": letter.pk},
            reason=reason[:200],
        )

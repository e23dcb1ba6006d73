"""Suggestions to pay less, kept: found every day, done or dismissed by a person. In the company's scope."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

from simplane.core import audit, clock, context
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.ids import new_id
from simplane.usage.models import Saving
from simplane.usage.recommend import Suggestion

State = Saving.State
DONE_FOR = timedelta(days=35)
"""What was done takes until the next plan to show; found again after that, it is open again."""
FACTS = ("kind", "words", "saves_minor", "currency", "verb", "lines", "plan", "seen_at", "found_at", "state")


@needs_transaction
def keep(found: Iterable[Suggestion]) -> int:
    """Bring the rows to what is true today. What was dismissed stays dismissed. Returns how many are open."""
    now = clock.now()
    known = {one.key: one for one in Saving.objects.select_for_update()}
    made = {_key(one): one for one in found}
    fresh = [
        _filled(Saving(key=key, public_id=new_id("sav"), found_at=now), one)
        for key, one in made.items()
        if key not in known
    ]
    again = [_filled(known[key], one) for key, one in made.items() if key in known]
    Saving.objects.bulk_create(fresh)
    Saving.objects.bulk_update(again, FACTS)
    Saving.objects.filter(state=State.OPEN).exclude(key__in=made).update(state=State.GONE, ended_at=now)
    return int(Saving.objects.filter(state=State.OPEN).count())


def dismiss(public_id: str, *, reason: str) -> None:
    """Not wanted; the reason is kept and it is not shown again. Raises NotFound, BadInput without a reason."""
    if not reason.strip():
        raise BadInput("a reason is missing", fix="say why; it stands beside the suggestion")
    _end(public_id, State.DISMISSED, reason.strip()[:200])


def applied(public_id: str) -> None:
    """It is being done. Nothing for what is not open any more: a double click is one."""
    with suppress(NotFound):
        _end(public_id, State.APPLIED, "")


def reopen(public_id: str) -> None:
    """What was dismissed is looked at again. Raises NotFound."""
    with transaction():
        row = _locked(public_id, State.DISMISSED)
        row.state, row.ended_at, row.ended_by, row.reason = State.OPEN, None, "", ""
        row.save(update_fields=["state", "ended_at", "ended_by", "reason"])
        audit.note("saving.reopened", "saving", row.public_id)


@needs_transaction
def _locked(public_id: str, state: str) -> Saving:
    rows = Saving.objects.select_for_update()
    found: Saving | None = rows.filter(public_id=public_id, state=state).first()
    if found is None:
        raise NotFound("there is no such suggestion any more")
    return found


def _end(public_id: str, state: str, reason: str) -> None:
    with transaction():
        row = _locked(public_id, State.OPEN)
        row.state, row.ended_at, row.ended_by, row.reason = state, clock.now(), context.actor()[:120], reason
        row.save(update_fields=["state", "ended_at", "ended_by", "reason"])
        after = {"words": row.words, "saves": row.saves_minor, "currency": row.currency}
        audit.note(f"saving.{state}", "saving", row.public_id, after=after, reason=reason)


def _filled(row: Saving, one: Suggestion) -> Saving:
    now = clock.now()
    row.kind, row.words, row.saves_minor, row.currency = one.kind, one.words[:500], one.saves_minor, one.currency
    row.verb, row.lines, row.plan, row.seen_at = one.deed.verb, list(one.deed.lines), one.deed.plan, now
    done_long_ago = row.state == State.APPLIED and row.ended_at is not None and now - row.ended_at > DONE_FOR
    if row.state == State.GONE or done_long_ago:
        row.state, row.found_at, row.ended_at = State.OPEN, now, None
    return row


def _key(one: Suggestion) -> str:
    """A line has one suggestion of a kind; lines that could share are known by their plan."""
    return f"pool:{one.deed.plan}" if one.kind == "pool" else f"{one.kind}:{one.deed.lines[0]}"

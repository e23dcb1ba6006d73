"""The old eSIM after a new one took its place: ended, or at least paused, where its supplier can."""

from __future__ import annotations

from simplane.core import audit, jobs, tenancy
from simplane.core.db import in_thread, transaction
from simplane.fleet.models import Operation
from simplane.fleet.telling import tell
from simplane.lines.serving import serve


async def end(old_line_id: int, operation_id: int) -> None:
    """Have the supplier end it; asked again until it says yes or no. What it said stands in the company's history;
    a refusal is told, for then the old eSIM still works.
    """
    said = await serve(old_line_id, "terminate", reason="replaced by a new eSIM")
    if said.outcome == "unsure":
        raise jobs.Temporary(said.words)
    await in_thread(_note, operation_id, said.words, told=said.outcome == "refused")


def _note(operation_id: int, words: str, *, told: bool) -> None:
    with tenancy.everywhere(), transaction():
        wish = Operation.objects.select_related("line").get(pk=operation_id)
        audit.note(
            "line.replaced_ended",
            "line",
            wish.line.public_id,
            after={"old": words or "ended"},
            organization_id=wish.organization_id,
        )
        if told:
            text = f"{words}. Have it removed from the old phone; its plan runs out by itself."
            tell(wish.line, "old-esim", "The old eSIM of a line still works", text)

"""Four eyes: what one person proposed, another one decides."""

from __future__ import annotations

from simplane.core.errors import Refusal


class SecondPersonNeeded(Refusal):
    """Somebody else must decide this."""

    code = "second_person_needed"
    status = 409


def require_another(proposed_by: str, decided_by: str) -> None:
    """Both are actors (`user:7 ana@example.com`). Raises SecondPersonNeeded when the decider proposed it or is no person."""
    if not decided_by.startswith("user:"):
        raise SecondPersonNeeded(f"{decided_by} is no person", fix="sign in and decide in the console")
    if _person(proposed_by) == _person(decided_by):
        raise SecondPersonNeeded(
            "you proposed this yourself", fix="ask a colleague to look at it; who proposes does not decide"
        )


def _person(actor: str) -> str:
    """Without the address, which may change."""
    return actor.split(" ", maxsplit=1)[0]

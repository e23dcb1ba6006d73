"""What a person may do about a supplier: stop buying there and go on."""

from __future__ import annotations

from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound, Refusal
from simplane.suppliers import actions
from simplane.suppliers.models import Supplier

MOST_MINUTES = 30 * 24 * 60


class PausedAlready(Refusal):
    """This supplier is paused already; the first reason stays."""

    code = "paused_already"
    status = 409


def pause(code: str, reason: str, *, minutes: int | None = None) -> None:
    """Buy nothing more at a supplier, for some minutes or until it is resumed. What was sent is still followed up.

    Raises NotFound, BadInput without a reason, PausedAlready.
    """
    if not reason.strip():
        raise BadInput("a reason is missing", fix="say why; it stands in the audit trail")
    if minutes is not None and not 0 < minutes <= MOST_MINUTES:
        raise BadInput(f"{minutes} minutes is no possible pause", fix="1 minute to 30 days, or none for no end")
    with transaction():
        found = _locked(code)
        if found.paused_reason:
            raise PausedAlready(f"{found.name} is paused: {found.paused_reason}", fix="resume it first")
        actions.pause(found, reason.strip(), minutes=minutes)


def resume(code: str) -> None:
    """Buy at a supplier again. Changes nothing when it is not paused. Raises NotFound."""
    with transaction():
        actions.resume(_locked(code))


def _locked(code: str) -> Supplier:
    found = Supplier.objects.select_for_update().filter(code=code).first()
    if found is None:
        raise NotFound(f"there is no supplier {code!r}", fix="look at the list of suppliers")
    return found

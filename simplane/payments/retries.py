"""An automatic top-up whose payment came to nothing: told each time, tried again after 1, 3 and 7 days, or when asked for."""

from __future__ import annotations

from datetime import timedelta

from simplane.core import audit, clock, events
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.payments.errors import NotNeeded
from simplane.payments.events import AutoTopUpDeclined
from simplane.payments.models import AutoTopUp, TopUp
from simplane.payments.watch import start_one

PAUSES = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""After the first, second and third payment in a row that came to nothing; after the fourth only when asked for."""


@needs_transaction
def declined(organization_id: int, currency: str, problem: str) -> None:
    """Part of taking in that an automatic payment came to nothing. A rule that was set anew meanwhile starts afresh."""
    rows = AutoTopUp.objects.select_for_update(of=("self",))
    row = rows.filter(organization_id=organization_id, currency=currency).first()
    if row is None:
        return
    row.problem = problem or "the payment came to nothing"
    if row.armed:
        row.save(update_fields=["problem"])
        return
    pause = PAUSES[row.declined] if row.declined < len(PAUSES) else None
    row.declined += 1
    row.retry_at = clock.now() + pause if pause and row.enabled else None
    row.save(update_fields=["problem", "declined", "retry_at"])
    events.record(
        AutoTopUpDeclined(
            organization_id=organization_id,
            currency=currency,
            reason=row.problem,
            declined=row.declined,
            retry_at=row.retry_at.isoformat() if row.retry_at else "",
        )
    )


def try_again(organization_id: int, currency: str) -> TopUp:
    """Charge now what was declined, as the owner asks. The cap holds, and never two at once.

    Raises NotFound, NotNeeded when the rule is off, a payment runs or the wallet is above the threshold, TopUpHeld.
    """
    with transaction():
        pk = AutoTopUp.objects.filter(organization_id=organization_id, currency=currency).values_list("pk", flat=True)
        if not pk:
            raise NotFound("there is no automatic top-up")
        made = start_one(pk[0], asked=True)
        if made is None:
            raise NotNeeded(fix="look at the wallet and at the top-up that is on its way")
        audit.note("auto_top_up.tried_again", "top_up", made.public_id)
        return made

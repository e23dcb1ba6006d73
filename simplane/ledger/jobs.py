"""What the ledger does by the clock."""

from __future__ import annotations

from simplane.core.schedule import scheduled
from simplane.ledger.actions import expire_holds
from simplane.ledger.seal import seal_all


@scheduled("ledger.seal", cron="* * * * * */10", title="New ledger transactions chained", most_seconds=300)
def seal_transactions() -> dict[str, int]:
    """Chain what was committed since the last time."""
    return {"sealed": seal_all()}


@scheduled("ledger.expire_holds", cron="* * * * *", title="Holds whose time is over, released", most_seconds=60)
def release_expired() -> dict[str, int]:
    """Money set aside for what never came goes back to its wallet."""
    return {"expired": expire_holds()}

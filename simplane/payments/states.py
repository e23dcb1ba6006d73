"""In which state a top-up is. Nothing is counted up: the state follows from what Stripe says now and what is posted."""

from __future__ import annotations

from simplane.payments.models import TopUp

S = TopUp.State
OPEN = (S.CREATED, S.AWAITING, S.PROCESSING)
IN_WALLET = (S.SUCCEEDED, S.PARTLY_REFUNDED, S.REFUNDED, S.DISPUTED, S.LOST)
FINAL_DISPUTES = frozenset(("won", "lost", "warning_closed", "prevented"))


def before_money(intent_status: str, *, page_open: bool, by_page: bool) -> TopUp.State:
    """Of a payment that brought nothing yet. `page_open`: its payer can still try another card."""
    if intent_status in ("processing", "requires_capture"):
        return S.PROCESSING
    if page_open:
        return S.AWAITING
    return S.EXPIRED if intent_status == "canceled" and by_page else S.FAILED


def with_money(amount_minor: int, refunded_minor: int, disputes: list[tuple[str, int]]) -> TopUp.State:
    """Of a payment that was credited; `disputes`: status and what each took."""
    if any(status == "lost" for status, _ in disputes):
        return S.LOST
    if any(taken > 0 and status not in FINAL_DISPUTES for status, taken in disputes):
        return S.DISPUTED
    if refunded_minor >= amount_minor:
        return S.REFUNDED
    return S.PARTLY_REFUNDED if refunded_minor else S.SUCCEEDED

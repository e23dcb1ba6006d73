"""How much waits for a second person; the menu says it on every page."""

from __future__ import annotations

from simplane.catalog.models import PriceProposal
from simplane.ledger.models import Adjustment
from simplane.payments.models import BankTopUp, RefundProposal


def waiting_count() -> int:
    """Prices below their margin, wallet corrections, bank transfers, refunds of top-ups."""
    return (
        PriceProposal.objects.filter(state=PriceProposal.State.WAITING).count()
        + Adjustment.objects.filter(state=Adjustment.State.WAITING).count()
        + BankTopUp.objects.filter(approved__isnull=True).count()
        + RefundProposal.objects.filter(state=RefundProposal.State.WAITING).count()
    )

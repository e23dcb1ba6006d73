"""What is known of a customer's VAT id: the stored answers of VIES, and what follows for tax."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from simplane.billing.models import BillingProfile, VatCheck
from simplane.billing.tax_rates import UNION
from simplane.core import clock

GOOD_FOR = timedelta(days=30)
"""An answer; then it is asked again before the next invoice."""
State = VatCheck.State


@dataclass(frozen=True, slots=True, kw_only=True)
class VatStanding:
    """Of one VAT id. `state`: the last word of VIES, or `unreachable` when it never had one; empty: not asked yet."""

    state: str = ""
    told_at: datetime | None = None
    """When it last said valid or invalid."""
    consultation: str = ""
    name: str = ""
    tried_at: datetime | None = None
    problem: str = ""
    """Why the last try brought no answer; empty: it did."""

    @property
    def valid(self) -> bool:
        """Whether VIES said so; how long ago is another question."""
        return self.state == State.VALID

    @property
    def due(self) -> bool:
        """Whether it should be asked: never answered, or not for thirty days."""
        return self.told_at is None or clock.now() - self.told_at > GOOD_FOR

    @property
    def told_on(self) -> date | None:
        """The day of `told_at` (UTC)."""
        return self.told_at.date() if self.told_at else None


def standing(organization_id: int, vat_id: str) -> VatStanding:
    """From the rows of the customer; an answer about another VAT id says nothing."""
    rows = VatCheck.objects.filter(organization_id=organization_id, vat_id=vat_id).order_by("-pk")
    last = rows.first()
    if last is None:
        return VatStanding()
    told = last if last.state != State.UNREACHABLE else rows.exclude(state=State.UNREACHABLE).first()
    tried = {"tried_at": last.asked_at, "problem": last.problem}
    if told is None:
        return VatStanding(state=State.UNREACHABLE, tried_at=last.asked_at, problem=last.problem)
    return VatStanding(
        state=told.state, told_at=told.asked_at, consultation=told.consultation, name=told.trader, **tried
    )


def unknown_to_its_state(organization_id: int, seller: str, buyer: str, vat_id: str) -> bool:
    """Whether tax hangs on this VAT id and its member state said that there is none such. Of both the country."""
    return _matters(seller, buyer, vat_id) and standing(organization_id, vat_id).state == State.INVALID


def concerns(profile: BillingProfile) -> bool:
    """Whether tax hangs on this VAT id: a customer of another member state than its seller."""
    return _matters(profile.seller.country, profile.country, profile.vat_id)


def _matters(seller: str, buyer: str, vat_id: str) -> bool:
    return seller in UNION and buyer in UNION and seller != buyer and bool(vat_id)

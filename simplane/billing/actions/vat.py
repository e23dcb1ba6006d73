"""Having VAT ids checked: asked of VIES outside any transaction, kept with day and consultation number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from simplane.billing import vies
from simplane.billing.actions.writing import writing
from simplane.billing.models import BillingProfile, VatCheck
from simplane.billing.vat_checks import concerns, standing
from simplane.billing.vies import Told
from simplane.core import audit, clock, jobs
from simplane.core.db import in_thread, needs_transaction, transaction
from simplane.core.tenancy import everywhere

AGAIN = timedelta(hours=1)
"""Member states close their registers at night and for an hour now and then."""
State = VatCheck.State


@dataclass(frozen=True, slots=True)
class _Asked:
    organization_id: int
    slug: str
    vat_id: str
    requester: str


async def check_vat(organization_id: int) -> None:
    """Ask VIES about a customer whose answer is missing or thirty days old. While it can not be reached: again in an hour."""
    asked = await in_thread(_due, organization_id)
    if asked is None:
        return
    if vies.address():
        await in_thread(_keep, asked, await vies.ask(asked.vat_id, asked.requester))


def check_due() -> int:
    """Have everybody asked about who is due. Returns how many."""
    with everywhere():
        rows = BillingProfile.objects.select_related("seller").exclude(vat_id="").order_by("pk")
        due = [one.organization_id for one in rows if concerns(one) and standing(one.organization_id, one.vat_id).due]
    with transaction():
        jobs.enqueue_missing("billing.check_vat", "organization_id", due)
    return len(due)


@needs_transaction
def ask_soon(profile: BillingProfile) -> None:
    """Have it asked after this transaction, if tax hangs on it and no answer is young enough."""
    if concerns(profile) and standing(profile.organization_id, profile.vat_id).due:
        owner = profile.organization_id
        jobs.enqueue("billing.check_vat", once_key=f"vat:{owner}", organization_id=owner)


def _due(organization_id: int) -> _Asked | None:
    with everywhere():
        rows = BillingProfile.objects.select_related("seller", "organization")
        profile: BillingProfile | None = rows.filter(organization_id=organization_id).first()
        if profile is None or not concerns(profile) or not standing(organization_id, profile.vat_id).due:
            return None
        return _Asked(organization_id, profile.organization.slug, profile.vat_id, profile.seller.vat_id)


def _keep(asked: _Asked, told: Told) -> None:
    state = State.UNREACHABLE if told.valid is None else State.VALID if told.valid else State.INVALID
    with writing():
        VatCheck.objects.create(
            organization_id=asked.organization_id,
            vat_id=asked.vat_id,
            asked_by=asked.requester,
            state=state,
            consultation=told.consultation[:40],
            trader=", ".join(one for one in (told.name, told.address) if one)[:200],
            problem=told.problem[:200],
            asked_at=clock.now(),
        )
        after = {"vat_id": asked.vat_id, "state": state, "consultation": told.consultation, "problem": told.problem}
        audit.note("vat_id.checked", "organization", asked.slug, after=after, organization_id=asked.organization_id)
        if told.valid is None:
            # A key of its own: a VAT id that is entered meanwhile is asked about at once.
            owner = asked.organization_id
            jobs.enqueue(
                "billing.check_vat", at=clock.now() + AGAIN, once_key=f"vat-again:{owner}", organization_id=owner
            )

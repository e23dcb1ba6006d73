"""A customer that gives another country: marked, and confirmed by one of us before it changes any tax."""

from __future__ import annotations

from typing import Any

from simplane.billing.actions.writing import writing
from simplane.billing.errors import NotNow
from simplane.billing.models import BillingProfile
from simplane.billing.places import counts_from, stays
from simplane.core import audit, clock
from simplane.core.db import needs_transaction
from simplane.core.errors import NotFound
from simplane.organizations.models import Organization

UNMOVED: dict[str, Any] = {
    "moved_on": None,
    "moved_from_country": "",
    "moved_from_vat_id": "",
    "move_confirmed_at": None,
}


@needs_transaction
def moved(before: BillingProfile | Organization, country: str, *, by_customer: bool) -> dict[str, Any]:
    """The marks for a profile that gets this country. `before`: its locked row, or the account that has none yet."""
    if not by_customer:
        return UNMOVED if country != before.country else {}
    place = (before.country, before.vat_id)
    if isinstance(before, BillingProfile) and stays(before, clock.now().date()):
        place = (before.moved_from_country, before.moved_from_vat_id)
        if country == before.country:
            return {}
        if country == place[0]:
            return UNMOVED
    elif country == before.country:
        return {}
    marks = {"moved_on": clock.now().date(), "moved_from_country": place[0], "moved_from_vat_id": place[1]}
    return {**marks, "move_confirmed_at": None}


def confirm_move(slug: str, country: str, vat_id: str) -> None:
    """From the month after its day on the customer is taxed where it says it sits now. Raises NotFound, NotNow.

    `country`, `vat_id`: what the person looked at; the customer may have written something else meanwhile.
    """
    with writing():
        rows = BillingProfile.objects.select_for_update(of=("self",)).select_related("organization")
        row = rows.filter(organization__slug=slug).first()
        if row is None:
            raise NotFound("there is no such customer")
        if row.moved_on is None or row.move_confirmed_at is not None:
            raise NotNow("there is nothing to be confirmed any more", fix="look at the list again")
        if (row.country, row.vat_id) != (country, vat_id):
            raise NotNow("the customer changed it again", fix="look at what stands there now")
        row.move_confirmed_at = clock.now()
        row.save(update_fields=["move_confirmed_at"])
        audit.note(
            "billing_profile.move_confirmed",
            "organization",
            slug,
            before={"country": row.moved_from_country, "vat_id": row.moved_from_vat_id},
            after={"country": row.country, "vat_id": row.vat_id, "from": f"{counts_from(row)}"},
            organization_id=row.organization_id,
        )

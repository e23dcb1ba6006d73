"""What something that waits for approval costs now."""

from __future__ import annotations

from simplane.fleet.models import Operation
from simplane.policies.reading import reachable


def price_now(organization_id: int, kind: str, subject_id: str) -> int | None:
    """Minor units of the company's currency, of the plan an operation is about; None: it is about none."""
    if kind != "operation":
        return None
    with reachable():
        rows = Operation.objects.filter(organization_id=organization_id, public_id=subject_id, plan__isnull=False)
        found: int | None = rows.values_list("plan__price_minor", flat=True).first()
    return found

"""The audit trail: one line a change, written in the transaction of the change."""

from __future__ import annotations

from typing import Any

from simplane.core import clock, context, tenancy
from simplane.core.db import needs_transaction
from simplane.core.models import AuditEntry


@needs_transaction
def note(
    action: str,
    entity: str,
    entity_id: object,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    organization_id: int | None = None,
) -> None:
    """Write who (from `core.context`) did what to which thing. Secrets and activation codes never go in.

    What happens in a tenant's scope stands in its own history; `organization_id`: also what we do for it outside.
    """
    AuditEntry.objects.create(
        at=clock.now(),
        actor=context.actor()[:120],
        action=action,
        entity=entity,
        entity_id=str(entity_id),
        before=before,
        after=after,
        reason=reason,
        request_id=context.request_id(),
        organization_id=organization_id or tenancy.scoped_to(),
    )

"""What the calendar does with companies' domains: proofs are looked at again."""

from __future__ import annotations

from typing import Any

from simplane.core import tenancy
from simplane.core.errors import Refusal
from simplane.core.log import logger
from simplane.core.schedule import scheduled
from simplane.organizations import domains
from simplane.organizations.models import Domain

log = logger(__name__)


@scheduled(
    "organizations.domains", cron="41 4 * * *", title="Companies' domains: are they still proved", most_seconds=3600
)
def look_again() -> dict[str, Any]:
    """Every proved domain, every day; those that wait for their record are asked by hand."""
    with tenancy.everywhere():
        due = list(Domain.objects.filter(verified_at__isnull=False).values_list("organization_id", "host"))
    return {"looked at": len(due), "without a proof": sum(not _stands(*one) for one in due)}


def _stands(organization_id: int, host: str) -> bool:
    try:
        with tenancy.scope(organization_id):
            domains.verify(host)
    except Refusal as why:
        log.warning("domain.unproved", host=host, why=str(why))
        return False
    return True

"""Jobs of routing."""

from __future__ import annotations

from simplane.core import jobs
from simplane.core.log import logger
from simplane.routing.matching import propose

log = logger(__name__)


@jobs.job("routing.propose", queue="default", tries=3)
def propose_matches(supplier_id: int) -> None:
    """A supplier's catalogue changed: propose what now fits."""
    found = propose(supplier_id=supplier_id)
    log.info("routing.proposed", supplier_id=supplier_id, new=found.new, renewed=found.renewed, gone=found.withdrawn)

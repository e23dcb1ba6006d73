"""What a company is told about its lines when a person should look. Acts for us or in the company's scope."""

from __future__ import annotations

from simplane.core.db import needs_transaction
from simplane.fleet.models import FleetLine, Service
from simplane.policies.alerting import Raised, raise_alert, resolve_named

RUNS_ON = "runs-on"
_UNASKED = {
    Service.SUSPENDED: "A line was paused by its supplier, and nobody had asked for it",
    Service.TERMINATED: "A line was ended by its supplier, and nobody had asked for it",
}


@needs_transaction
def tell(line: FleetLine, what: str, title: str, text: str) -> None:
    """Raise an alert about a line; `what` names the trouble."""
    raised = Raised(
        organization_id=line.organization_id,
        kind="line",
        severity="warning",
        level="line",
        subject_id=line.pk,
        dedupe=f"{what}:{line.pk}",
        title=title,
        text=text,
    )
    raise_alert(raised)


@needs_transaction
def tell_if_unasked(line: FleetLine, before: str) -> None:
    """The supplier confirmed something about a line: was it asked for? `before`: what was confirmed until now."""
    if line.service == before:
        return
    if line.service in _UNASKED and line.wanted == Service.ACTIVE:
        text = f"{line.label or line.iccid}: reactivate it, or ask us what its supplier says."
        tell(line, "unasked", _UNASKED[Service(line.service)], text)
    else:
        resolve_named(line.organization_id, f"unasked:{line.pk}")

"""What can be done with a line as it is, by its plan and its state: said before anybody asks for it."""

from __future__ import annotations

from simplane.fleet.models import FleetLine, Service
from simplane.fleet.states import OVER


def hindrance(line: FleetLine, name: str) -> str:
    """Why a deed is not possible for a line; empty: it is."""
    if line.state in OVER or line.wanted == Service.TERMINATED:
        return "it has ended"
    if line.line_id is None:
        return "it has no eSIM yet"
    if name in ("suspend", "reactivate") and not line.plan.can_suspend:
        return "its supplier can not pause it"
    if name == "suspend" and line.wanted == Service.SUSPENDED:
        return "it is suspended already"
    if name == "reactivate" and line.wanted == Service.ACTIVE and line.service != Service.SUSPENDED:
        return "it is not suspended"
    if name == "top_up" and not line.plan.can_top_up:
        return "its supplier adds none"
    if name == "replace" and Service.SUSPENDED in (line.wanted, line.service):
        return "it is suspended: reactivate it first"
    if name == "replace" and not (line.plan.can_replace and line.plan.active):
        return "its plan can not be had again"
    if name == "terminate" and not (line.plan.can_terminate or line.plan.can_suspend):
        return "its supplier can neither end nor pause it: it ends with its plan"
    return ""

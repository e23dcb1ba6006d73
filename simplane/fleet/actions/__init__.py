"""What a company may want done with its lines (in its scope), and how that is carried out (by us)."""

from simplane.fleet.actions.scheduling import take_back
from simplane.fleet.actions.topping import change_plan, top_up
from simplane.fleet.actions.wish import approved, provision, reactivate, refused, replace, suspend, terminate

__all__ = [
    "approved",
    "change_plan",
    "provision",
    "reactivate",
    "refused",
    "replace",
    "suspend",
    "take_back",
    "terminate",
    "top_up",
]

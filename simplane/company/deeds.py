"""What a member may have done with lines: each deed with its words, when it is possible, and the verb that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from simplane.fleet.actions import change_plan, reactivate, replace, suspend, terminate
from simplane.fleet.models import FleetLine, Operation
from simplane.fleet.possible import hindrance

Name = Literal["suspend", "reactivate", "change_plan", "replace", "terminate"]


@dataclass(frozen=True, slots=True)
class Deed:
    """`what`: what happens, in a sentence, shown before it is done. `serious`: it can not be undone. `later`: on a day, too."""

    name: Name
    label: str
    what: str
    done: str
    verb: Callable[..., Operation]
    serious: bool = False
    later: bool = False


DEEDS: dict[str, Deed] = {
    one.name: one
    for one in (
        Deed(
            "suspend",
            "Suspend",
            "The line is paused at its supplier until it is reactivated. Its plan keeps running.",
            "Asked of the supplier.",
            suspend,
            later=True,
        ),
        Deed("reactivate", "Reactivate", "The pause ends.", "Asked of the supplier.", reactivate, later=True),
        Deed(
            "change_plan",
            "Change plan",
            "Each line gets the plan on the eSIM it has, if its supplier has that plan; it is charged at its full price.",
            "The change is asked for.",
            change_plan,
            later=True,
        ),
        Deed(
            "replace",
            "New phone",
            "A new eSIM for the same line; its link is mailed, and the old eSIM ends. Where the supplier gives no new profile"
            " it is bought, on the same plan.",
            "The new eSIM is being ordered.",
            replace,
        ),
        Deed(
            "terminate",
            "End",
            "The line ends for good and no money comes back. Where the supplier can only pause, it is paused and runs out.",
            "Asked of the supplier.",
            terminate,
            serious=True,
            later=True,
        ),
    )
}


def possible_for(line: FleetLine) -> list[Deed]:
    """What can be done with a line as it is, by its plan and its state."""
    return [deed for deed in DEEDS.values() if not hindrance(line, deed.name)]

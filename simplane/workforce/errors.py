"""Refusals about people."""

from __future__ import annotations

from collections.abc import Sequence

from simplane.core.errors import BadInput, Refusal


class BadPerson(BadInput):
    """Something about a person can not be: `field` says what."""

    code = "bad_person"

    def __init__(self, field: str, message: str, *, fix: str = "") -> None:
        self.field = field
        super().__init__(message, fix=fix)


class Taken(Refusal):
    """Somebody or something else has this already: `field` says what."""

    code = "taken"
    status = 409

    def __init__(self, field: str, message: str, *, fix: str = "") -> None:
        self.field = field
        super().__init__(message, fix=fix)


class ManagerCycle(BadPerson):
    """Somebody would be their own manager, over others or at once."""

    code = "manager_cycle"

    def __init__(self, chain: Sequence[str]) -> None:
        self.chain = tuple(chain)
        super().__init__(
            "manager",
            f"this would be a circle: {' → '.join(chain)}",
            fix="choose a manager who does not report to them",
        )


class Changed(Refusal):
    """Somebody else changed this meanwhile."""

    code = "changed_meanwhile"
    status = 409

"""Refusals about lines of companies."""

from __future__ import annotations

from collections.abc import Sequence

from simplane.core.errors import Refusal
from simplane.policies.values import Reason


class NoSuchPlan(Refusal):
    """The company has no such plan, or it is not given out any more."""

    code = "no_such_plan"
    status = 404


class NoSuchLine(Refusal):
    """The company has no such line."""

    code = "no_such_line"
    status = 404


class NotAtWork(Refusal):
    """The person has left, or has not started."""

    code = "employee_not_active"
    status = 409


class LineBusy(Refusal):
    """Something else is being done with this line."""

    code = "line_busy"
    status = 409


class NotPossible(Refusal):
    """This line, as it is now or by its supplier, can not do this."""

    code = "not_possible"
    status = 409


class KeyReused(Refusal):
    """The key names something else that was asked for."""

    code = "key_reused"
    status = 422


class AgainstPolicy(Refusal):
    """A rule of the company forbids it."""

    code = "against_policy"
    status = 409

    def __init__(self, reasons: Sequence[Reason]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(one.words for one in reasons) or "a rule of the company forbids it")

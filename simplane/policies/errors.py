"""Refusals of policies."""

from __future__ import annotations

from simplane.core.errors import BadInput, NotFound, Refusal


class BadRule(BadInput):
    """The parameters of this rule make no sense."""

    code = "bad_rule"


class Stale(Refusal):
    """Somebody changed this meanwhile."""

    code = "changed_meanwhile"
    status = 409


class Twice(Refusal):
    """There is such a rule for the same people already."""

    code = "exists_already"
    status = 409


class NeedsConfirmation(Refusal):
    """This stops many lines at once. `lines`: how many of `of`."""

    code = "needs_confirmation"
    status = 409

    def __init__(self, lines: int, of: int) -> None:
        self.lines, self.of = lines, of
        super().__init__(
            f"this would stop {lines} of {of} lines at once", fix="confirm it, or choose a higher cap or fewer people"
        )


class KeyReused(Refusal):
    """This key names another reservation."""

    code = "key_reused"
    status = 409


class NotOpen(NotFound):
    """This was decided already, or nobody answered in time."""

    code = "not_open"
    status = 410


class PriceRose(Refusal):
    """It costs more than was asked."""

    code = "price_rose"
    status = 409


class NotYours(Refusal):
    """Somebody else must decide this."""

    code = "not_yours"
    status = 403

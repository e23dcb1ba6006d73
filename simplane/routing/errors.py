"""Refusals of routing."""

from __future__ import annotations

from simplane.core.errors import BadInput, NotFound, Refusal


class BrokenPromise(Refusal):
    """This offer does not keep what the product promises."""

    code = "broken_promise"


class UnknownMatch(NotFound):
    """There is no such match."""

    code = "unknown_match"


class UnknownReceipt(NotFound):
    """There is no such routing receipt."""

    code = "unknown_receipt"


class BadRule(BadInput):
    """A routing rule that means nothing."""

    code = "bad_rule"

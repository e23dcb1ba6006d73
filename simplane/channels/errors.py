"""Refusals and failures of this package."""

from __future__ import annotations

from simplane.core.errors import NotFound, Refusal


class BadShopSettings(Refusal):
    """The settings of a shop can not be understood."""

    code = "bad_shop_settings"


class UnknownShop(NotFound):
    """There is no such shop."""

    code = "unknown_shop"


class ShopNotReachable(Refusal):
    """The shop's API could not be reached or refused us; nothing was changed."""

    code = "shop_not_reachable"
    status = 503


class NothingToRefund(Refusal):
    """Nothing of this order is left to give back."""

    code = "nothing_to_refund"
    status = 409


class BadRefund(Refusal):
    """What was asked for is no refund."""

    code = "bad_refund"


class RefundOpen(Refusal):
    """This order has an open refund already."""

    code = "refund_open"
    status = 409


class NotDecidable(Refusal):
    """This was decided already."""

    code = "not_decidable"
    status = 409


class ReconciliationFailed(Exception):
    """A comparison with a shop could not be finished; its proof says why."""

"""Refusals and failures of this package."""

from __future__ import annotations

from simplane.core.errors import Refusal


class UnknownVendor(Refusal):
    """There is no adapter for this vendor."""

    code = "unknown_vendor"


class BadWebhook(Refusal):
    """A supplier's webhook that can not be read."""

    code = "bad_webhook"


class CatalogUnavailable(Exception):
    """The supplier's catalogue could not be read to its end; nothing of it may be used."""


class BoughtAlready(Refusal):
    """This unit has a purchase that was or may have been executed; a second is refused by the database."""

    code = "bought_already"
    status = 409

"""The world of fulfilment, with a company in it."""

from __future__ import annotations

from tests.ordering.conftest import outside, world

__all__ = ["outside", "world"]

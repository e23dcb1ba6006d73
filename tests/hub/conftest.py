"""A mail server for the hub's mails."""

from __future__ import annotations

from tests.delivery.conftest import _catcher, _database_is_left, post_office

__all__ = ["_catcher", "_database_is_left", "post_office"]

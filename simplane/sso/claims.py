"""Which claims of an OpenID provider say who somebody is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simplane.sso.models import Connection
from simplane.sso.values import Told

ADDRESSES = ("email", "preferred_username", "upn")
"""The last two are names to sign in with, mostly addresses; nobody has proved them."""
GROUPS = ("groups", "roles")
MOST_GROUPS, LONGEST = 1000, 254


def told(connection: Connection, proved: Mapping[str, Any]) -> Told:
    """Who came, of claims that were proved."""
    field, email = _address(connection, proved)
    return Told(
        subject=proved["sub"],
        email=email,
        email_verified=field == "email" and proved.get("email_verified") in (True, "true"),
        name=_name(connection, proved),
        groups=_groups(connection, proved),
    )


def has_address(connection: Connection, proved: Mapping[str, Any]) -> bool:
    """Whether the claim for addresses is there: if not, the provider may tell it when asked."""
    return bool(_text(proved, connection.email_claim or "email"))


def _address(connection: Connection, proved: Mapping[str, Any]) -> tuple[str, str]:
    for field in (connection.email_claim,) if connection.email_claim else ADDRESSES:
        found = _text(proved, field).lower()
        if "@" in found:
            return field, found
    return "", ""


def _name(connection: Connection, proved: Mapping[str, Any]) -> str:
    parts = f"{_text(proved, 'given_name')} {_text(proved, 'family_name')}".strip()
    return _text(proved, connection.name_claim or "name") or parts


def _groups(connection: Connection, proved: Mapping[str, Any]) -> tuple[str, ...]:
    for field in (connection.groups_claim,) if connection.groups_claim else GROUPS:
        found = proved.get(field)
        listed = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        if listed:
            return tuple(one for one in listed[:MOST_GROUPS] if isinstance(one, str) and len(one) <= LONGEST)
    return ()


def _text(proved: Mapping[str, Any], field: str) -> str:
    found = proved.get(field)
    return found.strip() if isinstance(found, str) and len(found) <= LONGEST and "\0" not in found else ""

"""A group as SCIM sees it and back."""

from __future__ import annotations

from typing import Any

from scim2_models import InvalidValueException, Meta

from simplane.api.scim.provider import GROUP
from simplane.workforce.models import Group

Member = tuple[str, str]
"""Public id of a person, and how they are shown."""


def resource(one: Group, members: list[Member]) -> Any:
    """The group with its members."""
    group = GROUP(id=one.public_id, display_name=one.display_name, external_id=one.external_id or None)
    if members:
        group.members = [
            {"value": person, "display": name, "$ref": f"Users/{person}", "type": "User"} for person, name in members
        ]
    group.meta = Meta(
        resource_type="Group", created=one.created_at, last_modified=one.updated_at, version=f'W/"{one.version}"'
    )
    return group


def members(group: Any) -> dict[str, str]:
    """Public id of each member -> how the provider shows them. Raises InvalidValueException for groups in groups."""
    found: dict[str, str] = {}
    for one in group.members or []:
        if (one.type or "User").lower() != "user":
            raise InvalidValueException(detail="a group in a group is not supported: assign the people themselves")
        if one.value:
            found[one.value] = one.display or ""
    return found

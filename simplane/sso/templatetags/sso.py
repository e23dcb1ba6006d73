"""Ways to sign in, for the login page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from simplane.sso.queries import ways_in

register = template.Library()


@register.simple_tag(takes_context=True)
def ways(context: Mapping[str, Any]) -> dict[str, Any]:
    """{"all": the connections of the company at this host, "enforced": the one that is the only way in, or None}."""
    found = ways_in(context["request"].tenant.pk)
    return {"all": found, "enforced": next((one for one in found if one.enforced), None)}

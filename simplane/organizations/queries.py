"""What others ask about organizations."""

from __future__ import annotations

from simplane.core import clock
from simplane.organizations.models import Organization


def operator() -> Organization:
    """The one organization that runs this platform; made at first use."""
    found, _ = Organization.objects.get_or_create(
        kind=Organization.Kind.OPERATOR,
        is_test=False,
        defaults={"slug": "operator", "name": "Operator", "created_at": clock.now()},
    )
    return found

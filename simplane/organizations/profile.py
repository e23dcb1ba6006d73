"""What an account says of itself: its data for us, and how the install page of its eSIMs looks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Q, QuerySet, When

from simplane.core import audit, clock, countries
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.organizations.models import Branding, Organization
from simplane.organizations.png import rewritten

PROFILE = ("contact_email", "country", "vat_id", "website")
LOOK = ("name", "color", "support_email", "support_url")


@dataclass(frozen=True, slots=True)
class Look:
    """How install pages look. Empty texts were not chosen."""

    organization: str
    name: str
    color: str
    support_email: str
    support_url: str
    has_logo: bool
    updated_at: datetime


def save_profile(organization_id: int, **given: str) -> Organization:
    """Change the name or some of PROFILE. Raises BadInput for an empty name and a country that is none."""
    if not given.get("name", "-").strip():
        raise BadInput("an account needs a name", fix="write one")
    if given.get("country") and given["country"] not in countries.known():
        raise BadInput(f"{given['country']} is no country", fix="two letters, such as DE")
    with transaction():
        found = Organization.objects.select_for_update().get(pk=organization_id)
        before = {name: getattr(found, name) for name in given}
        _set(found, ("name", *PROFILE), given)
        found.save(update_fields=list(given))
        audit.note(
            "organization.profile_changed", "organization", found.slug, before=before, after=given,
            organization_id=organization_id,
        )  # fmt: skip
        return found


def save_look(organization_id: int, **given: str) -> Branding:
    """Change some of LOOK. Raises BadInput for a colour that is none."""
    if given.get("color") and not re.fullmatch(r"#[0-9a-f]{6}", given["color"]):
        raise BadInput(f"{given['color']} is no colour", fix="#0b57d0: six digits of 0-9 and a-f")
    with transaction():
        found = _locked(organization_id)
        before = {name: getattr(found, name) for name in given}
        _set(found, LOOK, given)
        found.updated_at = clock.now()
        found.save(update_fields=[*given, "updated_at"])
        audit.note("branding.changed", "organization", organization_id, before=before, after=given)
        return found


def save_logo(organization_id: int, png: bytes | None) -> Branding:
    """Set the logo, or take it away. Raises BadInput for what is no PNG, damaged or too large."""
    clean = None if png is None else rewritten(png)
    with transaction():
        found = _locked(organization_id)
        found.logo, found.updated_at = clean, clock.now()
        found.save(update_fields=["logo", "updated_at"])
        audit.note("branding.logo", "organization", organization_id, after={"bytes": len(clean or b"")})
        return found


def look_of(organization_id: int) -> Look | None:
    """Of an organization, or for a twin of its live side; None when nothing was ever chosen."""
    has_logo = Case(When(logo__isnull=False, then=True), default=False)
    row = _branding(organization_id).values_list("organization__name", *LOOK, has_logo, "updated_at").first()
    return Look(*row) if row else None


def logo_of(organization_id: int) -> bytes:
    """The PNG. Raises NotFound when there is none."""
    logo = _branding(organization_id).values_list("logo", flat=True).first()
    if logo is None:
        raise NotFound("there is no logo")
    return bytes(logo)


def _branding(organization_id: int) -> QuerySet[Branding]:
    return Branding.objects.filter(Q(organization_id=organization_id) | Q(organization__test_twin__id=organization_id))


def _locked(organization_id: int) -> Branding:
    Branding.objects.get_or_create(organization_id=organization_id, defaults={"updated_at": clock.now()})
    return Branding.objects.select_for_update().defer("logo").get(organization_id=organization_id)


def _set(row: Organization | Branding, known: tuple[str, ...], given: dict[str, Any]) -> None:
    unknown = set(given) - set(known)
    if unknown:
        raise TypeError(f"not a field: {', '.join(sorted(unknown))}")
    for name, value in given.items():
        setattr(row, name, value)

"""What an account says of itself: its data for us, and how the install page of its eSIMs looks."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q

from simplane.core import audit, clock, countries
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.organizations.models import Branding, Organization
from simplane.organizations.png import rewritten

PROFILE = ("contact_email", "country", "vat_id", "website")
LOOK = ("name", "color", "support_email", "support_url")


def save_profile(organization_id: int, **given: str) -> Organization:
    """Change some of PROFILE. Raises BadInput for a country that is none."""
    if given.get("country") and given["country"] not in countries.known():
        raise BadInput(f"{given['country']} is no country", fix="two letters, such as DE")
    with transaction():
        found = Organization.objects.select_for_update().get(pk=organization_id)
        before = {name: getattr(found, name) for name in given}
        _set(found, PROFILE, given)
        found.save(update_fields=list(given))
        audit.note("organization.profile_changed", "organization", found.slug, before=before, after=given)
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


def branding_for(organization_id: int) -> Branding | None:
    """Of an organization or of the live side of a twin; with `has_logo`, without the logo itself."""
    found = Branding.objects.filter(
        Q(organization_id=organization_id) | Q(organization__test_twin__id=organization_id)
    ).select_related("organization")
    has_logo = ExpressionWrapper(Q(logo__isnull=False), output_field=BooleanField())
    return found.annotate(has_logo=has_logo).defer("logo").first()


def logo_for(organization_id: int) -> bytes:
    """The PNG. Raises NotFound when there is none."""
    found = branding_for(organization_id)
    if found is None or found.logo is None:
        raise NotFound("there is no logo")
    return bytes(found.logo)


def _locked(organization_id: int) -> Branding:
    Branding.objects.get_or_create(organization_id=organization_id, defaults={"updated_at": clock.now()})
    return Branding.objects.select_for_update().defer("logo").get(organization_id=organization_id)


def _set(row: Organization | Branding, known: tuple[str, ...], given: dict[str, Any]) -> None:
    unknown = set(given) - set(known)
    if unknown:
        raise TypeError(f"not a field: {', '.join(sorted(unknown))}")
    for name, value in given.items():
        setattr(row, name, value)

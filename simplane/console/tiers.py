"""The steps of the wholesale price list."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.catalog.models import Tier
from simplane.catalog.terms import save_tier
from simplane.console.shell import page
from simplane.core.errors import BadInput
from simplane.ui.outcomes import attempt


@require_safe
def tiers(request: HttpRequest) -> HttpResponse:
    """All tiers with how many resellers are in each."""
    found = Tier.objects.annotate(resellers=Count("terms")).order_by("min_monthly_units")
    return page(request, "tiers", "prices", {"tiers": found})


@require_POST
def tier_save(request: HttpRequest) -> HttpResponse:
    """A new tier, or another name or volume of one."""
    name, volume, key = (request.POST.get(field, "").strip() for field in ("name", "volume", "tier"))

    def save() -> None:
        if not volume.isdecimal():
            raise BadInput(f"{volume!r} is no number of eSIMs", fix="a whole number of zero or more")
        save_tier(name, int(volume), tier_id=int(key) if key.isdecimal() else None)

    attempt(request, f"Tier {name} is saved.", save)
    return redirect("console:tiers")

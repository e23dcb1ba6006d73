"""Which company lives at which host: `<slug>.<company domain>`, and domains of its own that it proved."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from simplane.core import tenancy
from simplane.organizations.models import Domain, Organization

KEPT_SECONDS = 30.0
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Tenant:
    """The company at a host."""

    pk: int
    slug: str
    name: str
    suspended: bool


_kept: dict[str, tuple[float, Tenant | None]] = {}


def tenant_of(host: str) -> Tenant | None:
    """The company at this host (lower case, without port); None when nobody lives there. Known for 30 s a process."""
    now = time.monotonic()
    known = _kept.get(host)
    if known is not None and known[0] > now:
        return known[1]
    found = _look_up(host)
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[host] = (now + KEPT_SECONDS, found)
    return found


def forget() -> None:
    """Ask the database again."""
    _kept.clear()


def address_of(slug: str) -> str:
    """Where a company's pages are, without a slash at the end: the scheme and port of our own address."""
    ours = urlsplit(settings.SIMPLANE.base_url)
    port = f":{ours.port}" if ours.port else ""
    return f"{ours.scheme}://{slug}.{settings.SIMPLANE.company_domain}{port}"


def _look_up(host: str) -> Tenant | None:
    companies = Organization.objects.filter(kind=Organization.Kind.COMPANY)
    slug = _slug_in(host)
    if slug:
        row = companies.filter(slug=slug).first()
    else:
        with tenancy.everywhere():
            proved = Domain.objects.filter(host=host, for_pages=True, verified_at__isnull=False)
            row = companies.filter(pk__in=proved.values("organization_id")).first()
    if row is None:
        return None
    return Tenant(row.pk, row.slug, row.name, row.state == Organization.State.SUSPENDED)


def _slug_in(host: str) -> str:
    slug, _, rest = host.partition(".")
    return slug if rest and rest == settings.SIMPLANE.company_domain else ""

"""Domains of a company: said to be its own, proved by a DNS record, looked at again every day. All run in its scope."""

from __future__ import annotations

import secrets
from datetime import timedelta
from ipaddress import ip_address

from django.conf import settings
from django.db import IntegrityError
from django.http.request import validate_host

from simplane.core import audit, clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound, Refusal
from simplane.organizations import dns_proof, hosts
from simplane.organizations.models import Domain

MOST = 20
"""Domains of one company."""
GRACE = timedelta(days=7)
"""A proved domain whose record is gone stays the company's for so long."""
MISSING = "the TXT record is not there"
OTHER = "the TXT record says something else"


class DomainTaken(Refusal):
    """Another company has proved this domain."""

    code = "domain_taken"
    status = 409


class DomainUnproved(Refusal):
    """The DNS record does not say that the domain is this company's."""

    code = "domain_unproved"
    status = 409


def add(written: str, *, for_pages: bool, for_mail: bool) -> Domain:
    """Write down a domain that is to be proved; one that stands there already gets these uses. Raises BadInput."""
    host = read_host(written)
    if not (for_pages or for_mail):
        raise BadInput("the domain has no use", fix="choose pages, sign-in by mail address, or both")
    with transaction():
        if not Domain.objects.filter(host=host).exists() and Domain.objects.count() >= MOST:
            raise BadInput(f"there are {MOST} domains already", fix="remove one first")
        fresh = {"token": f"simplane={secrets.token_urlsafe(24)}", "created_at": clock.now()}
        uses = {"for_pages": for_pages, "for_mail": for_mail}
        found, made = Domain.objects.update_or_create(host=host, defaults=uses, create_defaults=uses | fresh)
        audit.note("domain.added" if made else "domain.changed", "domain", host, after=uses)
    hosts.forget()
    return found  # type: ignore[no-any-return]


def verify(host: str) -> Domain:
    """Ask DNS now and keep what it says. Raises NotFound, DnsSilent, DomainUnproved, DomainTaken."""
    asked = _get(host)
    said = dns_proof.texts(asked.host)
    try:
        with transaction():
            found = _learn(_locked(host), said)
    except IntegrityError:
        raise DomainTaken(f"another company has proved {host}", fix="have it removed there, or write to us") from None
    hosts.forget()
    if found.problem:
        raise DomainUnproved(found.problem, fix=f"write {found.token} into {dns_proof.record_name(host)}, then wait")
    return found


def remove(host: str) -> None:
    """From now on it is nobody's: no pages, no sign-in by its addresses. Raises NotFound."""
    with transaction():
        found = _locked(host)
        audit.note("domain.removed", "domain", host, before={"verified": found.verified_at is not None})
        found.delete()
    hosts.forget()


def read_host(written: str) -> str:
    """A domain as it stands in DNS: lower case, punycode, two labels or more, none of ours. Raises BadInput."""
    try:
        host = written.strip().rstrip(".").lower().encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    labels = host.split(".")
    plain = all(part and part.replace("-", "").isalnum() and "-" not in (part[0], part[-1]) for part in labels)
    if len(labels) < 2 or len(host) > 240 or not plain or labels[-1].isdigit() or _is_address(host):
        raise BadInput("this is no domain", fix="write it like esim.example.com, without https://")
    ours = settings.SIMPLANE.company_domain
    if host == ours or host.endswith(f".{ours}") or validate_host(host, settings.OWN_HOSTS):
        raise BadInput(f"{host} is ours", fix="give a domain of your company")
    return host


@needs_transaction
def _learn(found: Domain, said: frozenset[str]) -> Domain:
    """A proof that is gone is missed at once and forgotten after `GRACE`: a mistake in DNS locks nobody out overnight."""
    now, before = clock.now(), found.verified_at
    found.checked_at = now
    if found.token in said:
        found.verified_at, found.missing_since, found.problem = before or now, None, ""
    else:
        found.problem, found.missing_since = OTHER if said else MISSING, found.missing_since or now
        if found.missing_since <= now - GRACE:
            found.verified_at = None
    found.save()
    if (before is None) != (found.verified_at is None):
        action = "domain.verified" if found.verified_at else "domain.lost"
        audit.note(action, "domain", found.host, reason=found.problem)
    return found


def _get(host: str) -> Domain:
    found: Domain | None = Domain.objects.filter(host=host).first()
    if found is None:
        raise NotFound(f"{host} is not in the list", fix="add it first")
    return found


@needs_transaction
def _locked(host: str) -> Domain:
    found: Domain | None = Domain.objects.select_for_update().filter(host=host).first()
    if found is None:
        raise NotFound(f"{host} is not in the list", fix="add it first")
    return found


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

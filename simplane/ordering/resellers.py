"""Taking a reseller on: the organization and its test twin, each with wallet and key. By us, or as it applies itself."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError
from django.utils.text import slugify

from simplane.catalog.models import Terms, Tier
from simplane.core import audit, clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, Refusal
from simplane.core.money import Money, precision
from simplane.ledger.actions import open_wallet, pay_in_play_money, set_credit_limit
from simplane.ledger.models import Wallet
from simplane.organizations.invitations import write_invitation
from simplane.organizations.keys import NewKey, create_key
from simplane.organizations.models import Organization, Role

PLAY_MONEY = 10_000
"""Whole units of the currency in the wallet of a test twin."""


class ResellerExists(Refusal):
    """There is an organization of this name."""

    code = "reseller_exists"
    status = 409


@dataclass(frozen=True, slots=True)
class Onboarded:
    """A reseller and its two keys, whose secrets nobody can read again."""

    organization: Organization
    twin: Organization
    live: NewKey
    test: NewKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What was agreed when we take a reseller on. `owner_email`: gets a link that makes its bearer the owner."""

    credit_minor: int = 0
    tier: Tier | None = None
    country: str = ""
    owner_email: str = ""
    reason: str = ""


def onboard(name: str, currency: str, agreed: Agreed | None = None) -> Onboarded:
    """Take a reseller on. Raises BadInput, BadMoney, ResellerExists."""
    agreed = agreed or Agreed()
    slug = _slug(name)
    precision(currency)
    with _named(slug):
        profile = {"country": agreed.country, "contact_email": agreed.owner_email.lower()}
        live, twin, wallet = _new_account(name, slug, currency, **profile)
        if agreed.tier is not None:
            # Agreed, not reached by volume: that does not take it away again.
            Terms.objects.filter(organization=live).update(tier=agreed.tier, tier_pinned=True)
        if agreed.credit_minor:
            set_credit_limit(wallet, agreed.credit_minor, reason=agreed.reason)
        if agreed.owner_email:
            write_invitation(live, agreed.owner_email, Role.OWNER, by=None)
        after = {"currency": currency, "tier": agreed.tier.name if agreed.tier else None}
        audit.note("reseller.onboarded", "organization", slug, after=after, reason=agreed.reason)
    return Onboarded(live, twin, create_key(live, "first live key"), create_key(twin, "first test key"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What an applicant tells us. `country`: ISO 3166-1 alpha-2. `expected_monthly`: eSIMs."""

    company: str
    currency: str
    country: str
    website: str
    email: str
    expected_monthly: int


@dataclass(frozen=True, slots=True)
class Applied:
    """An account that waits for our approval, and the test key that works at once."""

    organization: Organization
    twin: Organization
    test: NewKey


def apply_for_account(wanted: Application) -> Applied:
    """An account in the state `applied`; whoever opens the link in the mail owns it. Raises BadInput, BadMoney.

    Two may apply under one name: a person decides which of them is approved.
    """
    base = _slug(wanted.company)
    precision(wanted.currency)
    try:
        return _apply(wanted, base)
    except ResellerExists:
        return _apply(wanted, f"{base[:42]}-{secrets.token_hex(3)}")


def _apply(wanted: Application, slug: str) -> Applied:
    with _named(slug):
        live, twin, _ = _new_account(
            wanted.company,
            slug,
            wanted.currency,
            state=Organization.State.APPLIED,
            country=wanted.country,
            website=wanted.website[:200],
            contact_email=wanted.email.lower(),
            expected_monthly=wanted.expected_monthly,
        )
        write_invitation(live, wanted.email, Role.OWNER, by=None)
        audit.note("reseller.applied", "organization", slug, after={"currency": wanted.currency})
    return Applied(live, twin, create_key(twin, "first test key"))


def _slug(name: str) -> str:
    slug = slugify(name)[:50]
    if not slug or len(name) > 120:
        raise BadInput("a reseller needs a name of letters, 120 characters at most")
    return slug


@contextmanager
def _named(slug: str) -> Iterator[None]:
    """A transaction that takes two names, the twin's too. Raises ResellerExists, also when another is quicker."""
    exists = ResellerExists(f"there is an organization {slug}", fix="choose another name")
    names = Organization.objects.filter(slug__in=_both(slug))
    try:
        with transaction():
            if names.exists():
                raise exists
            yield
    except IntegrityError:
        if names.exists():
            raise exists from None
        raise


def _both(slug: str) -> tuple[str, str]:
    return slug, f"{slug}-test"


@needs_transaction
def _new_account(name: str, slug: str, currency: str, **profile: Any) -> tuple[Organization, Organization, Wallet]:
    """The live side with terms and an empty wallet, its twin with play money."""
    own, of_twin = _both(slug)
    live = _organization(name, own, **profile)
    twin = _organization(f"{name} (test)", of_twin, is_test=True, twin_of=live)
    Terms.objects.create(organization=live, currency=currency)
    first = Money(PLAY_MONEY * 10 ** precision(currency), currency)
    # Under a key that no caller chooses for its own.
    pay_in_play_money(twin, first, f"onboarded {secrets.token_hex(8)}")
    return live, twin, open_wallet(live, currency)


def _organization(name: str, slug: str, **given: Any) -> Organization:
    return Organization.objects.create(
        kind=Organization.Kind.RESELLER, name=name[:120], slug=slug, created_at=clock.now(), **given
    )

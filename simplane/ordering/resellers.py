"""Taking a reseller on: the organization and its test twin, each with wallet and key."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.text import slugify

from simplane.catalog.models import Terms
from simplane.core import audit, clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, Refusal
from simplane.core.money import Money, precision
from simplane.ledger.actions import open_wallet, post, set_credit_limit
from simplane.ledger.actions.post import Fact
from simplane.ledger.chart import Kind
from simplane.ledger.models import Ledger
from simplane.ledger.values import AccountRef, Posting
from simplane.organizations.keys import NewKey, create_key
from simplane.organizations.models import Organization

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


def onboard(name: str, currency: str, *, credit_minor: int = 0, reason: str = "") -> Onboarded:
    """Take a reseller on. Raises BadInput, BadMoney, ResellerExists."""
    slug = slugify(name)[:50]
    if not slug or len(name) > 120:
        raise BadInput("a reseller needs a name of letters, 120 characters at most")
    precision(currency)
    with transaction():
        if Organization.objects.filter(slug=slug).exists():
            raise ResellerExists(f"there is an organization {slug}", fix="choose another name")
        live = _organization(name, slug)
        twin = _organization(f"{name} (test)", f"{slug}-test", twin_of=live)
        Terms.objects.create(organization=live, currency=currency)
        wallet = open_wallet(live, currency)
        if credit_minor:
            set_credit_limit(wallet, credit_minor, reason=reason)
        _play_money(twin, currency)
        audit.note("reseller.onboarded", "organization", slug, after={"currency": currency}, reason=reason)
    return Onboarded(live, twin, create_key(live, "first live key"), create_key(twin, "first test key"))


def _organization(name: str, slug: str, *, twin_of: Organization | None = None) -> Organization:
    return Organization.objects.create(
        kind=Organization.Kind.RESELLER,
        name=name[:120],
        slug=slug,
        is_test=twin_of is not None,
        twin_of=twin_of,
        created_at=clock.now(),
    )


@needs_transaction
def _play_money(twin: Organization, currency: str) -> None:
    open_wallet(twin, currency)
    minor = PLAY_MONEY * 10 ** precision(currency)
    fact = Fact(
        kind="play_money", key=f"play-money:{twin.slug}", ledger=Ledger.TEST, reason=str(Money(minor, currency))
    )
    post(fact, [Posting(AccountRef(Kind.BANK, currency), AccountRef(Kind.WALLET, currency, twin.pk), minor)])

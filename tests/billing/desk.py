"""Short words for tests of billing: a seller, a customer in some country, what it bought, and the day it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from simplane.billing.actions import (
    Address,
    ProfileWanted,
    SellerWanted,
    check,
    draft_month,
    lock,
    save_profile,
    save_seller,
)
from simplane.billing.models import Invoice, Seller, VatCheck
from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.ids import new_id
from simplane.ledger.actions import capture, hold, open_wallet, post, set_credit_limit
from simplane.ledger.actions.post import Fact
from simplane.ledger.chart import Kind
from simplane.ledger.models import Wallet
from simplane.ledger.values import AccountRef, Posting
from simplane.organizations.models import Organization
from tests import factories

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
GERMAN = Address(
    name="Simplane GmbH",
    street="Torstraße 1",
    postcode="10119",
    city="Berlin",
    country="DE",
    vat_id="DE136695976",
    email="billing@simplane.example",
)


def seller(**given: Any) -> Seller:
    wanted = {
        "code": "de",
        "prefix": "R",
        "address": GERMAN,
        "register": "HRB 12345",
        "tax_number": "37/123/45678",
        "iban": "DE02 1203 0000 0000 2020 51",
        "bic": "BYLADEM1001",
        **given,
    }
    return save_seller(SellerWanted(**wanted))


def company(
    country: str = "DE", *, vat_id: str = "", language: str = "en", vies: str = "valid", **given: Any
) -> Organization:
    """A customer with a billing profile that is invoiced from September on. `vies`: its word; empty: none."""
    owner = factories.organization(kind="company")
    address = Address(
        name=given.pop("name", "Müller & Söhne"),
        street="Hauptstraße 5",
        postcode="80331",
        city="München",
        country=country,
        vat_id=vat_id,
        email="finance@company.example",
    )
    wanted = ProfileWanted(address=address, since=date(2026, 9, 1), reference="PO-77", language=language, **given)
    save_profile(owner, Seller.objects.first() or seller(), wanted)
    if vat_id and vies:
        told(owner, vat_id, vies)
    return owner


def told(owner: Organization, vat_id: str, state: str = "valid") -> VatCheck:
    """VIES answered today."""
    made: VatCheck = VatCheck.objects.create(
        organization=owner, vat_id=vat_id, asked_by="DE136695976", state=state, consultation="W1", asked_at=clock.now()
    )
    return made


def set_day(settings: Any, day: date, hour: int = 12) -> None:
    """Make it noon of a day."""
    frozen = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"clock_freeze": frozen})


def on_credit(owner: Organization, limit: int = 10_000_00, currency: str = "EUR") -> Wallet:
    with transaction():
        wallet = open_wallet(owner, currency)
        set_credit_limit(wallet, limit, reason="company")
    return wallet


def prepaid(owner: Organization, minor: int) -> Wallet:
    with transaction():
        wallet = open_wallet(owner, "EUR")
        fact = Fact(kind="top_up", key=f"top-up:{new_id('top')}")
        post(fact, [Posting(AccountRef(Kind.BANK, "EUR"), AccountRef(Kind.WALLET, "EUR", owner.pk), minor)])
    return wallet


def buys(owner: Organization, minor: int, currency: str = "EUR") -> str:
    """An eSIM bought out of the wallet; the unit's public id. As `ordering/money.py` posts it."""
    order, unit = new_id("ord"), new_id("unt")
    sales = AccountRef(Kind.SALES, currency, subject="wholesale")
    with transaction():
        wallet = Wallet.objects.get(organization=owner, currency=currency)
        hold(wallet, minor, key=order, subject=order)
        capture(order, minor, [(sales, minor)], part=f"{unit}:sale")
    return unit


def gets_back(owner: Organization, unit: str, minor: int) -> None:
    refunds = AccountRef(Kind.REFUNDS, "EUR", subject="wholesale")
    with transaction():
        fact = Fact(kind="refund", key=f"{unit}:refund")
        post(fact, [Posting(refunds, AccountRef(Kind.WALLET, "EUR", owner.pk), minor)])


def locked(owner: Organization, month: date = OCTOBER) -> Invoice:
    """The invoice of a month with everything done that a person does."""
    (row,) = draft_month(owner, month).invoices
    assert check(row.pk) == []
    return lock(row.pk)

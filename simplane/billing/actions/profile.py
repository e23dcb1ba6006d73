"""Who writes invoices, and to whom they go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from stdnum import bic, iban
from stdnum.exceptions import ValidationError

from simplane.billing.actions.move import moved
from simplane.billing.actions.vat import ask_soon
from simplane.billing.actions.writing import writing
from simplane.billing.models import BillingProfile, Seller
from simplane.billing.tax import clean_vat_id
from simplane.billing.words import LANGUAGES
from simplane.core import audit, clock, countries
from simplane.core.errors import BadInput
from simplane.core.money import precision
from simplane.organizations.models import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Of a business."""

    name: str
    street: str
    postcode: str
    city: str
    country: str
    vat_id: str = ""
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileWanted:
    """How a customer is invoiced. `since`: the first month; `payment_days`: 0 to 90."""

    address: Address
    since: date
    reference: str = ""
    language: str = "en"
    payment_days: int = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerWanted:
    """One of our companies. `prefix`: of its numbers, letters and digits only."""

    code: str
    prefix: str
    address: Address
    register: str
    iban: str
    tax_number: str = ""
    bic: str = ""
    tax_currency: str = "EUR"


def save_seller(wanted: SellerWanted) -> Seller:
    """Enter or change one of our companies. Invoices that are out stay as they are. Raises BadInput, BadVatId, BadMoney."""
    if not (wanted.prefix.isalnum() and wanted.prefix.isascii() and len(wanted.prefix) <= 8):
        raise BadInput(f"{wanted.prefix!r} is no prefix", fix="up to eight letters and digits")
    if not wanted.address.vat_id or not wanted.register.strip():
        raise BadInput("who writes invoices has a VAT id and a number in the register", fix="enter both")
    precision(wanted.tax_currency)
    fields: dict[str, Any] = {
        **_address(wanted.address),
        "prefix": wanted.prefix.upper(),
        "register": wanted.register.strip(),
        "tax_number": wanted.tax_number.strip(),
        "tax_currency": wanted.tax_currency,
        **_account(wanted),
    }
    with writing():
        row, _ = Seller.objects.update_or_create(
            code=wanted.code, defaults=fields, create_defaults={**fields, "created_at": clock.now()}
        )
        audit.note("seller.saved", "seller", row.code, after=fields)
        return row


def save_profile(
    organization: Organization, seller: Seller, wanted: ProfileWanted, *, by_customer: bool = False
) -> BillingProfile:
    """Enter or change to whom a customer's invoices go. Drafts are written again with it. Raises BadInput, BadVatId.

    `by_customer`: another country is its own word then, which decides no tax before `confirm_move`.
    """
    if wanted.language not in LANGUAGES:
        raise BadInput(f"{wanted.language!r} is no language of ours", fix=f"one of {', '.join(LANGUAGES)}")
    if not 0 <= wanted.payment_days <= 90:
        raise BadInput(f"{wanted.payment_days} days are no term of payment", fix="0 to 90 days")
    fields: dict[str, Any] = {
        **_address(wanted.address),
        "seller": seller,
        "reference": wanted.reference.strip()[:80],
        "language": wanted.language,
        "payment_days": wanted.payment_days,
        "since": wanted.since.replace(day=1),
        "updated_at": clock.now(),
    }
    with writing():
        before = BillingProfile.objects.select_for_update().filter(organization=organization).first()
        marks = moved(before or organization, fields["country"], by_customer=by_customer)
        row: BillingProfile
        row, _ = BillingProfile.objects.update_or_create(organization=organization, defaults=fields | marks)
        ask_soon(row)
        after = {**fields, "seller": seller.code, "since": f"{row.since:%Y-%m}", "updated_at": None}
        if row.moved_on is not None and row.move_confirmed_at is None:
            after["to_be_confirmed"] = f"{row.country} instead of {row.moved_from_country or 'none'}"
        audit.note(
            "billing_profile.saved", "organization", organization.slug, after=after, organization_id=organization.pk
        )
        return row


def _address(given: Address) -> dict[str, str]:
    country = given.country.strip().upper()
    if country not in countries.known():
        raise BadInput(f"{given.country} is no country", fix="two letters, such as DE")
    made = {name: " ".join(getattr(given, name).split()) for name in ("name", "street", "postcode", "city", "email")}
    missing = [name for name in ("name", "street", "city", "email") if not made[name]]
    if missing:
        raise BadInput(f"an invoice needs {', '.join(missing)}", fix="fill it in")
    vat_id = clean_vat_id(given.vat_id, country) if given.vat_id.strip() else ""
    return {**made, "country": country, "vat_id": vat_id}


def _account(wanted: SellerWanted) -> dict[str, str]:
    try:
        return {"iban": iban.validate(wanted.iban), "bic": bic.validate(wanted.bic) if wanted.bic else ""}
    except ValidationError as error:
        raise BadInput("this is no bank account", fix="check IBAN and BIC") from error

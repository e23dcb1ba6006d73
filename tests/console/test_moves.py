"""A customer that gives another country chooses no tax by it: one of us confirms the move."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.test import Client

from simplane.billing.actions import Address, ProfileWanted, check, confirm_move, draft_month, lock, save_profile
from simplane.billing.errors import NotNow, TaxUndecided
from simplane.billing.models import BillingProfile, Invoice, Seller
from simplane.core import tenancy
from simplane.core.models import AuditEntry
from simplane.organizations.models import Organization
from tests.billing import desk

pytestmark = pytest.mark.django_db
SWISS = Address(name="Acme", street="Ring 1", postcode="8001", city="Zürich", country="CH", email="ap@acme.example")
MONTHS = "/console/invoices/?month=2026-11"


def says(owner: Organization, address: Address) -> BillingProfile:
    """The customer itself, on its page."""
    wanted = ProfileWanted(address=address, since=date(2026, 9, 1))
    return save_profile(owner, Seller.objects.get(), wanted, by_customer=True)


def drafted(owner: Organization, month: date = desk.NOVEMBER) -> Invoice:
    (row,) = draft_month(owner, month).invoices
    return row


def test_a_move_changes_no_tax_before_one_of_us_confirms_it_and_then_only_of_months_to_come(
    console: Client, settings: Any
) -> None:
    desk.set_day(settings, date(2026, 11, 10))
    with tenancy.everywhere():
        owner = desk.company(name="Acme")
        desk.on_credit(owner)
        desk.buys(owner, 100_00)
        desk.set_day(settings, date(2026, 11, 20))
        profile = says(owner, SWISS)
        desk.buys(owner, 50_00)
        desk.set_day(settings, date(2026, 12, 2))
        desk.buys(owner, 70_00)
        row = drafted(owner)
        assert row.taxes == [["S", 1900, 150_00, 28_50]]
        assert check(row.pk) == [
            "It gave CH as its country instead of DE on 2026-11-20: look at the proof and confirm it under Invoices."
        ]
        with pytest.raises(NotNow, match="was not checked"):
            lock(row.pk)

    page = console.get(MONTHS)
    assert [(one.moved_from_country, one.country) for one, _ in page.context["moves"]] == [("DE", "CH")]
    assert f"Confirm CH of {owner.name}" in page.content.decode()
    address = f"/console/invoices/moves/{owner.slug}/"
    seen = {"month": "2026-11", "country": "CH", "vat_id": ""}
    other = console.post(address, seen | {"country": "US"}, follow=True)
    assert "the customer changed it again" in other.content.decode()
    assert "Confirmed: draft the month again." in console.post(address, seen, follow=True).content.decode()
    again = console.post(address, seen, follow=True)
    assert ("nothing to be confirmed any more" in again.content.decode(), again.context["moves"]) == (True, [])

    with tenancy.everywhere():
        note = AuditEntry.objects.get(action="billing_profile.move_confirmed", organization_id=owner.pk)
        assert (note.before, note.after) == (
            {"country": "DE", "vat_id": ""},
            {"country": "CH", "vat_id": "", "from": "2026-12-01"},
        )
        assert check(row.pk) == []
        assert lock(row.pk).tax_minor == 28_50
        desk.set_day(settings, date(2027, 1, 2))
        row = drafted(owner, date(2026, 12, 1))
        assert (row.taxes, check(row.pk)) == ([["O", 0, 70_00, 0]], [])
        assert says(owner, replace(SWISS, city="Basel")).move_confirmed_at is not None
        assert profile.pk == BillingProfile.objects.get(organization=owner).pk


def test_a_move_out_of_the_union_escapes_no_word_of_vies_and_who_comes_back_was_never_away(settings: Any) -> None:
    desk.set_day(settings, date(2026, 11, 10))
    with tenancy.everywhere():
        owner = desk.company("FR", vat_id="FR40303265045", vies="invalid")
        desk.on_credit(owner)
        desk.buys(owner, 100_00)
        desk.set_day(settings, date(2026, 12, 2))
        says(owner, SWISS)
        says(owner, replace(SWISS, country="US"))
        with pytest.raises(TaxUndecided, match="FR40303265045 is not known to FR"):
            draft_month(owner, desk.NOVEMBER)
        back = says(owner, replace(SWISS, country="FR", vat_id="FR40303265045"))
        assert (back.moved_on, back.moved_from_country) == (None, "")
        says(owner, SWISS)
        confirm_move(owner.slug, "CH", "")
        other = says(owner, replace(SWISS, country="US"))
        assert (other.moved_from_country, other.move_confirmed_at) == ("FR", None), "CH never counted"
        says(owner, replace(SWISS, country="FR", vat_id="FR40303265045"))

        says(owner, SWISS)
        ours = save_profile(
            owner, Seller.objects.get(), ProfileWanted(address=replace(SWISS, country="US"), since=back.since)
        )
        assert (ours.moved_on, drafted(owner).taxes) == (None, [["O", 0, 100_00, 0]])


def test_a_first_country_that_is_not_the_one_we_entered_is_confirmed_too(settings: Any) -> None:
    desk.set_day(settings, date(2026, 11, 10))
    with tenancy.everywhere():
        first, second = desk.company(), desk.company()
        BillingProfile.objects.all().delete()
        Organization.objects.filter(pk=first.pk).update(country="DE", vat_id="")
        for owner, country in ((first, "DE"), (second, "")):
            owner.country = country
        kept, told = says(first, SWISS), says(second, SWISS)
        assert (kept.moved_from_country, told.moved_from_country, told.moved_on) == ("DE", "", date(2026, 11, 10))
        assert says(first, replace(SWISS, country="DE")).moved_on is None

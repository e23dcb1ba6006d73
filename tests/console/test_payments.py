"""Card money at the console: top-ups, disputes and payouts as Stripe and the ledger tell them; refunds with four eyes."""

from __future__ import annotations

from django.test import Client

from simplane.core import clock
from simplane.core.models import AuditEntry, DeadLetter
from simplane.core.money import Money
from simplane.organizations.models import User
from simplane.payments.actions import propose_bank_top_up
from simplane.payments.models import Dispute, Payout, PayoutLine, RefundProposal, TopUpRefund
from tests.payments.conftest import desk, stripe_standin
from tests.payments.desk import Desk

__all__ = ["desk", "stripe_standin"]


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return " ".join(answer.content.decode().split())


def said(client: Client, address: str, **form: str) -> str:
    return " ".join(client.post(address, form, follow=True).content.decode().split())


def test_a_dispute_is_told_with_its_day_its_entries_and_its_reseller(desk: Desk, console: Client) -> None:
    row = desk.paid(50_00)
    desk.standin.control("disputes", payment_intent=row.intent_id, reason="duplicate")
    desk.tell()
    dispute = Dispute.objects.get()
    assert dispute.answer_by is not None

    listed, one = (
        shown(console, "/console/payments/disputes/"),
        shown(console, f"/console/payments/disputes/{dispute.stripe_id}/"),
    )

    name = desk.organization.name
    assert all(text in listed for text in (name, "duplicate", "needs response", f"{dispute.answer_by:%Y-%m-%d}"))
    assert f"Evidence must be at Stripe by {dispute.answer_by:%-d %B %Y}" in one
    assert "<dt>Taken from the wallet</dt> <dd>€50.00</dd>" in one
    assert one.count("console/ledger/transactions/") == 1
    assert f"/console/resellers/{desk.organization.slug}/" in one
    assert dispute.stripe_id in shown(console, f"/console/payments/{row.public_id}/")
    assert shown(console, "/console/stuck/letter/" + str(_letter()) + "/").count(f"/disputes/{dispute.stripe_id}/") == 1

    desk.standin.control(f"disputes/{dispute.stripe_id}", do="won")
    assert "Stripe is asked again" in said(console, f"/console/payments/{row.public_id}/look/")
    desk.work()
    assert "Won: the money is back in the wallet." in shown(console, f"/console/payments/disputes/{dispute.stripe_id}/")
    assert "No payer disputes a top-up" in shown(console, "/console/payments/disputes/")
    assert dispute.stripe_id in shown(console, "/console/payments/disputes/?state=over")
    assert console.get("/console/payments/disputes/dp_nothing/").status_code == 404


def _letter() -> int:
    return DeadLetter.objects.get(cause="top_up_disputed").pk


def test_a_payout_is_shown_line_by_line_and_a_difference_is_named(desk: Desk, console: Client) -> None:
    desk.paid(80_00)
    stranger = desk.api.v1.payment_intents.create(
        {
            "amount": 12_00,
            "currency": "eur",
            "payment_method": "pm_card_visa",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "confirm": True,
        }
    )
    desk.standin.control("payouts/run", everything=True, arrive=True)
    desk.tell()
    payout = Payout.objects.get()
    address = f"/console/payments/payouts/{payout.stripe_id}/"

    listed, one = shown(console, "/console/payments/payouts/?differ=1"), shown(console, address)

    assert "1 differs from our ledger" in listed
    assert "1 difference" in listed
    assert f"{stranger.latest_charge}</span>" in one
    assert "Stripe says 11.57 EUR, our ledger 0.00 EUR" in one
    assert one.index("Stripe says") < one.index(desk.organization.name)
    assert one.count("<tr data-row>") == PayoutLine.objects.count()
    assert "Decide in the queue" in one
    compared = shown(console, "/console/payments/payouts/balances/")
    assert "stripe-test" in compared
    assert "€11.57" in compared
    said(console, address + "match/")
    assert "read and match them now" in said(console, "/console/payments/payouts/match/")
    desk.work()
    assert (Payout.objects.get().differences, PayoutLine.objects.exclude(difference="").count()) == (1, 1)


def test_a_refund_needs_a_colleague_and_only_what_stripe_allows_is_offered(
    desk: Desk, console: Client, colleague: Client, person: User
) -> None:
    row = desk.paid(50_00)
    address = f"/console/payments/{row.public_id}/"
    assert "Propose the refund" in shown(console, address)
    for amount in ("", "0", "-1", "50.01", "1.005", "x"):
        assert "Refused" in said(console, address + "refund/", amount=amount, reason="asked"), amount
    assert "Refused" in said(console, address + "refund/", amount="20", reason=" ")
    assert not RefundProposal.objects.exists()

    assert "waits for a colleague" in said(console, address + "refund/", amount="20,00", reason="asked for it")
    wish = RefundProposal.objects.get()
    decide = f"/console/approvals/refunds/{wish.pk}/"
    assert "You proposed this; a colleague approves it." in shown(console, "/console/approvals/")
    assert "Refused" in said(console, decide, verdict="approve", reason="mine")
    assert not TopUpRefund.objects.exists()
    assert "Stripe pays it back" in said(colleague, decide, verdict="approve", reason="on the phone")
    assert (desk.wallet(), TopUpRefund.objects.get().state) == (30_00, "succeeded")
    assert "Refused" in said(colleague, decide, verdict="decline", reason="again")
    after = shown(console, address)
    assert "€30.00 at most" in after
    assert "proposed by" in after
    assert AuditEntry.objects.filter(action__startswith="top_up.refund").count() == 3

    bank = propose_bank_top_up(
        desk.organization, Money(9_00, "EUR"), reference="RF18", received_on=clock.now().date(), by=person
    )
    page = shown(console, f"/console/payments/{bank.public_id}/")
    assert "Propose the refund" not in page
    assert "a bank transfer is not given back by card" in page
    everything = shown(console, "/console/payments/?tests=1")
    assert everything.count("<tr data-row>") == 2
    assert shown(console, "/console/payments/?tests=1&q=RF18&method=bank&state=awaiting").count("<tr data-row>") == 1
    assert "<tr data-row>" not in shown(console, "/console/payments/")

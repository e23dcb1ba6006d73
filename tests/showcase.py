"""One row of everything, and the addresses of all pages that show them: for tests that walk the whole console."""

from __future__ import annotations

from decimal import Decimal

from simplane.catalog import prices
from simplane.catalog.markup import markup
from simplane.catalog.models import Tier
from simplane.catalog.prices import NewPrice
from simplane.catalog.scopes import LIST, Scope
from simplane.core import clock, context, tenancy
from simplane.core.models import Schedule
from simplane.core.money import Money
from simplane.fleet import onboard as company
from simplane.fleet.models import FleetLine, Operation, Plan
from simplane.ledger.actions.adjust import propose_adjustment
from simplane.ledger.actions.cashbook import Payout, record_payouts
from simplane.ledger.models import Account, Transaction, Wallet
from simplane.ordering.resellers import Agreed, onboard
from simplane.organizations import invitations, lifecycle
from simplane.organizations.models import CompanyRole
from simplane.payments.actions import propose_bank_top_up, propose_refund
from simplane.routing import pricing
from tests import factories
from tests.payments import rows

PAGES = (
    "/console/",
    "/console/stuck/",
    "/console/stuck/no_offer/",
    "/console/alerts/",
    "/console/alerts/?all=1",
    "/console/orders/",
    "/console/customers/",
    "/console/esims/",
    "/console/mail/",
    "/console/products/",
    "/console/products/new/",
    "/console/offers/",
    "/console/offers/review/",
    "/console/offers/quarantine/",
    "/console/offers/runs/",
    "/console/matching/",
    "/console/matching/?state=stale",
    "/console/routing/",
    "/console/routing/explain/",
    "/console/skus/",
    "/console/companies/",
    "/console/companies/new/",
    "/console/resellers/",
    "/console/resellers/new/",
    "/console/prices/",
    "/console/prices/upload/",
    "/console/prices/tiers/",
    "/console/approvals/",
    "/console/payments/",
    "/console/payments/disputes/",
    "/console/payments/payouts/",
    "/console/invoices/",
    "/console/ledger/",
    "/console/ledger/accounts/",
    "/console/ledger/cash/",
    "/console/ledger/months/",
    "/console/suppliers/",
    "/console/shops/",
    "/console/webhooks/",
    "/console/jobs/",
    "/console/audit/",
)


def one_of_wholesale() -> list[str]:
    """A reseller with money, prices and people, and all that waits for a colleague; the addresses of its pages."""
    made = onboard("Acme Travel", "EUR", Agreed(credit_minor=500_00, owner_email="ana@acme.example", reason="known"))
    owner, me = made.organization, factories.staff()
    product = factories.product(min_margin_minor=1_00)
    factories.match(product=product, offer=factories.offer(cost_minor=3_00, currency="EUR"))
    scope, tier = Scope(organization=owner), Scope(tier=Tier.objects.create(name="Gold", min_monthly_units=100))
    prices.set_markup(tier, markup("EUR", Decimal(25), "0.50", "x.90"), reason="new year")
    with context.acting(f"user:{me.pk} {me.email}"):
        for one, minor in ((LIST, 12_00), (tier, 11_00), (scope, 10_00), (scope, 1)):
            pricing.set_prices([NewPrice(product=product, scope=one, price=Money(minor, "EUR"), reason="agreed")])
        wallet = Wallet.objects.get(organization=owner)
        propose_adjustment(wallet, -5_00, cause="correction", reason="paid twice")
        propose_bank_top_up(owner, Money(100_00, "EUR"), reference="RF18", received_on=clock.now().date(), by=me)
    record_payouts(
        [
            Payout(
                service="demo", gross=Money(9_00, "EUR"), fee=Money(30, "EUR"), reference="po_1", on=clock.now().date()
            )
        ]
    )
    factories.organization(kind="reseller", state="applied", contact_email="new@example.com")
    dispute, payout = rows.dispute(top_up=rows.top_up(organization=owner, state="disputed")), rows.payout()
    paid = rows.top_up(organization=owner)
    with context.acting(f"user:{me.pk} {me.email}"):
        propose_refund(paid.public_id, 10_00, reason="paid twice")
    bank, fact = Account.objects.get(kind="bank", ledger="live"), Transaction.objects.get(kind="payout")
    return [
        one_company(),
        f"/console/resellers/{owner.slug}/",
        f"/console/payments/{paid.public_id}/",
        f"/console/payments/disputes/{dispute.stripe_id}/",
        f"/console/payments/payouts/{payout.stripe_id}/",
        "/console/prices/?for=tier:Gold",
        f"/console/prices/?for={scope.key}",
        f"/console/prices/of/{product.sku}/?for={scope.key}",
        f"/console/ledger/accounts/{bank.pk}/?at=2026-11-20T12:00",
        f"/console/ledger/transactions/{fact.pk}/",
        "/console/ledger/?ledger=test",
    ]


def one_company() -> str:
    """A suspended company on credit with an owner invited, a dead letter and an operation under way; its page."""
    of = company.onboard(
        company.Agreed(name="Globex", slug="globex", currency="EUR", credit_minor=500_00, reason="known")
    )
    invitations.invite(of.pk, "ana@globex.example", CompanyRole.OWNER, by=None)
    factories.letter(order_id=factories.order(organization=of, book="company").pk)
    product, now = factories.product(), clock.now()
    with tenancy.everywhere():
        plan = Plan.objects.create(
            organization=of, public_id="plan_1", product=product, name=product.name, price_minor=900, currency="EUR", days=30,
            countries=["DE"], can_suspend=True, can_terminate=True, can_top_up=True, can_replace=True, change="no",
            usage_delay_seconds=60, updated_at=now,
        )  # fmt: skip
        line = FleetLine.objects.create(
            organization=of, public_id="fl_1", plan=plan, state="active", state_at=now, wanted_at=now, created_at=now
        )
        Operation.objects.create(
            organization=of, public_id="op_1", line=line, kind="suspend", state="sent", state_at=now, asked_by="x", asked_at=now
        )  # fmt: skip
    lifecycle.suspend(of.pk, reason="unpaid")
    return f"/console/companies/{of.slug}/"


def one_of_everything() -> list[str]:
    """A row of everything; the addresses of their own pages."""
    now = clock.now()
    unit = factories.delivered_unit()
    order, line = unit.order, unit.line
    assert line is not None
    line.confirmation_code_required = True
    line.save()
    shop = factories.shop(key=order.account)
    factories.reconciliation(shop=shop, balanced=False, exceptions=[{"order": "1", "name": "#1", "why": "deleted"}])
    factories.write_back(order=order, shop=shop, state="wanted", due_at=now)
    factories.refund(order=order, shop=shop)
    factories.install_link(order_id=order.pk, unit_id=unit.pk, line=line, views=1, first_seen_at=now)
    factories.message(order_id=order.pk, unit_id=unit.pk, state="failed", problem="550 no such user")
    letter = factories.letter(order_id=order.pk, detail={"receipt": 1})
    factories.letter(kind="dispute", cause="payment_disputed", order_id=order.pk, summary="#1: dispute needs_response")
    webhook = factories.inbox_message(order_id=order.pk)
    offer = factories.offer(state="review", review_reason="price rose", supplier=line.supplier)
    change = factories.offer_change(offer=offer)
    factories.quarantined(supplier=line.supplier)
    factories.price(product=unit.product)
    factories.match(product=unit.product, offer=line.purchase.offer)
    factories.match(product=unit.product, offer=offer, state="proposed", score=90, differences=["2 days more"])
    factories.rule(supplier=line.supplier)
    receipt = factories.receipt(unit_id=unit.pk, product=unit.product, chosen=offer)
    factories.alert()
    factories.audit_entry(before={"state": "open"}, after={"state": "held"}, reason="odd")
    factories.channel_sku(shop=shop, product=None)
    factories.order_line(product=None)
    factories.failed_job()
    Schedule.objects.create(name="clean_up", last_started_at=now, last_ok=False, last_problem="disk full")
    trade = one_of_wholesale()
    return [
        *trade,
        f"/console/orders/{order.public_id}/",
        f"/console/customers/{order.customer_id}/",
        f"/console/esims/{line.pk}/",
        f"/console/stuck/letter/{letter.pk}/",
        f"/console/webhooks/{webhook.pk}/",
        f"/console/products/{unit.product.sku}/",
        f"/console/products/{unit.product.sku}/?price=12.50&currency=EUR",
        f"/console/offers/{offer.pk}/",
        f"/console/offers/runs/{change.run_id}/",
        f"/console/routing/receipts/{receipt.pk}/",
        f"/console/routing/receipts/{receipt.pk}/?replay=1",
        f"/console/routing/explain/?sku={unit.product.sku}&price=&currency=",
        f"/console/suppliers/{line.supplier.code}/",
        f"/console/shops/{shop.key}/",
    ]

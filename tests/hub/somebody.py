"""An account with one of everything, for those who must not see it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.urls import reverse

from simplane.core import clock
from simplane.core.db import transaction
from simplane.ledger.actions import open_wallet
from simplane.ordering.models import Order
from simplane.organizations.invitations import invite
from simplane.organizations.keys import create_key
from simplane.organizations.models import Organization, Role
from simplane.payments.invoice_models import MonthlyInvoice
from simplane.payments.invoice_values import Content, Line, Party
from simplane.payments.models import SavedCard, StripeAccount, StripeCustomer, TopUp
from simplane.webhooks.actions import create_endpoint
from simplane.webhooks.models import Delivery, Message
from tests import factories
from tests.hub.people import member
from tests.hub.routes import VERBS


@dataclass(frozen=True, slots=True)
class Belongings:
    """The ids of what an account has: by name of the route, or of its kind before the underscore."""

    ids: dict[str, str | int]
    people: dict[str, str | int]
    """Of the team, which is the same in test mode."""
    marks: tuple[str, ...]
    """Texts that only its own pages show."""

    def addresses(self, *, team: bool = True) -> dict[str, str]:
        """Every address of the hub that names a thing, naming one of these."""
        found: dict[str, str] = {}
        for name, value in {**self.ids, **(self.people if team else {})}.items():
            known = {"public_id": value} if isinstance(value, str) else {"pk": value}
            verb = {"verb": VERBS[name]} if name in VERBS else {}
            found[name] = reverse(f"hub:{name}", kwargs={**known, **verb})
        return found


def everything_of(home: Organization) -> Belongings:
    """Write one of everything for an account and say where it is found."""
    mark = f"mark-{home.pk}"
    with transaction():
        open_wallet(home, "EUR")
    order, unit, iccid = _order(home, mark)
    key = create_key(home, f"{mark} key").key.public_id
    hook = create_endpoint(home, f"https://{mark}.example/hook").endpoint
    delivery = _delivery(home, hook.pk)
    top_up, card = _money(home)
    invoice = _invoice(home)
    colleague = member(home, Role.VIEWER, email=f"{mark}@reseller.example")
    invited = invite(home.pk, f"{mark}-new@reseller.example", Role.BUYER, by=None)
    membership = colleague.memberships.get().pk
    ids: dict[str, str | int] = {
        **dict.fromkeys(("order", "order_units", "order_zip", "order_send", "order_cancel"), order.public_id),
        **dict.fromkeys(("unit_qr", "unit_send", "unit_cancel", "add_data"), unit),
        **dict.fromkeys(("key_rotate", "key_revoke"), key),
        **dict.fromkeys(
            ("webhook", "webhook_change", "webhook_rotate", "webhook_replay", "webhook_action"), hook.public_id
        ),
        **dict.fromkeys(("delivery", "delivery_replay"), delivery),
        "top_up": top_up,
        "card_remove": card,
        **dict.fromkeys(("invoice", "invoice_pdf", "invoice_csv"), invoice),
    }
    people: dict[str, str | int] = {
        "member_role": membership, "member_remove": membership, "invitation_action": invited.pk,
    }  # fmt: skip
    return Belongings(ids, people, (mark, order.public_id, unit, iccid, key, hook.public_id, top_up, card, invoice))


def _order(home: Organization, mark: str) -> tuple[Order, str, str]:
    order = factories.order(organization=home, book="wholesale", account=home.slug, name=mark)
    unit = factories.delivered_unit(order=order)
    assert unit.line is not None
    return order, unit.public_id, unit.line.iccid


def _delivery(home: Organization, endpoint_id: int) -> str:
    now, number = clock.now(), factories.number()
    message = Message.objects.create(
        organization=home, public_id=f"msg_{number}", type="order.created", key=f"event:{number}", subject="ord_1",
        sequence=number, at=now, created_at=now, body="{}",
    )  # fmt: skip
    made = Delivery.objects.create(
        endpoint_id=endpoint_id, message=message, public_id=f"dlv_{number}", state="failed", created_at=now
    )
    return made.public_id


def _invoice(home: Organization) -> str:
    made = MonthlyInvoice.objects.create(
        organization=home, number=f"WS-2026-{factories.number():05d}", month="2026-10-01", currency="EUR", net_minor=4_50,
        content=asdict(Content(Party("We"), Party(home.name), (Line("EU-5", "Europe", 1, 4_50),))), issued_at=clock.now(),
    )  # fmt: skip
    return made.number


def _money(home: Organization) -> tuple[str, str]:
    now, number = clock.now(), factories.number()
    account, _ = StripeAccount.objects.get_or_create(
        key="stripe-live", defaults={"name": "Stripe", "is_test": False, "credentials": {}, "created_at": now}
    )
    customer = StripeCustomer.objects.create(account=account, organization=home, public_id=f"cus_{number}")
    card = SavedCard.objects.create(
        customer=customer, organization=home, public_id=f"crd_{number}", stripe_id=f"pm_{number}", brand="visa",
        last4="4242", exp_month=12, exp_year=2030, created_at=now,
    )  # fmt: skip
    top_up = TopUp.objects.create(
        organization=home, account=account, public_id=f"top_{number}", method="checkout", state="succeeded",
        amount_minor=5_00, currency="EUR", request={}, created_at=now,
    )  # fmt: skip
    return top_up.public_id, card.public_id

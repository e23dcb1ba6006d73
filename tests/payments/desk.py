"""A Stripe stand-in in its own process, a reseller, and the way of an event: signed, through the door, worked on."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterable
from typing import Any

import stripe
from django.db import connection

from simplane.config.wsgi import application
from simplane.core import jobs
from simplane.core.models import DeadLetter, InboxMessage
from simplane.core.money import Money
from simplane.ledger import queries as ledger
from simplane.ledger.chart import Kind
from simplane.ledger.models import Ledger
from simplane.ledger.values import AccountRef
from simplane.ledger.verify import verify
from simplane.organizations.models import Organization
from simplane.payments import actions, intake, step
from simplane.payments.models import SavedCard, StripeAccount, TopUp
from tests import factories
from tests.ledger.money import funded
from tests.standins import Standin

API_KEY, SECRET = "sk_test_sandbox_not_real", "whsec_sandbox_not_real"
SUCCESS, CANCEL = "https://hub.example/done", "https://hub.example/back"
Json = dict[str, Any]


class Desk:
    """One reseller in test mode, whose Stripe account is the stand-in."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self.account = StripeAccount.objects.create(
            key="stripe-test",
            name="Stripe",
            is_test=True,
            api_url=standin.url,
            credentials={"api_key": API_KEY, "webhook_secret": SECRET, "previous_webhook_secrets": []},
            is_stand_in=True,
            created_at="2026-01-01T00:00:00Z",
        )
        self.organization = self.reseller()
        self.api = stripe.StripeClient(API_KEY, base_addresses={"api": standin.url}, max_network_retries=0)
        self._told: set[str] = set()
        intake.forget()

    def reseller(self, minor: int = 0, currency: str = "EUR") -> Organization:
        made = factories.organization(kind="reseller", is_test=True)
        if minor:
            raise ValueError("fund it by a top-up: test money lies in the other ledger")
        funded(0, owner=made, currency=currency)
        return made

    def checkout(self, minor: int = 50_00, currency: str = "EUR", **more: Any) -> TopUp:
        money = Money(minor, currency)
        return actions.start_checkout(self.organization, money, success_url=SUCCESS, cancel_url=CANCEL, **more)

    def pay(self, row: TopUp, method: str = "pm_card_visa", do: str = "pay") -> Json:
        """The payer at Stripe's page."""
        done: Json = self.standin.control(f"checkout/{row.session_id}", do=do, payment_method=method)
        return done

    def paid(self, minor: int = 50_00, method: str = "pm_card_visa", **more: Any) -> TopUp:
        """A top-up that is in the wallet, with its fee."""
        row = self.checkout(minor, **more)
        self.pay(row, method)
        self.tell()
        return self.fresh(row)

    def card(self, method: str = "pm_card_visa") -> SavedCard:
        """A card saved on Stripe's page."""
        row = actions.start_saving_card(self.organization, success_url=SUCCESS, cancel_url=CANCEL)
        self.standin.control(f"checkout/{row.session_id}", do="pay", payment_method=method)
        self.tell()
        row.refresh_from_db()
        assert row.card is not None
        return row.card

    def news(self) -> list[Json]:
        """Events of the stand-in that were not told yet, oldest first."""
        found = [one.to_dict() for one in self.api.v1.events.list({"limit": 100}).data][::-1]
        fresh = [one for one in found if one["id"] not in self._told]
        self._told |= {one["id"] for one in fresh}
        return fresh

    def tell(self, events: Iterable[Json] | None = None) -> list[str]:
        """Post events to our door, signed, and work on them; returns their types."""
        told = list(self.news() if events is None else events)
        for event in told:
            assert self.post(json.dumps(event, indent=2).encode()) == 200
        self.work()
        return [event["type"] for event in told]

    def post(self, body: bytes, signature: str | None = None, key: str = "stripe-test") -> int:
        """One delivery to our door; its status."""
        signed = signature or stripe.WebhookSignature.generate_signature_header(body.decode(), SECRET)
        answered: list[str] = []
        request = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": f"/webhooks/stripe/{key}",
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": io.BytesIO(body),
            "HTTP_STRIPE_SIGNATURE": signed,
        }
        b"".join(application(request, lambda status, _headers: answered.append(status)))
        return int(answered[0].split()[0])

    def work(self) -> None:
        """What the worker does, until nothing of payments waits in the queue."""
        for pk in InboxMessage.objects.filter(state="received").order_by("pk").values_list("pk", flat=True):
            _perform("core.handle_message", {"message_id": pk})
        while waiting := _waiting():
            for name, arguments in waiting:
                _perform(name, arguments)

    def fresh(self, row: TopUp) -> TopUp:
        return TopUp.objects.get(pk=row.pk)

    def due(self, row: TopUp) -> TopUp:
        """Its time has come: the sweep would find it now."""
        TopUp.objects.filter(pk=row.pk).update(due_at="2026-01-01T00:00:00Z", lease_until=None)
        step.step(row.pk)
        return self.fresh(row)

    def wallet(self, currency: str = "EUR") -> int:
        return next(one.balance_minor for one in ledger.wallets(self.organization.pk) if one.currency == currency)

    def booked(self, kind: Kind, currency: str = "EUR") -> int:
        """Balance of one of our own accounts, on its own side."""
        subject = "" if kind is Kind.BANK else "stripe-test"
        return ledger.balance(AccountRef(kind, currency, subject=subject), ledger=Ledger.TEST)

    def letters(self) -> list[str]:
        rows = DeadLetter.objects.filter(resolved_at__isnull=True).order_by("cause")
        return list(rows.values_list("cause", flat=True))

    def add_up(self) -> None:
        """The ledger is sound, and our clearing account says what Stripe's books say."""
        assert verify().problems == ()
        there = self.standin.books()["balance_minor"]
        for currency, minor in there.items():
            assert self.booked(Kind.CLEARING, currency.upper()) == minor


def _perform(name: str, arguments: Json) -> None:
    assert asyncio.run(jobs.perform(jobs.Job(name, arguments))) is None


def _waiting() -> list[tuple[str, Json]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE task_name LIKE 'payments.%%' AND status = 'todo'"
            " RETURNING task_name, args::text, id"
        )
        rows = sorted(cursor.fetchall(), key=lambda row: row[2])
    return [(name, json.loads(args)) for name, args, _ in rows]

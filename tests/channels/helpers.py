"""What tests of channels do: let a merchant act at the stand-in, work off jobs and messages as a worker would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from django.db import connection

from simplane.channels import refunds
from simplane.channels.models import Refund, Shop
from simplane.channels.shopify import reads
from simplane.core import clock, inbox, jobs
from simplane.core.models import InboxMessage
from simplane.ordering.models import Order, Unit
from tests import factories
from tests.channels import bodies
from tests.standins import Standin

DOMAIN = "demo-shop.myshopify.com"
SKU = "ESIM-EU-5GB-30D"


class Merchant:
    """What a merchant, a buyer or bad luck does at the stand-in's demo shop."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin

    def sells(self, *lines: dict[str, Any], **order: Any) -> dict[str, Any]:
        """One order as its books show it; a line without SKU is the demo eSIM's."""
        wanted = [{"sku": SKU, "price": "19.00"} | line for line in lines or ({},)]
        made = self.standin.control(f"shops/{DOMAIN}/orders", lines=wanted, **order)
        return self.order(made["ids"][0])

    def does(self, deed: str, order: dict[str, Any], **given: Any) -> dict[str, Any]:
        """pay, edit, cancel, refund, dispute, risk, fulfil, hold, release."""
        path = f"shops/{DOMAIN}/orders/{order['order_id']}/{deed}"
        done: dict[str, Any] = self.standin.control(path, "POST", **given)["order"]
        return done

    def order(self, order_id: int) -> dict[str, Any]:
        """As in the shop's books now."""
        shown: dict[str, Any] = self.standin.control(f"shops/{DOMAIN}/orders/{order_id}")
        return shown

    def calls(self, word: str) -> int:
        """How many calls the stand-in received whose body holds `word`."""
        return sum(word in str(call.get("body", "")) for call in self.standin.journal(limit=500))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run one coroutine to its end, as the worker would."""
    return asyncio.run(work)


def queued(name: str) -> list[dict[str, Any]]:
    """Arguments of the waiting jobs of a name, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = %s ORDER BY id", [name])
        return [{key: value for key, value in json.loads(row[0]).items() if key != "_rid"} for row in cursor.fetchall()]


def work_off(name: str) -> int:
    """Take every waiting job of a name and run it here. Returns how many there were."""
    arguments = queued(name)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name = %s", [name])
    for one in arguments:
        function: Callable[..., Any] = jobs.registered()[name].function
        done = function(**one)
        if asyncio.iscoroutine(done):
            asyncio.run(done)
    return len(arguments)


def handled(message: InboxMessage) -> InboxMessage:
    """Work on a stored message, with the read it may ask for, as worker and sweep would; the row afterwards."""
    run(inbox.handle_together(message.pk))
    message.refresh_from_db()
    if message.state == "failed" and "NotYet" in message.problem:
        work_off("channels.read_order")
        inbox.replay(message.pk)
        run(inbox.handle_together(message.pk))
        message.refresh_from_db()
    return message


def units_of(order_id: int | str, state: str = "") -> list[Unit]:
    """Units of the order with this id at the shop, oldest first."""
    found = Unit.objects.filter(external_order=str(order_id)).order_by("pk")
    return list(found.filter(state=state) if state else found)


def deliver(order_id: int | str, *, count: int | None = None) -> Order:
    """Have units of this order handed over, as far as the channel can see."""
    owed = [unit for unit in units_of(order_id) if unit.state != "delivered"]
    for unit in owed[:count]:
        issued = factories.line(unit_id=unit.pk)
        Unit.objects.filter(pk=unit.pk).update(
            state="delivered", line=issued, purchase=issued.purchase, due_at=None, delivered_at=unit.created_at
        )
    return Order.objects.get(external_id=str(order_id))


def sold(merchant: Merchant, *lines: dict[str, Any], **order: Any) -> tuple[dict[str, Any], Order]:
    """An order in the shop's books, and as we took it in."""
    made = merchant.sells(*lines, **order)
    run(reads.take_in(Shop.objects.get().pk, str(made["order_id"])))
    return made, Order.objects.get(external_id=str(made["order_id"]))


def done(row: Refund) -> Refund:
    """The next attempt, as if its time had come."""
    Refund.objects.filter(pk=row.pk, due_at__isnull=False).update(due_at=clock.now(), lease_until=None)
    run(refunds.perform(row.pk))
    row.refresh_from_db()
    return row


def paid_back(merchant: Merchant, made: dict[str, Any]) -> list[int]:
    """Amounts of the refunds in the shop's books."""
    return [one["amount_minor"] for one in merchant.order(made["order_id"])["refunds"]]


def told(topic: str, body: Any, **given: Any) -> InboxMessage:
    """A message that is worked on without any read."""
    message = bodies.message(topic, body, **given)
    inbox.handle_message(message.pk)
    message.refresh_from_db()
    return message


def order_of(message: InboxMessage) -> Order:
    """The order a message was about."""
    return Order.objects.get(pk=message.order_id or 0)

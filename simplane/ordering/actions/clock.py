"""The delivery clock: late, customer told, person paged, refund proposed or done. Each step once an order."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from simplane.core import clock, events
from simplane.core.db import transaction
from simplane.delivery.actions import queue_notice
from simplane.delivery.mime import greeted
from simplane.ordering.actions.recipients import limited, may_mail
from simplane.ordering.events import OrderLate
from simplane.ordering.models import Order


def tick(*, limit: int = 500) -> int:
    """Take the next step of every order whose clock is due. Returns how many steps were taken."""
    steps: tuple[int, ...] = settings.SIMPLANE.delivery_clock_seconds
    now = clock.now()
    with transaction():
        due = list(
            Order.objects.select_for_update(skip_locked=True)
            .filter(clock_next_at__lte=now, state=Order.State.OPEN)
            .order_by("clock_next_at")[:limit]
        )
        for order in due:
            _step(order, steps)
        return len(due)


def _step(order: Order, steps: tuple[int, ...]) -> None:
    assert order.clock_started_at is not None
    now = clock.now()
    step = order.clock_step + 1
    following = steps[step] if step < len(steps) else None
    order.clock_step = step
    order.clock_next_at = order.clock_started_at + timedelta(seconds=following) if following is not None else None
    order.save(update_fields=["clock_step", "clock_next_at"])
    waited = int((now - order.clock_started_at).total_seconds())
    events.record(OrderLate(order_id=order.pk, step=step, waited_seconds=waited))


def tell_customer(order_id: int, step: int) -> None:
    """Step 2: one honest mail that it takes longer. Nothing when the order was served meanwhile."""
    if step != 2:
        return
    order = Order.objects.select_related("customer").get(pk=order_id)
    if order.state != Order.State.OPEN or "@" not in order.customer.email:
        return
    if not may_mail(order, order.customer.email):
        return
    limit = {"account_id": account} if (account := limited(order)) is not None else {}
    with transaction():
        queue_notice(
            "order_late",
            order_id=order.pk,
            to=order.customer.email,
            locale=order.locale,
            context={
                "customer_name": order.customer.name,
                "order_name": order.name if greeted(order.name) else order.public_id,
                **limit,
            },
        )

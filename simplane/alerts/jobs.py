"""What raises alerts, and the job that tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from simplane.alerts import actions, company, digest, watch
from simplane.alerts.models import Alert
from simplane.alerts.values import console
from simplane.core import clock, deadletters, jobs, work
from simplane.core.db import transaction
from simplane.core.schedule import scheduled
from simplane.ordering.letters import waiting
from simplane.ordering.models import Order
from simplane.policies import digests
from simplane.suppliers.models import Supplier


@jobs.job("alerts.tell", queue="default", tries=3)
async def tell(alert_id: int) -> None:
    await actions.tell(alert_id)


@jobs.job("alerts.unit_died", queue="default")
def unit_died(order_id: int) -> None:
    letter = waiting().filter(order_id=order_id, kind="unit").last()
    if letter is not None:
        count = waiting().filter(cause=letter.cause).count()
        actions.raise_alert(
            "stuck",
            letter.cause,
            level="warning",
            title=f"{count} stuck: {deadletters.cause(letter.cause).title}",
            text="Units that can not go on by themselves wait in the stuck queue.",
            link=console(f"stuck/{letter.cause}/"),
        )


@jobs.job("alerts.order_late", queue="default")
def order_late(order_id: int, step: int) -> None:
    """Step 3 of the delivery clock pages a person."""
    order = Order.objects.filter(pk=order_id, state=Order.State.OPEN, is_test=False).first()
    if step != 3 or order is None:
        return
    late = Order.objects.filter(state=Order.State.OPEN, clock_step__gte=3, is_test=False).count()
    actions.raise_alert(
        "orders_late",
        order.account,
        level="critical",
        title=f"{late} paid orders of {order.account} wait for their eSIM",
        text=f"Newest: order {order.public_id}.",
        link=console("orders/?late=1"),
    )


@jobs.job("alerts.supplier_blocked", queue="default")
def supplier_blocked(supplier_id: int, why: str) -> None:
    supplier = Supplier.objects.get(pk=supplier_id)
    actions.raise_alert(
        "supplier_blocked",
        supplier.code,
        level="critical",
        title=f"{supplier.name} sells nothing to us",
        text=why,
        link=console("suppliers/"),
    )


@jobs.job("alerts.supplier_recovered", queue="default")
def supplier_recovered(supplier_id: int) -> None:
    actions.resolve("supplier_blocked", Supplier.objects.get(pk=supplier_id).code)


@jobs.job("alerts.float_low", queue="default")
def float_low(supplier_id: int, balance: str) -> None:
    supplier = Supplier.objects.get(pk=supplier_id)
    actions.raise_alert(
        "float_low",
        supplier.code,
        level="warning",
        title=f"Float at {supplier.name} is low: {balance}",
        text="Top it up before routing has to leave this supplier out.",
        link=console("suppliers/"),
    )


@jobs.job("alerts.foreign_orders", queue="default")
def foreign_orders(supplier_id: int, order_ids: list[str]) -> None:
    supplier = Supplier.objects.get(pk=supplier_id)
    actions.raise_alert(
        "foreign_orders",
        supplier.code,
        level="warning",
        title=f"{supplier.name} has orders that none of ours explains",
        text=f"Somebody buys beside Simplane on this account: {', '.join(order_ids[:5])}",
        link=console("suppliers/"),
    )


@scheduled("alerts_due", cron="* * * * * */10", title="Alerts told again, or told at last", most_seconds=60)
def alerts_due() -> dict[str, Any]:
    with transaction():
        due = work.take_due(Alert, hold_seconds=120)
        jobs.enqueue_many("alerts.tell", [{"alert_id": pk} for pk in due])
    return {"alerts": len(due)}


@scheduled("watch", cron="* * * * *", title="Watchdog of the platform itself", most_seconds=60)
def platform_watch() -> dict[str, Any]:
    return watch.watch()


@jobs.job("alerts.company_alert", queue="default")
def company_alert(organization_id: int, alert_id: int, step: int) -> None:
    company.alert(organization_id, alert_id, step)


@jobs.job("alerts.company_send", queue="webhooks", tries=12)
async def company_send(organization_id: int, sent_id: int) -> None:
    await company.send(organization_id, sent_id)


@jobs.job("alerts.company_question", queue="webhooks", tries=3)
async def company_question(organization_id: int, approval_id: int) -> None:
    await company.question(organization_id, approval_id)


@jobs.job("alerts.company_question_mail", queue="mail")
def company_question_mail(organization_id: int, approval_id: int, user_id: int) -> None:
    company.question_mail(organization_id, approval_id, user_id)


@scheduled("company_digests", cron="*/10 * * * *", title="Daily mails to members of companies, in their morning")
def company_digests() -> dict[str, Any]:
    with transaction():
        due = digests.take_due(clock.now())
        many = [
            {"organization_id": one.organization_id, "user_id": one.user_id, "since": one.since.isoformat()}
            for one in due
        ]
        jobs.enqueue_many("alerts.company_digest_mail", many)
    return {"mails": len(due)}


@jobs.job("alerts.company_digest_mail", queue="mail")
def company_digest_mail(organization_id: int, user_id: int, since: str) -> None:
    digest.mail(organization_id, user_id, datetime.fromisoformat(since))

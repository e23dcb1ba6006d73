"""Jobs and timetable of payments: thin; each calls one action on a thread of its own kind."""

from __future__ import annotations

from typing import Any

from simplane.core import jobs, work
from simplane.core.db import transaction
from simplane.core.schedule import scheduled
from simplane.payments import (
    catch_up,
    handle,
    payouts,
    refunds,
    setups,
    step,
)
from simplane.payments.models import CardSetup, Payout, TopUp, TopUpRefund
from simplane.payments.threads import in_stripe_thread
from simplane.payments.watch import watch_wallets

OWED = (
    (TopUp, "payments.step", "top_up_id"),
    (TopUpRefund, "payments.refund", "refund_id"),
    (CardSetup, "payments.step_setup", "setup_id"),
    (Payout, "payments.payout", "payout_id"),
)


@jobs.job("payments.step", queue="channel", hint=True)
async def step_top_up(top_up_id: int) -> None:
    await in_stripe_thread(step.step, top_up_id)


@jobs.job("payments.refund", queue="channel", hint=True)
async def refund(refund_id: int) -> None:
    await in_stripe_thread(refunds.send, refund_id)


@jobs.job("payments.step_setup", queue="channel", hint=True)
async def step_setup(setup_id: int) -> None:
    await in_stripe_thread(setups.step, setup_id)


@jobs.job("payments.payout", queue="channel", hint=True)
async def match_payout(payout_id: int) -> None:
    await in_stripe_thread(payouts.step, payout_id)


@jobs.job("payments.find_payment", queue="channel")
async def find_payment(account_id: int, charge_id: str) -> None:
    await in_stripe_thread(handle.find_payment, account_id, charge_id)


@jobs.job("payments.read_payout", queue="channel")
async def read_payout(account_id: int, payout_id: str) -> None:
    await in_stripe_thread(payouts.read, account_id, payout_id)


@scheduled("payments.sweep", cron="* * * * * */15", title="Top-ups, refunds and payouts that owe a step")
def sweep() -> dict[str, Any]:
    """Give every due row its job."""
    found: dict[str, Any] = {}
    for model, job, argument in OWED:
        ids = work.take_due(model)
        with transaction():
            jobs.enqueue_many(job, [{argument: pk} for pk in ids])
        found[model.__name__] = len(ids)
    return found


@scheduled("payments.watch", cron="* * * * * */10", title="Wallets below their threshold", most_seconds=60)
def watch() -> dict[str, int]:
    """Tell low wallets and start automatic top-ups."""
    return watch_wallets()


@scheduled(
    "payments.catch_up", cron="23 * * * *", title="Stripe events and payouts that did not reach us", queue="channel"
)
async def missed() -> dict[str, Any]:
    """What Stripe could not deliver is fetched; payouts of the last days are read."""
    return await in_stripe_thread(catch_up.catch_up)

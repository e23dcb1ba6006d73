"""Jobs and timetable of companies' lines: thin; each calls one action."""

from __future__ import annotations

import asyncio
from typing import Any

from simplane.core import jobs
from simplane.core.db import in_thread
from simplane.core.schedule import scheduled
from simplane.fleet import bulk, comings, install, news, plans, reactions
from simplane.fleet.actions import carry_out, replaced
from simplane.fleet.actions.learn import learn as learn_unit

_LOOKS, _PAUSE_SECONDS = 10, 0.05


@jobs.job("fleet.advance", queue="supplier", hint=True)
async def advance(operation_id: int) -> None:
    await carry_out.advance(operation_id)


@jobs.job("fleet.learn", queue="default")
def learn(unit_id: int) -> None:
    learn_unit(unit_id)


@jobs.job("fleet.send_link", queue="mail")
def send_link(line_id: int) -> None:
    install.send(line_id)


@jobs.job("fleet.close_page", queue="default")
def close_page(token: str) -> None:
    install.close_page(token)


@jobs.job("fleet.end_replaced", queue="supplier")
async def end_replaced(old_line_id: int, operation_id: int) -> None:
    await replaced.end(old_line_id, operation_id)


@jobs.job("fleet.run_bulk", queue="default")
def run_bulk(organization_id: int, bulk_id: int) -> None:
    bulk.run(organization_id, bulk_id)


@jobs.job("fleet.stop", queue="default", tries=40)
def stop(organization_id: int, fleet_line_id: int, rule: str, why: str) -> None:
    reactions.stop(organization_id, fleet_line_id, rule, why)


@jobs.job("fleet.end", queue="default", tries=40)
def end(organization_id: int, fleet_line_id: int, rule: str, why: str) -> None:
    reactions.end(organization_id, fleet_line_id, rule, why)


@jobs.job("fleet.resume", queue="default", tries=40)
def resume(organization_id: int, fleet_line_id: int, rule: str, why: str) -> None:
    reactions.resume(organization_id, fleet_line_id, rule, why)


@jobs.job("fleet.top_up", queue="default", tries=40)
def top_up(organization_id: int, fleet_line_id: int, plan_public_id: str, key: str, why: str) -> None:
    reactions.top_up(organization_id, fleet_line_id, plan_public_id, key, why)


@jobs.job("fleet.approved", queue="default")
def approved(organization_id: int, kind: str, subject_id: str) -> None:
    reactions.granted(organization_id, kind, subject_id)


@jobs.job("fleet.refused", queue="default")
def refused(organization_id: int, kind: str, subject_id: str, why: str) -> None:
    reactions.denied(organization_id, kind, subject_id, why)


@jobs.job("fleet.leaver", queue="default", tries=40)
def leaver(organization_id: int, employee_id: int) -> None:
    comings.left(organization_id, employee_id)


@jobs.job("fleet.joiner", queue="default", tries=40)
def joiner(organization_id: int, employee_id: int) -> None:
    comings.joined(organization_id, employee_id)


@jobs.job("fleet.mover", queue="default", tries=40)
def mover(organization_id: int, employee_id: int) -> None:
    comings.moved(organization_id, employee_id)


@scheduled("fleet_news", cron="* * * * * */2", title="News of companies' lines", most_seconds=60)
async def fleet_news() -> dict[str, Any]:
    """Until all is read; transactions that were under way at one look are over at the next or the one after."""
    behind = 0
    for _ in range(_LOOKS):
        behind = await in_thread(news.read_news)
        if not behind:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    return {"behind": behind, "due": await in_thread(carry_out.sweep)}


@scheduled("fleet_plans", cron="*/10 * * * *", title="What companies may give out, and at what price", most_seconds=300)
def fleet_plans() -> dict[str, Any]:
    return {"changed": plans.refresh_all()}

"""Comparing a shop with us: every order it changed lately is taken in again, and the result proved and stored.

Orders at the shop = orders here + named exceptions. The watermark moves only after the last page.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from simplane.channels import mapping, reconciliations, shops
from simplane.channels.errors import ReconciliationFailed
from simplane.channels.proof import NOT_OURS, Tally, Verdict, compare, stand
from simplane.channels.reconciliations import Kind
from simplane.channels.shopify import operations, orders, reads
from simplane.channels.shopify.client import call
from simplane.channels.shopify.compare import known_orders, news
from simplane.channels.shopify.operations import Operation
from simplane.channels.shopify.outcomes import Ok, Outcome, Permanent, Retryable
from simplane.channels.shopify.text import JSON, member, objects, text
from simplane.channels.shopify.values import ShopOrder
from simplane.channels.shops import ShopRef
from simplane.channels.subscriptions import active_shops
from simplane.core.db import in_thread
from simplane.core.log import logger

log = logger(__name__)
QUERY = "updated_at:>='%Y-%m-%dT%H:%M:%SZ'"
"""ISO 8601 in UTC, in quotes: https://shopify.dev/docs/api/usage/search-syntax"""
TRIES = 8
MOST_PAUSE_SECONDS = 30.0
SECOND_LOOKS = 50
"""Orders that do not fit are read once more, one by one: they may have changed between the page and our own state."""


async def reconcile(shop_id: int, kind: Kind = "recent") -> dict[str, Any]:
    """Compare one shop and store the proof; returns it. Raises ReconciliationFailed when it could not be finished."""
    shop = await in_thread(shops.by_id, shop_id)
    run = await in_thread(reconciliations.begin, shop.pk, kind)
    tally = Tally()
    try:
        if not shop.callable:
            raise ReconciliationFailed(f"the shop is {shop.state}")
        await in_thread(mapping.map_known_lines, shop.pk)
        async for nodes in _pages(shop, run.since):
            page = await _readable(shop, nodes, tally)
            tally.add(page, *await in_thread(_take_page, shop, page))
        await _look_again(shop, tally)
    except Exception as problem:
        await in_thread(reconciliations.fail, run, f"{problem}" or type(problem).__name__)
        if isinstance(problem, ReconciliationFailed):
            raise
        raise ReconciliationFailed(f"{type(problem).__name__}: {problem}") from problem
    return await in_thread(reconciliations.finish, run, _entries(tally), tally)


async def _pages(shop: ShopRef, since: datetime) -> AsyncIterator[list[JSON]]:
    query = since.astimezone(UTC).strftime(QUERY)
    after: str | None = None
    while True:
        answer = await _ask(shop, operations.CHANGED_ORDERS, {"q": query, "after": after})
        if answer.warnings:
            # A filter that is not understood is left out by the shop, and then everything comes back.
            raise ReconciliationFailed(f"the shop did not understand our filter: {'; '.join(answer.warnings)}")
        connection = member(answer.data, "orders")
        yield objects(connection, "nodes")
        page = member(connection, "pageInfo")
        if page.get("hasNextPage") is not True:
            return
        after = text(page.get("endCursor"), 1000)


async def _ask(shop: ShopRef, operation: Operation, variables: JSON) -> Ok:
    """A read, tried again while the shop throttles or fails."""
    for tried in range(1, TRIES + 1):
        outcome = await call(shop, operation, variables)
        if isinstance(outcome, Ok):
            return outcome
        await _pause(outcome, tried)
    raise AssertionError("the last pause raises")


async def _pause(outcome: Outcome, tried: int) -> None:
    """Wait before the next try. Raises ReconciliationFailed when none would help."""
    if not isinstance(outcome, Retryable) or tried == TRIES:
        raise ReconciliationFailed("" if isinstance(outcome, Ok) else outcome.reason)
    await asyncio.sleep(min(max(outcome.wait, 0.5 * tried), MOST_PAUSE_SECONDS))


async def _readable(shop: ShopRef, nodes: list[JSON], tally: Tally) -> list[ShopOrder]:
    """The orders of a page with all their lines; one that makes no sense is an unexplained one, not the end."""
    found = []
    for node in nodes:
        whole = await _whole(shop, node)
        if isinstance(whole, ShopOrder):
            found.append(whole)
        else:
            name = text(node.get("name"), 80)
            tally.verdicts[text(node.get("id"), 80)] = Verdict(name, whole.reason, unexplained=True)
    return found


async def _whole(shop: ShopRef, node: JSON) -> ShopOrder | Permanent:
    for tried in range(1, TRIES + 1):
        found = await reads.whole(shop, node)
        if isinstance(found, ShopOrder | Permanent):
            return found
        await _pause(found, tried)
    raise AssertionError("the last pause raises")


def _take_page(shop: ShopRef, page: list[ShopOrder]) -> tuple[dict[str, Verdict], int]:
    """Take in what is news to us; the verdicts, and how many orders were missing before."""
    ids = [order.external_id for order in page]
    known = known_orders(shop.key, ids)
    problems: dict[str, str] = {}
    recovered = 0
    for order in page:
        here = known.get(order.external_id)
        if here is not None and not news(here, order):
            continue
        if here is None and not _wanted(order, shop):
            continue
        try:
            taken = reads.take(shop, order, here, source="reconciliation")
            recovered += here is None and taken is not None and order.paid in ("paid", "partly_refunded")
        except Exception as problem:
            # One order that can not be taken in must not hide the others; the proof names it.
            log.exception("reconcile.order_failed", shop=shop.key, order=order.external_id)
            problems[order.external_id] = f"can not be taken in: {type(problem).__name__}: {problem}"
    return _verdicts(shop, page, problems), recovered


def _wanted(order: ShopOrder, shop: ShopRef) -> bool:
    """Whether an order we do not know should be here at all."""
    if order.is_test and shop.settings.test_orders == "ignore":
        return False
    return order.cancelled_at is None and order.paid not in ("refunded", "voided", "expired")


def _verdicts(shop: ShopRef, page: list[ShopOrder], problems: Mapping[str, str]) -> dict[str, Verdict]:
    standing = stand(shop.key, [order.external_id for order in page])
    found = {}
    for order in page:
        here = standing.get(order.external_id)
        verdict = compare(order, here, orders.meanings(shop, order), shop.settings)
        problem = problems.get(order.external_id)
        found[order.external_id] = Verdict(order.name, problem, unexplained=True) if problem else verdict
    return found


async def _look_again(shop: ShopRef, tally: Tally) -> None:
    for external_id in tally.unexplained[:SECOND_LOOKS]:
        found = await reads.fetch(shop, external_id)
        if isinstance(found, ShopOrder):
            verdicts, _ = await in_thread(_take_page, shop, [found])
            tally.verdicts.update(verdicts)


def _entries(tally: Tally) -> list[dict[str, Any]]:
    """The named exceptions. Orders without anything of ours are counted in one entry: most shops sell other goods too."""
    entries: list[dict[str, Any]] = [
        {"order": external_id, "name": verdict.name, "why": verdict.why, "unexplained": verdict.unexplained}
        for external_id, verdict in tally.verdicts.items()
        if not verdict.here and verdict.why != NOT_OURS
    ]
    others = sum(verdict.why == NOT_OURS for verdict in tally.verdicts.values())
    if others:
        entries.append({"order": "", "name": "", "why": NOT_OURS, "unexplained": False, "count": others})
    return entries


async def reconcile_all(kind: Kind) -> dict[str, Any]:
    """Every active shop, one after the other. Raises ReconciliationFailed at the end when any failed."""
    results: dict[str, Any] = {}
    failures = []
    for shop_id, key in await in_thread(active_shops):
        try:
            proof = await reconcile(shop_id, kind)
            results[key] = {name: proof[name] for name in ("at_shop", "here", "recovered", "balanced")}
        except ReconciliationFailed as problem:
            failures.append(f"{key}: {problem}")
    if failures:
        raise ReconciliationFailed("; ".join(failures))
    return results


async def probe_paused() -> list[str]:
    """Ask every paused shop one harmless question; those that answer go on. Returns their keys."""
    resumed = []
    for shop_id in await in_thread(reconciliations.paused_shops):
        shop = await in_thread(shops.by_id, shop_id)
        if await reads.answers(shop):
            await in_thread(shops.resume_shop, shop_id)
            resumed.append(shop.key)
    return resumed

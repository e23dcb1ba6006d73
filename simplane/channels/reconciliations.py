"""The rows of reconciliations: begun before the first page, finished with the proof, or with what stopped them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from simplane.channels.events import ReconciliationUnbalanced
from simplane.channels.models import Reconciliation, Shop
from simplane.channels.proof import Tally
from simplane.core import clock, deadletters, events
from simplane.core.db import transaction

Kind = Literal["recent", "full"]
OVERLAP = timedelta(minutes=10)
"""The shop's search index lags; what it showed last time is looked at again."""
FULL = timedelta(days=3)


def begin(shop_id: int, kind: Kind) -> Reconciliation:
    """A new run and its window: from the watermark (less the overlap), a full one at least three days."""
    now = clock.now()
    watermark = Shop.objects.values_list("watermark", flat=True).get(pk=shop_id)
    since = watermark - OVERLAP if watermark else now - FULL
    if kind == "full":
        since = min(since, now - FULL)
    return Reconciliation.objects.create(shop_id=shop_id, kind=kind, since=since, started_at=now)


def fail(run: Reconciliation, problem: str) -> None:
    """It could not be finished: the watermark stays, a person is told."""
    with transaction():
        run.finished_at, run.problem = clock.now(), problem[:2000]
        run.save(update_fields=["finished_at", "problem"])
        shop = Shop.objects.only("key").get(pk=run.shop_id)
        deadletters.open_letter(
            "reconciliation",
            shop.key,
            cause="reconciliation_failed",
            summary=f"{shop.key} could not be compared: {problem}"[:500],
            detail={"shop": run.shop_id, "reconciliation": run.pk},
        )


def finish(run: Reconciliation, entries: list[dict[str, Any]], tally: Tally) -> dict[str, Any]:
    """Store the proof and move the watermark. Unbalanced: a dead letter with the orders that do not fit."""
    unexplained = [entry for entry in entries if entry["unexplained"]]
    with transaction():
        shop = Shop.objects.select_for_update().get(pk=run.shop_id)
        run.at_shop = len(tally.verdicts)
        run.here = sum(verdict.here for verdict in tally.verdicts.values())
        run.recovered = tally.recovered
        run.exceptions = entries
        named = sum(entry.get("count", 1) for entry in entries if not entry["unexplained"])
        run.balanced = run.at_shop == run.here + named
        run.until = run.finished_at = clock.now()
        run.save()
        if tally.newest is not None and (shop.watermark is None or tally.newest > shop.watermark):
            shop.watermark = tally.newest
            shop.save(update_fields=["watermark"])
        if run.balanced:
            deadletters.close_letter("reconciliation", shop.key, resolution="balanced")
        else:
            _unbalanced(shop, run, unexplained)
    return proof(run, shop.key)


def _unbalanced(shop: Shop, run: Reconciliation, unexplained: list[dict[str, Any]]) -> None:
    named = [f"{entry['name']} ({entry['why']})" for entry in unexplained]
    events.record(ReconciliationUnbalanced(shop=shop.key, reconciliation_id=run.pk, unexplained=named[:50]))
    deadletters.open_letter(
        "reconciliation",
        shop.key,
        cause="reconciliation_unbalanced",
        summary=f"{shop.key}: {len(named)} orders do not fit: {'; '.join(named)}"[:500],
        detail={"shop": shop.pk, "reconciliation": run.pk, "orders": [entry["order"] for entry in unexplained[:200]]},
    )


def proof(run: Reconciliation, shop_key: str) -> dict[str, Any]:
    """The proof as one JSON object."""
    return {
        "shop": shop_key,
        "kind": run.kind,
        "since": run.since.isoformat(),
        "until": run.until.isoformat() if run.until else None,
        "at_shop": run.at_shop,
        "here": run.here,
        "exceptions": [entry for entry in run.exceptions if not entry["unexplained"]],
        "unexplained": [entry for entry in run.exceptions if entry["unexplained"]],
        "recovered": run.recovered,
        "balanced": run.balanced,
        "problem": run.problem,
    }


def paused_shops() -> list[int]:
    """Shops that refused us."""
    return list(Shop.objects.filter(channel="shopify", state=Shop.State.PAUSED).values_list("pk", flat=True))

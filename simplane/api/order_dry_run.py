"""`?dry_run=true`: what an order would come to, decided by the same function in a transaction that is rolled back."""

from __future__ import annotations

import json
from dataclasses import replace

import psycopg

from simplane.core import jobs
from simplane.core.batches import NotDone
from simplane.ordering.placing import SECONDS, OrderWanted, Placed, place_one


def look(order: OrderWanted) -> Placed:
    """The answer to `order`, which stays undone; only the call is counted for the key's rate. Raises NotDone.

    A connection of its own: dry runs are rare, and nothing of one may be left on a connection that places orders.
    """
    try:
        with psycopg.connect(**jobs.connection_parameters(), autocommit=True) as own:
            own.execute(f"SET statement_timeout = '{SECONDS}s'")
            with own.transaction(force_rollback=True):
                placed = place_one(own, order)
            row = own.execute(COUNT, [order.key_hash]).fetchone() if placed.lead is not None else None
    except psycopg.Error as error:
        raise NotDone(type(error).__name__) from error
    if row is not None:
        taken, lead = row
        placed = (
            replace(placed, lead=lead) if taken else Placed("rate_limited", None, None, None, placed.per_minute, lead)
        )
    return replace(placed, status=200, body=undone(placed.body)) if placed.code == "created" else placed


def undone(body: str | None) -> str:
    """The answer to an order, as one that was not placed."""
    told = json.loads(body or "{}")
    for line in told["lines"]:
        line["units"] = []
    return json.dumps({**told, "id": None, "dry_run": True}, separators=(",", ":"))


COUNT = (
    "SELECT t.taken, t.lead FROM organizations_apikey AS k JOIN organizations_apikey AS r ON r.id = coalesce(k.parent_id, k.id)"
    " CROSS JOIN LATERAL simplane_take_calls(r.id, r.rate_per_minute) AS t WHERE k.hash = %s"
)

"""Races for `simplane chaos --money`: every hold is captured, voided and expired at once, by three processes."""

from __future__ import annotations

import multiprocessing
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

HEAT = 50
"""So many holds at a time; then the three wait for each other."""
ROLES = ("capture", "void", "expire")
PATIENCE_SECONDS = 120.0


def race(holds: int, seed: int) -> dict[str, int]:
    """Make the holds, let the three at them, and count winners by role; `nobody` and `several` must be 0."""
    keys = _make(holds)
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(len(ROLES))
    runners = [context.Process(target=_run, args=(role, keys, seed, gate)) for role in ROLES]
    for one in runners:
        one.start()
    for one in runners:
        one.join()
    failed = [role for role, one in zip(ROLES, runners, strict=True) if one.exitcode != 0]
    if failed:
        raise RuntimeError(f"the process that should {' and '.join(failed)} ended early")
    return _winners(holds)


def _make(holds: int) -> list[str]:
    from simplane.core import clock
    from simplane.core.db import transaction
    from simplane.ledger.actions import hold
    from simplane.ledger.models import Wallet
    from simplane.ops.money_rows import make_reseller

    owner = make_reseller("races", "sk_live_races" + "0" * 27, "EUR", funds=holds * 100)
    wallet = Wallet.objects.get(organization_id=owner)
    over = clock.now() - timedelta(days=1)
    keys = [f"race-{number}" for number in range(holds)]
    for first in range(0, holds, HEAT):
        with transaction():
            for place, key in enumerate(keys[first : first + HEAT]):
                hold(wallet, 100, key=key, expires_at=over + timedelta(milliseconds=first + place))
    return keys


def _run(role: str, keys: Sequence[str], seed: int, gate: Any) -> None:
    """Each in an order of its own, so that now this one comes first, now that one."""
    import django

    django.setup()
    dice = random.Random(f"{seed}:{role}")
    for first in range(0, len(keys), HEAT):
        heat = list(keys[first : first + HEAT])
        dice.shuffle(heat)
        gate.wait(PATIENCE_SECONDS)
        if role == "expire":
            from simplane.ledger.actions import expire_holds

            expire_holds(most=HEAT)
        else:
            for key in heat:
                _try(role, key)


def _try(role: str, key: str) -> None:
    from simplane.core.db import transaction
    from simplane.ledger.actions import capture, release
    from simplane.ledger.chart import Kind
    from simplane.ledger.errors import HoldOver
    from simplane.ledger.values import AccountRef

    try:
        with transaction():
            if role == "capture":
                capture(key, 100, [(AccountRef(Kind.SALES, "EUR", subject="wholesale"), 100)], part="capture")
            else:
                release(key, 100, part="void", reason="chaos")
    except HoldOver:
        pass  # another was first


def _winners(holds: int) -> dict[str, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(WINNERS)
        found = Counter({name: int(count) for name, count in cursor.fetchall()})
    return {**{role: found[role] for role in ROLES}, "several": found["several"], "nobody": holds - found.total()}


WINNERS = """
SELECT winner, count(*) FROM (
  SELECT CASE WHEN count(*) > 1 THEN 'several' ELSE min(
      CASE kind WHEN 'sale' THEN 'capture' WHEN 'release' THEN 'void' WHEN 'expiry' THEN 'expire' END) END AS winner
  FROM ledger_transaction WHERE key LIKE 'race-%' GROUP BY split_part(key, ':', 1)
) AS one GROUP BY winner
"""

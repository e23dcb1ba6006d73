"""What goes wrong at the stand-ins during a storm: before, during and after they commit; and how often it did."""

from __future__ import annotations

from collections import Counter
from typing import Any

from simplane.ops.stage import Stage

READ_SECONDS = 4.0
"""How long we wait for a supplier in these runs; a `delay` is longer, so the answer comes too late."""
SUPPLIER_OPTIONS = {
    "per_second": 500.0,
    "burst": 200,
    "read_seconds": READ_SECONDS,
    "settle_seconds": 6.0,
    "clock_skew_seconds": 1.0,
    "breaker_failures": 12,
    "breaker_reset_seconds": 2.0,
}
"""The suppliers' options of the run. The stand-ins show an order at once and share our clock, so little patience is safe."""

BUYING = {
    "drop_before": 0.03,
    "drop_after": 0.05,
    "status_before": 0.03,
    "status_after": 0.04,
    "throttle": 0.04,
    "html": 0.02,
    "empty": 0.02,
    "malformed": 0.02,
    "wrong_type": 0.02,
    "extra_field": 0.03,
}
READING = {"drop_before": 0.03, "status_before": 0.04, "html": 0.02, "throttle": 0.02, "malformed": 0.01}
FOREVER = {"times": -1}


def _rules(operation: str, chances: dict[str, float], **more: Any) -> list[dict[str, Any]]:
    return [{"operation": operation, "kind": kind, "probability": p, **FOREVER, **more} for kind, p in chances.items()]


LATE = {"kind": "delay", "probability": 0.02, "seconds": READ_SECONDS + 1.5, **FOREVER}
UNAVAILABLE = {"kind": "status_before", "status": 503, "probability": 0.02, **FOREVER}
RULES: dict[str, list[dict[str, Any]]] = {
    "esimgo": [
        *_rules("order", {**BUYING, "async": 0.02, "async_failed": 0.01}),
        {"operation": "order", **LATE},
        {"operation": "order", **UNAVAILABLE},
        *_rules("orders", READING),
        *_rules("order_status", READING),
        *_rules("assignments", READING),
    ],
    "esimaccess": [
        *_rules("order", {**BUYING, "busy_before": 0.02, "busy_after": 0.02, "server_error_after": 0.02}),
        *_rules("order", {"signature_expired": 0.01, "odd_types": 0.02}),
        {"operation": "order", "kind": "slow_ready", "probability": 0.03, "ready_after_ms": 8000, **FOREVER},
        {"operation": "order", **LATE},
        {"operation": "order", **UNAVAILABLE},
        *_rules("query", READING),
    ],
    "shopify": [
        *_rules(
            "graphql",
            {"internal_error_after": 0.06, "status_after": 0.04, "drop_after": 0.04},
            match="fulfillmentCreate",
        ),
        *_rules("graphql", {"throttle": 0.04, "status_before": 0.02, "drop_before": 0.02}),
        *_rules("token", {"status_before": 0.1}),
    ],
    "mail": [
        {"operation": "rcpt", "kind": "status_before", "status": 450, "probability": 0.03, **FOREVER},
        {"operation": "data", "kind": "status_after", "status": 451, "probability": 0.01, **FOREVER},
        {"operation": "data", "kind": "drop_after", "probability": 0.03, **FOREVER},
        {"operation": "data", "kind": "drop_before", "probability": 0.02, **FOREVER},
    ],
}
SETTINGS: dict[str, dict[str, Any]] = {
    "esimgo": {"rate_limit_per_second": 0, "balance_minor": 100_000_000, "async_seconds": 2},
    "esimaccess": {
        "rate_limit_per_second": 0,
        "balance_minor": 100_000_000,
        "ready_after_ms": 400,
        "webhook_parallel": 8,
        "webhook_duplicate_percent": 10,
        "webhook_lost_percent": 10,
        "webhook_jitter_ms": 500,
    },
    "shopify": {
        "bucket_size": 0,
        "retry_scale": 0.1,
        "duplicate_rate": 0.2,
        "lost_rate": 0.02,
        "jitter_seconds": 1.5,
        "updated_on_create": True,
    },
    "mail": {},
}
CALM: dict[str, dict[str, Any]] = {
    "shopify": {"duplicate_rate": 0.0, "lost_rate": 0.0, "jitter_seconds": 0.0},
    "esimaccess": {"webhook_lost_percent": 0, "webhook_jitter_ms": 0},
}


def prepare(stage: Stage) -> None:
    """No limits of the stand-ins' own, quick background work, enough money."""
    for name, settings in SETTINGS.items():
        if settings:
            stage.control(name, "settings", settings)


def begin(stage: Stage, seed: int) -> None:
    """Put all rules in force; their dice start from the seed."""
    for name, rules in RULES.items():
        stage.control(name, "seed", {"seed": seed})
        for rule in rules:
            stage.control(name, "faults", rule)


def end(stage: Stage) -> dict[str, int]:
    """Nothing fails any more. Returns how often each kind struck, from the stand-ins' own journals."""
    struck = Counter[str]()
    for name in ("esimgo", "esimaccess", "shopify"):
        calls = stage.control(name, "journal?limit=10000000", method="GET")["calls"]
        struck.update(f"{name} {one['operation']} {one['fault']}" for one in calls if one["fault"])
    for rule in stage.control("mail", "faults", method="GET")["faults"]:
        struck[f"mail {rule['operation']} {rule['kind']}"] += int(rule["hits"])
    for name in RULES:
        stage.control(name, "faults", method="DELETE")
    for name, settings in CALM.items():
        stage.control(name, "settings", settings)
    stage.control("shopify", "callbacks/release", {"order": "shuffle"})
    return dict(sorted(struck.items()))

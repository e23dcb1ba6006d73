"""What happens in a chaos run and when, from a seed: buyers, changes of mind, bad webhooks, kills. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ORDERS_PER_SECOND = 7.0
SHORTEST_SECONDS = 12.0
AFTERMATH = 2.5
"""Kills and bad webhooks go on for this many times the time of buying, or until everything bought is served."""
CASE = {"sku": "CASE-15-BLK", "title": "Phone case black", "price": "12.50", "requires_shipping": True}
UNKNOWN = {"sku": "ESIM-NOBODY-KNOWS", "title": "An eSIM nobody mapped", "requires_shipping": False}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, `at` seconds after the start. `what` are the arguments of the deed."""

    at: float
    deed: str
    what: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a run is to be like."""

    orders: int
    seed: int
    skus: Sequence[str]
    workers: int
    most_kills: int | None = None
    """Of workers; None: as the duration gives."""
    postgres: bool = False
    """The database is stopped as by a power cut, once."""

    @property
    def seconds(self) -> float:
        """How long buyers buy."""
        return max(SHORTEST_SECONDS, self.orders / ORDERS_PER_SECOND)


def make(wish: Wish) -> list[Step]:
    """All steps in the order of their time."""
    dice = random.Random(wish.seed)
    steps = [step for number in range(wish.orders) for step in _buyer(wish, number, dice)]
    steps += _webhooks(wish.seconds * AFTERMATH, dice)
    steps += _kills(wish, dice)
    return sorted(steps, key=lambda step: step.at)


def _buyer(wish: Wish, number: int, dice: random.Random) -> list[Step]:
    at = dice.uniform(0, wish.seconds * 0.9)
    quantity = dice.choices((1, 2, 3), (70, 20, 10))[0]
    sku = dice.choice(wish.skus)
    lines: list[dict[str, Any]] = [{"sku": sku, "quantity": quantity}]
    if dice.random() < 0.10:
        lines.append({**CASE, "quantity": 1})
    if dice.random() < 0.01:
        lines.append({**UNKNOWN, "quantity": 1})
    body: dict[str, Any] = {
        "email": f"buyer{number}@chaos.example",
        "locale": dice.choice(("de-DE", "en-GB")),
        "lines": lines,
    }
    manner = dice.random()
    if manner < 0.04:
        body["send"] = False
    elif manner < 0.06:
        body["signature"] = "wrong"
    return [Step(at, "order", {"number": number, "body": body}), *_change_of_mind(number, sku, quantity, at, dice)]


def _change_of_mind(number: int, sku: str, quantity: int, at: float, dice: random.Random) -> list[Step]:
    """Cancelled or paid back, whole or in part, mostly while we are buying."""
    what, when = dice.random(), at + dice.uniform(0.1, 8)
    if what < 0.03:
        return [Step(when, "cancel", {"number": number, "body": {"reason": "CUSTOMER", "refund": True}})]
    if what < 0.05:
        return [Step(when, "refund", {"number": number, "body": {"full": True}})]
    if what < 0.08 and quantity > 1:
        return [Step(when, "refund", {"number": number, "body": {"lines": {sku: 1}}})]
    return []


def _webhooks(seconds: float, dice: random.Random) -> list[Step]:
    """Old deliveries once more, and stretches in which all are kept back and then sent in another order."""
    repeats = [Step(at, "repeat", {"limit": dice.randint(1, 8)}) for at in _every(2, 4, seconds, dice)]
    stretches = []
    for at in _every(12, 20, seconds, dice):
        stretches.append(Step(at, "hold"))
        stretches.append(Step(at + dice.uniform(1, 3), "release", {"order": dice.choice(("reverse", "shuffle"))}))
    return repeats + stretches


def _kills(wish: Wish, dice: random.Random) -> list[Step]:
    """Ends by SIGKILL, each followed by a start."""
    horizon = wish.seconds * AFTERMATH
    times = list(_every(3, 8, horizon, dice))[: wish.most_kills]
    steps = [step for at in times for step in _killed(f"worker-{dice.randint(1, wish.workers)}", at, 2, dice)]
    if wish.most_kills is None:
        for name, often in (("web", 18), ("esimgo", 22), ("esimaccess", 35)):
            steps += [step for at in _every(often * 0.5, often, horizon, dice) for step in _killed(name, at, 1, dice)]
    if wish.postgres:
        steps.append(Step(wish.seconds / 2, "power_cut"))
    return steps


def _killed(name: str, at: float, longest_pause: float, dice: random.Random) -> list[Step]:
    return [Step(at, "kill", {"name": name}), Step(at + dice.uniform(0, longest_pause), "start", {"name": name})]


def _every(least: float, most: float, seconds: float, dice: random.Random) -> list[float]:
    times, at = [], dice.uniform(least, most)
    while at < seconds:
        times.append(at)
        at += dice.uniform(least, most)
    return times

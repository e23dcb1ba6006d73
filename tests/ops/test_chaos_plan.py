"""What happens in a chaos run, and that it can be had again."""

from __future__ import annotations

from collections import Counter

from simplane.ops.chaos_plan import Step, Wish, make

SKUS = ["ESIM-EU-5GB-30D", "ESIM-US-5GB-30D"]


def plan(orders: int = 500, seed: int = 1, **given: object) -> list[Step]:
    return make(Wish(orders=orders, seed=seed, skus=SKUS, workers=2, **given))  # type: ignore[arg-type]


def deeds(steps: list[Step]) -> Counter[str]:
    return Counter(step.deed for step in steps)


def test_the_same_seed_is_the_same_storm() -> None:
    assert plan(seed=7) == plan(seed=7)
    assert plan(seed=7) != plan(seed=8)


def test_every_order_is_bought_once_and_in_time() -> None:
    orders = [step for step in plan() if step.deed == "order"]

    assert sorted(step.what["number"] for step in orders) == list(range(500))
    assert max(step.at for step in orders) < Wish(orders=500, seed=1, skus=SKUS, workers=2).seconds


def test_a_storm_holds_all_that_can_go_wrong_at_a_shop() -> None:
    steps = plan()
    bodies = [step.what["body"] for step in steps if step.deed == "order"]

    assert {"cancel", "refund", "repeat", "hold", "release", "kill", "start"} <= set(deeds(steps))
    assert {body.get("signature") for body in bodies} == {None, "wrong"}
    assert {body.get("send") for body in bodies} == {None, False}
    assert max(body["lines"][0]["quantity"] for body in bodies) == 3


def test_minds_change_after_the_order_was_placed() -> None:
    steps = plan()
    placed = {step.what["number"]: step.at for step in steps if step.deed == "order"}

    assert all(step.at > placed[step.what["number"]] for step in steps if step.deed in ("cancel", "refund"))


def test_everything_killed_is_started_again() -> None:
    steps = plan()
    down: Counter[str] = Counter()
    for step in steps:
        if step.deed in ("kill", "start"):
            down[step.what["name"]] += 1 if step.deed == "kill" else -1

    assert set(down) == {"worker-1", "worker-2", "web", "esimgo", "esimaccess"}
    assert not +down


def test_a_short_run_kills_no_more_workers_than_asked_and_nothing_else() -> None:
    steps = plan(orders=15, most_kills=1)

    assert [step.what["name"].startswith("worker") for step in steps if step.deed == "kill"] == [True]


def test_the_database_loses_power_only_on_request() -> None:
    assert deeds(plan())["power_cut"] == 0
    assert deeds(plan(postgres=True))["power_cut"] == 1

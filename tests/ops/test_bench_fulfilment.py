"""The fulfilment bench as a person starts it, short: whether its figures are good is for a quiet machine to say."""

from __future__ import annotations

import pytest

from simplane.ops.bench_fulfilment import Run
from simplane.ops.fulfilment_rows import Delivered
from simplane.ops.load_generator import Answers
from tests.ops import commands


@pytest.mark.slow
@pytest.mark.xdist_group("stages")
def test_every_paid_order_is_delivered_and_the_shop_is_told() -> None:
    few = ("--orders", "30", "--rate", "6", "--overhead-orders", "20", "--overhead-rate", "4", "--warm-up", "5")
    done = commands.run("bench", "fulfilment", *few)

    result = done.result
    assert (result["delivered"], result["mails"], result["fulfilled_at_shop"], result["errors"]) == (55, 55, 55, 0)
    assert sum(result["suppliers"].values()) == 55
    assert 3 < result["units_per_second"] < 9
    assert 0 < result["overhead_p50_seconds"] <= result["overhead_p95_seconds"]
    assert 0 < result["worker_memory_mb"] < 200
    assert done.code == 1


def run(units: list[Delivered]) -> Run:
    return Run(50.0, Answers(), units)


def test_the_rate_is_that_of_the_middle_part() -> None:
    slow_start = [Delivered(0.0, 10.0 * number, 1) for number in range(10)]
    middle = [Delivered(0.0, 100.0 + 0.02 * number, 1) for number in range(30)]
    slow_end = [Delivered(0.0, 200.0 + 10.0 * number, 1) for number in range(10)]

    assert run(slow_start + middle + slow_end).per_second == pytest.approx(50.0)


def test_the_suppliers_time_is_taken_out_call_by_call() -> None:
    units = [Delivered(float(number), number + 2.5, 1) for number in range(50)]
    units += [Delivered(float(number), number + 4.5, 2) for number in range(50)]

    assert run(units).overhead(95) == pytest.approx(0.5)

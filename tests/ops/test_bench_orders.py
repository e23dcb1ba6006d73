"""The orders bench as a person starts it, short: whether its figures are good is for a quiet machine to say."""

from __future__ import annotations

import pytest

from simplane.ops import bench_orders, bench_orders_limits, pgbench
from simplane.ops.express import read
from tests.ops import commands

PROGRESS = """\
progress: 1.0 s, 100.0 tps, lat 1.0 ms stddev 0.1, 0 failed
progress: 2.0 s, 200.0 tps, lat 1.0 ms stddev 0.1, 0 failed
progress: 3.0 s, 900.5 tps, lat 1.0 ms stddev 0.1, 0 failed
progress: 4.0 s, 901.5 tps, lat 1.0 ms stddev 0.1, 0 failed
"""


@pytest.mark.slow
@pytest.mark.xdist_group("stages")
def test_every_order_is_whole_and_a_figure_stands_beside_its_limit() -> None:
    done = commands.run("bench", "orders", "--only", "hot", "--seconds", "1", "--rounds", "1", "--connections", "8")

    result = done.result
    assert (result["errors"], result["mismatched_wallets"]) == (0, 0)
    assert result["orders"] == result["holds"] == result["jobs"] == result["answers"] == result["events"] > 20
    assert result["hot_wallet_ratio"] > 0
    assert result["missed"] == ([] if result["ok"] else ["hot_wallet_ratio"])
    assert (done.code == 0) == result["ok"]


def test_the_limit_counts_only_warm_seconds() -> None:
    assert pgbench.steady(PROGRESS) == [900.5, 901.5]


def test_what_is_sent_is_a_plain_request() -> None:
    requests = bench_orders.Load(lines=3).requests()
    environ = read(next(requests), ("127.0.0.1", 1))

    assert environ is not None
    assert environ["wsgi.input"].read().count(b'"sku"') == 3
    assert bench_orders_limits.STATEMENTS.count("INSERT INTO") == 10

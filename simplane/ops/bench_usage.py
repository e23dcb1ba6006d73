"""`simplane bench usage`: usage records stored and summed beside plain COPY, a company's dashboard, and forecasts.

Rounds alternate COPY of ready bytes into a table without index (the limit) with ours, first and once more, in the same
durable scratch database. The dashboard is asked before and after the other companies grow.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simplane.ops.scratch import report, say, scratch_stage

if TYPE_CHECKING:
    from simplane.ops.stage import Stage

GOALS = {
    "ingest_ratio": 0.08,
    "duplicate_ratio": 0.18,
    "band_held": 0.75,
    "anomaly_precision": 0.9,
    "anomaly_recall": 0.9,
}
LIMITS = {"dashboard_ms": 10.0, "dashboard_growth": 1.5, "forecast_error_of_naive": 1.0}
BATCH = 500_000
ASKED, TRIES = 20, 5


def main(argv: list[str]) -> int:
    """Print the figures; exit code 1 beyond a goal, or when a sum differs from the records."""
    parser = argparse.ArgumentParser(prog="simplane bench usage", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="records of each load")
    parser.add_argument("--stored", type=int, default=10_000_000, help="records behind the dashboard")
    parser.add_argument("--companies", type=int, default=200, help="with a hundred lines each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    return report("bench usage", lambda: _bench(options), as_json=options.json, told=_told)


def _bench(options: argparse.Namespace) -> dict[str, Any]:
    with scratch_stage("bench-usage", {"SIMPLANE_LOG_LEVEL": "WARNING"}) as stage:
        _make_tables(stage, options.companies)
        return measure(options)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures, in the present database, which holds the companies already."""
    figures = _ingest(options) | _dashboard(options) | _foresight()
    missed = [name for name, goal in GOALS.items() if figures[name] < goal]
    missed += [name for name, most in LIMITS.items() if figures[name] > most]
    return {**figures, "missed": missed, "ok": not missed and not figures["wrong_sums"]}


def _make_tables(stage: Stage, companies: int) -> None:
    os.environ.update({"DATABASE_URL": stage.database_url, "SIMPLANE_STATE_DIR": str(stage.folder)})
    import django

    django.setup()
    from django.core.management import call_command

    from simplane.ops import bench_usage_rows

    call_command("migrate", verbosity=0)
    bench_usage_rows.make_companies(companies)


def _ingest(options: argparse.Namespace) -> dict[str, Any]:
    from simplane.ops import bench_usage_rows as rows

    chunks = rows.records(options.rows, BATCH, options.companies)
    ratios: list[tuple[float, float]] = []
    wrong, firsts, limits = 0, [], []
    for number in range(1, options.rounds + 1):
        rows.empty()
        limit = _timed(lambda: rows.plain_copy(chunks))
        first = _timed(lambda: rows.load_all(chunks))
        again = _timed(lambda: rows.load_all(chunks))
        wrong += rows.wrong_sums(options.rows)
        ratios.append((limit / first, limit / again))
        firsts.append(options.rows / first)
        limits.append(options.rows / limit)
        say(f"{number}/{options.rounds}: {firsts[-1]:,.0f} rows/s beside {limits[-1]:,.0f}, {limit / first:.3f}")
    hours = _timed(rows.roll_hours)
    return {
        "rows": options.rows,
        "copy_rows_per_second": round(statistics.median(limits)),
        "ingest_rows_per_second": round(statistics.median(firsts)),
        "ingest_ratio": round(statistics.median(one for one, _ in ratios), 3),
        "duplicate_ratio": round(statistics.median(two for _, two in ratios), 3),
        "hours_rows_per_second": round(options.rows / hours),
        "wrong_sums": wrong + rows.wrong_hours(),
    }


def _dashboard(options: argparse.Namespace) -> dict[str, Any]:
    """30 days of one company, before and after the others grow: the chart, and all that an overview asks.

    Growth is judged by the pages that the database looks at: times some minutes apart tell more about the machine.
    """
    from simplane.ops import bench_usage_rows as rows

    rows.empty()
    lines = options.companies * rows.LINES * rows.DAYS
    each = max(1, options.stored // lines)
    rows.fill(each, first=1, last=2)
    pages, alone = rows.chart_pages(), _median_ms(rows.chart)
    rows.fill(each, first=3, last=options.companies)
    say(f"{lines * each:,} records stored")
    together = _median_ms(rows.chart)
    return {
        "stored": lines * each,
        "dashboard_ms": together,
        "dashboard_ms_growth": round(together / alone, 2),
        "dashboard_growth": round(rows.chart_pages() / pages, 2),
        "overview_ms": _median_ms(rows.overview),
    }


def _median_ms(work: Callable[[], object]) -> float:
    """The quietest of a few medians: a machine that is busy with something else for a second tells nothing."""
    work()
    return round(min(statistics.median(_timed(work) for _ in range(ASKED)) for _ in range(TRIES)) * 1000, 2)


def _foresight() -> dict[str, Any]:
    """How right forecasts and anomalies are on made-up lines whose end was held back."""
    from simplane.ops import bench_usage_lines as lines

    return lines.forecast_figures() | lines.anomaly_figures()


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _told(figures: dict[str, Any]) -> str:
    goals = [f"{name:24} {figures[name]:>8}  (at least {goal})" for name, goal in GOALS.items()]
    limits = [f"{name:24} {figures[name]:>8}  (at most {most})" for name, most in LIMITS.items()]
    return "\n".join(
        [
            *goals,
            *limits,
            f"{figures['ingest_rows_per_second']:,} records a second beside {figures['copy_rows_per_second']:,} of COPY;"
            f" {figures['stored']:,} stored, overview {figures['overview_ms']} ms, {figures['wrong_sums']} wrong sums",
        ]
    )

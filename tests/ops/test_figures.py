"""Figures of several processes at once, read as Prometheus would."""

from __future__ import annotations

import os
import re
from pathlib import Path

import httpx2
import pytest

from simplane.core import jobs
from simplane.ops import figures
from simplane.ops.processes import wait_for
from tests import processes
from tests.standins import free_port


def read(url: str, **headers: str) -> str:
    """The page of figures."""
    return httpx2.get(f"{url}/metrics", headers=headers, trust_env=False).text


def figure(page: str, line: str) -> float:
    """The figure of one line, 0 when it is not there."""
    found = re.search(rf"^{re.escape(line)} (\S+)$", page, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


@pytest.mark.slow
def test_all_processes_of_the_machine_are_one_page(tmp_path: Path, transactional_db: None) -> None:
    with processes.web(tmp_path, SIMPLANE_WEB_WORKERS="2") as (url, _):
        for n in range(20):
            assert httpx2.post(f"{url}/webhooks/made-up-{n}", content=b"{}", trust_env=False).status_code == 404
        assert "made-up" not in read(url)
        line = 'simplane_webhooks_total{channel="other",status="404"}'
        assert {figure(read(url), line) for _ in range(6)} == {20.0}
        jobs.enqueue("core.handle_message", message_id=1)
        assert processes.run(tmp_path, "worker", "--once").returncode == 0
        page = read(url)
        assert figure(page, 'simplane_jobs_total{name="core.handle_message",outcome="done"}') == 1
        assert figure(page, 'simplane_job_seconds_count{name="core.handle_message"}') == 1
        assert figure(page, "simplane_database_up") == 1


@pytest.mark.slow
def test_a_worker_with_a_port_of_its_own_is_asked_there(tmp_path: Path, transactional_db: None) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with processes.running(tmp_path, "worker", "worker", SIMPLANE_WORKER_METRICS_PORT=str(port)) as worker:
        wait_for(f"{url}/healthz", worker)
        assert httpx2.get(f"{url}/healthz", trust_env=False).json() == {"alive": True}
        assert httpx2.get(f"{url}/else", trust_env=False).status_code == 404
        jobs.enqueue("core.handle_message", message_id=1)
        jobs.wake_workers("default")
        processes.soon(lambda: figure(read(url), 'simplane_jobs_total{name="core.handle_message",outcome="done"}') == 1)
        assert figure(read(url), "process_resident_memory_bytes") > 0
        assert not (tmp_path / "figures").exists()


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path, db: None) -> None:
    taken = free_port()
    stop = figures.serve_worker(taken, open_to_all=False)
    try:
        ended = processes.run(tmp_path, "worker", "--once", SIMPLANE_WORKER_METRICS_PORT=str(taken))
    finally:
        stop()
    assert ended.returncode == 2
    assert ended.stderr == f"worker: SIMPLANE_WORKER_METRICS_PORT {taken}: Address already in use\n"


def test_what_the_dead_counted_goes_when_the_web_starts_anew(tmp_path: Path) -> None:
    gone, here = tmp_path / "counter_999999999.db", tmp_path / f"counter_{os.getpid()}.db"
    gone.touch()
    here.touch()
    figures.clear(tmp_path)
    assert (gone.exists(), here.exists()) == (False, True)


def test_a_breaker_shows_in_the_figures() -> None:
    from prometheus_client import REGISTRY

    from simplane.suppliers import breakers

    one = breakers.breaker("figures-test", "issue", failures=1, reset_seconds=60)
    one.failed()
    figures.show_breakers()
    labels = {"supplier": "figures-test", "operation": "issue"}
    assert REGISTRY.get_sample_value("simplane_supplier_breaker", labels) == 2
    one.succeeded()
    figures.show_breakers()
    assert REGISTRY.get_sample_value("simplane_supplier_breaker", labels) == 0
    breakers.forget()


def test_what_a_killed_worker_said_of_its_present_is_forgotten(tmp_path: Path) -> None:
    from simplane.api.metrics import forget_the_dead

    gone = tmp_path / "gauge_livemax_999999999.db"
    counted = tmp_path / "counter_999999999.db"
    gone.touch()
    counted.touch()
    forget_the_dead(tmp_path)
    assert (gone.exists(), counted.exists()) == (False, True)

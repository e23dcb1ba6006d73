"""What probes are told about a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from django.db import connection
from django.test import Client

from simplane.api import health
from tests import processes
from tests.standins import free_port


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    health.forget()
    yield
    health.forget()


def test_healthz_asks_no_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


def test_ready_when_everything_is(client: Client, db: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "checks": {"database": "ok", "migrations": "ok", "inbox": "ok", "pages": "ok"},
    }
    assert answer["Cache-Control"] == "no-store"


def test_not_ready_while_a_migration_is_missing(client: Client, db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'alerts'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    found = answer.json()["checks"]
    assert found["database"] == "ok"
    assert found["migrations"].endswith("the first is alerts.0001_initial: run `simplane migrate`")
    assert found["inbox"] == "waits for the migrations"


def test_not_ready_on_a_database_that_takes_no_writes(client: Client, db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "takes no writes" in answer.json()["checks"]["inbox"]


def test_an_answer_is_remembered_for_a_moment(client: Client, db: None) -> None:
    assert client.get("/readyz").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    assert client.get("/readyz").status_code == 200


def test_probes_are_only_read(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405


def test_a_probe_knows_no_host_name_and_gets_no_redirect(client: Client, settings: object) -> None:
    settings.OWN_HOSTS = ["shop.example"]  # type: ignore[attr-defined]
    settings.SECURE_SSL_REDIRECT = True  # type: ignore[attr-defined]
    assert Client().get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200
    assert Client().get("/console/", headers={"Host": "shop.example"}).status_code == 301


def test_without_a_database_it_is_alive_and_not_ready(tmp_path: Path, db: None) -> None:
    nobody_here = f"postgresql://postgres:very-secret-password@127.0.0.1:{free_port()}/gone"
    with processes.web(tmp_path, DATABASE_URL=nobody_here) as (url, _):
        assert httpx2.get(f"{url}/healthz", trust_env=False).status_code == 200
        answer = httpx2.get(f"{url}/readyz", trust_env=False)
        assert answer.status_code == 503
        assert answer.json() == {
            "ready": False,
            "checks": {"database": "can not be reached or used: OperationalError"},
        }
        figures = httpx2.get(f"{url}/metrics", trust_env=False)
        assert "simplane_database_up 0.0" in figures.text
    assert "very-secret-password" not in (tmp_path / "logs" / "web.log").read_text()

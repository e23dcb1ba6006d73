"""What DATABASE_URL says reaches PostgreSQL's library, for every connection of ours."""

from __future__ import annotations

from pathlib import Path

import httpx2
import psycopg
import pytest
from django.db import connection

from simplane.config import database
from simplane.core import jobs
from simplane.core.batches import NotDone
from simplane.core.store import Delivery, make_batcher
from tests import processes

TLS = "?sslmode=verify-full&sslrootcert=/etc/ssl/our-ca.pem&target_session_attrs=read-write"


def test_options_of_the_address_are_kept() -> None:
    found = database.connection(f"postgresql://shop:p%40ss@one.example:5433,two.example:5433/simplane{TLS}")

    assert (found["HOST"], found["PORT"]) == ("one.example,two.example", "5433,5433")
    assert (found["USER"], found["PASSWORD"], found["NAME"]) == ("shop", "p@ss", "simplane")
    assert found["OPTIONS"] == database.LIMITS | database.PREPARED | {
        "application_name": "simplane",
        "sslmode": "verify-full",
        "sslrootcert": "/etc/ssl/our-ca.pem",
        "target_session_attrs": "read-write",
    }


def test_a_limit_of_the_address_goes_before_ours() -> None:
    found = database.connection("postgresql://db.example/simplane?connect_timeout=20&application_name=blue")

    assert (found["OPTIONS"]["connect_timeout"], found["OPTIONS"]["application_name"]) == ("20", "blue")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example/simplane?sslmod=require",
        "postgresql://db.example:none/simplane",
        "postgresql://db.example:70000/simplane",
        "mysql://db.example/simplane",
    ],
)
def test_an_address_that_says_nothing_to_postgresql_is_refused(url: str) -> None:
    assert not database.is_database(url)


def test_every_secret_of_the_address_is_known_as_one() -> None:
    assert database.passwords("postgresql://a:p%40ss@db.example/s?sslpassword=of-the-key") == [
        "of-the-key",
        "p%40ss",
        "p@ss",
    ]


class TestAServerWithoutTLS:
    """The server of the tests speaks none, so whoever demands it must be refused."""

    @pytest.fixture(autouse=True)
    def _demanded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "sslmode", "require")

    def test_workers_and_nudges_do_not_connect(self) -> None:
        with pytest.raises(psycopg.OperationalError, match="does not support SSL"):
            psycopg.connect(**jobs.connection_parameters())

    def test_a_webhook_is_not_stored(self) -> None:
        with pytest.raises(NotDone, match="OperationalError"):
            make_batcher().submit(Delivery("shopify", "demo", "1", "orders/paid", {}, b"{}", True))


@pytest.mark.django_db(transaction=True)
def test_pages_do_not_connect_without_the_tls_that_was_demanded(tmp_path: Path) -> None:
    with processes.web(tmp_path, DATABASE_URL=f"{processes.database_url()}?sslmode=require") as (address, _):
        answer = httpx2.get(f"{address}/readyz", trust_env=False)

    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "can not be reached or used: OperationalError"}


@pytest.mark.django_db(transaction=True)
def test_a_webhook_is_given_back_while_its_table_is_locked_and_the_next_is_stored() -> None:
    store = make_batcher()
    waiting = Delivery("shopify", "demo", "waits", "orders/paid", {}, b"{}", True)
    with psycopg.connect(**jobs.connection_parameters()) as other:
        other.execute("LOCK TABLE core_inboxmessage")
        with pytest.raises(NotDone):
            store.submit(waiting)
        other.rollback()

    store.submit(waiting)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_inboxmessage")
        assert cursor.fetchone() == (1,)

"""A database that stops, or a disk that is full, while orders come in: the shop is told to try again, nothing is lost.

Real processes, a PostgreSQL of its own, and the stand-in shop that sends and is compared afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg
import pytest

from simplane.ops import postgres, ready_made
from simplane.ops.postgres import Cluster
from simplane.ops.stage import DEMO_SHOP, Ports, Stage
from tests.processes import soon
from tests.standins import free_port

pytestmark = pytest.mark.slow
SECRET = "demo-shopify-secret-not-real"
SKU = "ESIM-EU-5GB-30D"
LARGEST_FILE = 20_000_000
"""Bytes after which the full disk of the test takes no more: a little above the server's own 16 MB log files."""


@dataclass
class House:
    """Our web process and the shop, on a database that can be stopped."""

    stage: Stage
    folder: Path
    settings: dict[str, str]

    def start(self) -> Cluster:
        return postgres.start(self.folder / "postgres", settings=self.settings)

    def stop(self) -> None:
        """As a power cut would."""
        postgres.stop(Cluster(self.folder / "postgres", int(self.settings["port"])), mode="immediate")

    def post(self, number: int, *, padding: int = 0) -> int:
        """A signed webhook of an order; the status it is answered with."""
        order = {"id": 9_000_000 + number, "note": base64.b64encode(os.urandom(padding)).decode()}
        body = json.dumps(order).encode()
        sent = {
            "X-Shopify-Topic": "orders/paid",
            "X-Shopify-Shop-Domain": DEMO_SHOP,
            "X-Shopify-Webhook-Id": f"d-{number}",
            "X-Shopify-Hmac-Sha256": base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode(),
        }
        address = f"{self.stage.url('web')}/webhooks/shopify/demo"
        return httpx2.post(address, content=body, headers=sent, timeout=10, trust_env=False).status_code

    def stored(self) -> set[str]:
        """Deliveries in the inbox."""
        with psycopg.connect(self.stage.database_url) as connection:
            return {row[0] for row in connection.execute("SELECT delivery_id FROM core_inboxmessage")}

    def sells(self) -> str:
        """One paid order at the shop, which tells us of it; its id there."""
        order = {"lines": [{"sku": SKU, "price": "19.00"}]}
        made = self.stage.control("shopify", f"shops/{DEMO_SHOP}/orders", order)
        return str(made["ids"][0])


@pytest.fixture
def house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="simplane-trouble-"))
    folder.chmod(0o755)  # the server's own user must get through
    settings = {"port": str(free_port()), "fsync": "off", "max_wal_size": "64MB"}
    ready_made.copy_to(folder / "postgres")
    cluster = postgres.start(folder / "postgres", settings=settings)
    stage = Stage(folder / "state", cluster.url, Ports.free(), {"SIMPLANE_WEB_WORKERS": "1"})
    try:
        stage.start_stand_in("shopify")
        stage.command("load", "load", str(_setup(stage)))
        stage.start_web()
        stage.control("shopify", "settings", {"webhook_url": f"{stage.url('web')}/webhooks/shopify/demo"})
        yield House(stage, folder, settings)
    finally:
        stage.close()
        postgres.stop(cluster)
        shutil.rmtree(folder, ignore_errors=True)


def _setup(stage: Stage) -> Path:
    """The demo shop and its products, without suppliers: nothing is bought here."""
    whole = json.loads(stage.setup_file().read_text())
    path = stage.folder / "shop.json"
    path.write_text(json.dumps({key: whole[key] for key in ("operator", "rates", "products", "shops")}))
    return path


@contextmanager
def small_disk() -> Iterator[None]:
    """Processes started meanwhile can not make any file larger than `LARGEST_FILE`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_stopped_database_costs_no_order(house: House) -> None:
    assert house.post(1) == 200
    house.stop()
    assert house.post(2) == 503
    lost = house.sells()

    house.start()
    soon(lambda: house.post(2) == 200)
    assert {"d-1", "d-2"} <= house.stored()
    proof = house.stage.command("reconcile", "reconcile", "--shop", "demo", "--full", "--json")
    compared = json.loads(proof.log.read_text().splitlines()[-1])
    assert compared["balanced"] is True
    assert compared["at_shop"] == 1
    with psycopg.connect(house.stage.database_url) as connection:
        rows = connection.execute("SELECT external_id, state FROM ordering_order").fetchall()
    assert rows == [(lost, "open")]


def test_a_full_disk_is_answered_with_try_again_and_what_was_taken_stays(house: House) -> None:
    house.stop()
    with small_disk():
        house.start()
    soon(lambda: house.post(0) == 200)

    answers = {number: house.post(number, padding=2_500_000) for number in range(1, 12)}

    assert set(answers.values()) == {200, 503}
    house.stop()
    house.start()
    taken = {f"d-{number}" for number, status in answers.items() if status == 200}
    soon(lambda: house.stored() == {"d-0"} | taken)
    refused = [number for number, status in answers.items() if status == 503]
    for number in refused:
        soon(lambda number=number: house.post(number, padding=2_500_000) == 200)  # type: ignore[misc]
    assert house.stored() == {"d-0"} | {f"d-{number}" for number in answers}

"""From an order by API to the reseller's server: the real order, the real worker, a real request."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings

from simplane.core import jobs
from simplane.ordering.placing import LineWanted, place_one
from tests import factories
from tests.ordering.wholesale import reseller
from tests.standins import Receiver
from tests.webhooks.desk import Desk
from tests.world import Outside, open_outside, open_world


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with open_outside(tmp_path_factory.mktemp("outside")) as made:
        yield made


def test_an_order_is_told_from_its_beginning_to_its_end(desk: Desk, receiver: Receiver, outside: Outside) -> None:
    with open_world(outside) as world:
        settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"allow_loopback_targets": True})
        who = reseller(20_00)
        desk.organization = who.organization
        endpoint = desk.endpoint(receiver.url)
        factories.price(product=world.product, amount_minor=450)
        wanted = who.order(LineWanted(world.product.sku, 1), reference="PO-7", email="ana@example.com", name="Ana")
        with psycopg.connect(**jobs.connection_parameters(), autocommit=True) as lane:
            placed = place_one(lane, wanted)
        assert placed.code == "created"
        (unit,) = world.work()
        assert unit.state == "delivered"
        desk.tick()
        told = {}
        for came in receiver.take(3):
            payload = desk.verified(endpoint, came)
            told[payload["type"]] = payload["data"]
        assert receiver.empty
    assert set(told) == {"order.created", "unit.delivered", "order.completed"}
    assert told["unit.delivered"]["order"] == wanted.public_id
    assert told["unit.delivered"]["esim"] == unit.public_id
    assert told["order.completed"] == {"order": wanted.public_id, "reference": "PO-7", "state": "done", "sequence": 2}

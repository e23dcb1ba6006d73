"""No address of the hub shows or changes what belongs to another account, or to the other mode of the same one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from simplane.delivery.models import Message as Mail
from simplane.organizations.models import ApiKey, Invitation, Membership, Organization
from simplane.payments.models import SavedCard
from simplane.webhooks.models import Delivery, Endpoint
from tests.hub.people import browser_of, member, reseller
from tests.hub.routes import guarded_routes
from tests.hub.somebody import Belongings, everything_of

pytestmark = pytest.mark.django_db
ROUTES = guarded_routes()
WATCHED: tuple[type[Model], ...] = (ApiKey, Membership, Invitation, SavedCard, Endpoint, Delivery, Mail)
WISH = {"role": "owner", "url": "https://eve.example", "to": "eve@example.com", "hours": "24", "overlap": "0"}


def _rows() -> list[Any]:
    return [list(kind._default_manager.order_by("pk").values()) for kind in WATCHED]


def _knock(client: Client, found: Belongings, *, team: bool) -> None:
    before = _rows()
    for name, address in found.addresses(team=team).items():
        answer = client.get(address)
        answer = client.post(address, WISH) if answer.status_code == 405 else answer
        assert answer.status_code == 404, name
        assert not [mark for mark in found.marks if mark in answer.content.decode()], name
    assert _rows() == before


def test_the_walk_names_every_route_with_an_id() -> None:
    with_id = {route.name for route in ROUTES if "x_1" in route.address or "/1/" in route.address}

    assert set(everything_of(reseller()).addresses()) == with_id


def test_the_owner_of_another_account_finds_nothing() -> None:
    found = everything_of(reseller())
    eve = browser_of(member(reseller()))

    _knock(eve, found, team=True)
    for route in ROUTES:
        if route.name not in found.addresses():
            text = b"".join(eve.get(route.address))
            assert not [mark for mark in found.marks if mark.encode() in text], route.name


def test_what_is_live_does_not_exist_in_test_mode_nor_the_other_way_round() -> None:
    home = reseller()
    live, owner = everything_of(home), browser_of(member(home))
    twin = Organization.objects.get(twin_of=home)
    played = everything_of(twin)

    _knock(owner, played, team=False)
    owner.post("/hub/mode/", {"test": "1"})
    _knock(owner, live, team=False)
    assert owner.get(played.addresses()["order"]).status_code == 200

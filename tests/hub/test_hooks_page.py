"""Webhooks in the hub: endpoints with a secret shown once, a test event, the log, sending again."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from simplane.core import clock
from simplane.organizations.models import Organization, Role
from simplane.webhooks.models import Attempt, Delivery, Endpoint
from tests.hub.people import browser_of, member, reseller

pytestmark = pytest.mark.django_db
URL = "https://hooks.acme.example/in"


@pytest.fixture
def home() -> Organization:
    return reseller()


@pytest.fixture
def developer(home: Organization) -> Client:
    return browser_of(member(home, Role.DEVELOPER))


def _made(client: Client) -> Endpoint:
    client.post("/hub/webhooks/new/", {"url": URL, "event_types": ["order.completed"]})
    return Endpoint.objects.get()


def test_the_signing_secret_is_shown_once(developer: Client, home: Organization) -> None:
    wish = {"url": URL, "description": "shop", "event_types": ["order.completed", "unit.delivered"]}

    page = developer.post("/hub/webhooks/new/", wish).content.decode()

    row = Endpoint.objects.get()
    (secret,) = set(re.findall(r"whsec_[\w+/=]+", page))
    assert (row.organization, row.url, row.secrets["current"]) == (home, URL, secret)
    assert row.event_types == ["order.completed", "unit.delivered"]
    for address in ("/hub/webhooks/", f"/hub/webhooks/{row.public_id}/"):
        seen = developer.get(address).content.decode()
        assert (URL in seen, secret in seen) == (True, False)
    other = developer.post(f"/hub/webhooks/{row.public_id}/rotate/", {"overlap": "24"}).content.decode()
    assert "Both sign for a day" in other
    assert set(re.findall(r"whsec_[\w+/=]+", other)) == {Endpoint.objects.get().secrets["current"]} != {secret}


@pytest.mark.parametrize(
    "wrong", [{"url": "ftp://x"}, {"url": "https://127.0.0.1/"}, {"url": ""}, {"event_types": ["x"]}]
)
def test_a_bad_endpoint_is_refused_on_the_form(developer: Client, wrong: dict[str, object]) -> None:
    assert developer.post("/hub/webhooks/new/", {"url": URL, **wrong}).status_code == 422
    assert not Endpoint.objects.exists()

    kept = _made(developer)
    assert developer.post(f"/hub/webhooks/{kept.public_id}/change/", {"url": URL, **wrong}).status_code == 422
    assert Endpoint.objects.get().url == URL


def test_a_test_event_stands_in_the_log_and_is_sent_again(developer: Client) -> None:
    row = _made(developer)
    address = f"/hub/webhooks/{row.public_id}/"

    developer.post(f"{address}test/")

    delivery = Delivery.objects.get()
    now = clock.now()
    Delivery.objects.update(state="failed", due_at=None, finished_at=now, problem="answered 500")
    Attempt.objects.create(
        delivery=delivery, number=1, at=now, ms=412, url=URL, request_headers={"webhook-id": "msg_1"}, status=500,
        response_headers={"server": "nginx"}, response_body="<b>broken</b>", problem="answered 500",
    )  # fmt: skip
    log = developer.get(f"{address}?state=failed").content.decode()
    assert (f"/hub/webhooks/deliveries/{delivery.public_id}/" in log, "answered 500" in log) == (True, True)
    assert "Nothing was sent that fits" in developer.get(f"{address}?state=delivered").content.decode()
    page = developer.get(f"/hub/webhooks/deliveries/{delivery.public_id}/").content.decode()
    assert [text in page for text in ("412 ms", "msg_1", "nginx", "&lt;b&gt;broken&lt;/b&gt;")] == [True] * 4

    developer.post(f"/hub/webhooks/deliveries/{delivery.public_id}/replay/")
    assert Delivery.objects.get().state == "waiting"


def test_an_endpoint_is_changed_switched_off_and_on_and_deleted(developer: Client) -> None:
    row = _made(developer)
    address = f"/hub/webhooks/{row.public_id}/"

    developer.post(f"{address}change/", {"url": f"{URL}/2", "event_types": []})
    developer.post(f"{address}disable/")
    row.refresh_from_db()
    assert (row.url, row.event_types, row.state) == (f"{URL}/2", [], "disabled")
    refused = developer.post(f"{address}test/", follow=True).content.decode()
    assert "the endpoint is disabled" in refused
    assert "1 webhook endpoint fails or is off" in developer.get("/hub/").content.decode()
    developer.post(f"{address}enable/")
    assert developer.post(f"{address}replay/", {"hours": "0"}).status_code == 422
    assert "On its way again" in developer.post(f"{address}replay/", {"hours": "24"}, follow=True).content.decode()
    developer.post(f"{address}delete/")
    assert not Endpoint.objects.exists()

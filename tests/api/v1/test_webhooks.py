"""Webhook endpoints by API: made, changed, tested, replayed; another account's are not there."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings
from standardwebhooks import Webhook

from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.worker import run_worker
from simplane.webhooks.actions import tell
from simplane.webhooks.models import Endpoint
from simplane.webhooks.values import Fact
from tests.api.v1.calls import Program, program
from tests.standins import receiving

URL = "https://hooks.example.com/simplane"


def happen(caller: Program, kind: str = "wallet.low") -> None:
    with transaction():
        fact = Fact(organization_id=caller.organization.pk, type=kind, key=kind, subject="x", at=clock.now())
        assert tell(fact) is not None


def work() -> None:
    asyncio.run(run_worker(once=True))


def test_a_developers_hour_with_webhooks(transactional_db: None, settings: Settings) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"allow_loopback_targets": True})
    caller = program()
    with receiving() as receiver:
        made = caller.post("/webhooks", {"url": f"{receiver.url}/hook", "event_types": ["wallet.low"]})
        assert made.status == 201
        its = f"/webhooks/{made.told['id']}"
        secret = made.told["secret"]
        tested = caller.post(f"{its}/test")
        assert (tested.status, tested.told["state"], tested.told["type"]) == (202, "waiting", "webhook.test")
        work()
        came = receiver.next()
        assert Webhook(secret).verify(came.body, came.headers)["type"] == "webhook.test"
        whole = caller.get(f"/webhook-deliveries/{tested.told['id']}").told
        assert (whole["state"], whole["last_status"], whole["attempts"][0]["status"]) == ("delivered", 200, 200)
        assert whole["payload"]["data"]["endpoint"] == made.told["id"]
        rotated = caller.post(f"{its}/rotate-secret", {"overlap_hours": 1}).told
        receiver.answers.put(503)
        happen(caller)
        work()
        came = receiver.next()
        assert Webhook(secret).verify(came.body, came.headers) == Webhook(rotated["secret"]).verify(
            came.body, came.headers
        )
        (failed,) = caller.get("/webhook-deliveries", state="waiting").told["data"]
        assert (failed["last_status"], failed["problem"], failed["tries"]) == (503, "answered 503", 1)
        assert caller.post(f"/webhook-deliveries/{failed['id']}/replay").status == 202
        work()
        receiver.next()
        since = (clock.now() - timedelta(hours=1)).isoformat()
        assert caller.post(f"{its}/replay", {"since": since}).told["messages"] == 0
        assert caller.post(f"{its}/replay", {"since": since, "delivered_too": True}).told["messages"] == 1
        assert caller.post(f"{its}/replay", {"messages": [failed["message"]]}).told["messages"] == 1
        work()
        receiver.next()
    switched = caller.call("PATCH", its, body={"enabled": False, "description": "resting"}).told
    assert (switched["state"], switched["disabled_because"], switched["description"]) == (
        "disabled",
        "owner",
        "resting",
    )
    assert caller.post(f"{its}/test").code == "endpoint_disabled"
    assert caller.call("PATCH", its, body={"enabled": True}).told["state"] == "active"
    assert [one["id"] for one in caller.get("/webhooks").told["data"]] == [made.told["id"]]
    assert "secret" not in caller.get(its).told
    gone = caller.call("DELETE", its)
    assert (gone.status, gone.raw) == (204, b"")
    assert caller.get(its).code == "not_found"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "bad_request"),
        ({"url": 5}, "bad_request"),
        ({"url": URL, "secret": "mine"}, "bad_request"),
        ({"url": "http://169.254.169.254/latest"}, "address_refused"),
        ({"url": "https://user:pw@example.com/"}, "address_refused"),
        ({"url": f"{URL}\x00"}, "address_refused"),
        ({"url": URL, "event_types": ["order.exploded"]}, "bad_endpoint"),
        ({"url": URL, "event_types": "wallet.low"}, "bad_request"),
        ({"url": URL, "description": "x" * 201}, "bad_request"),
    ],
)
def test_a_bad_endpoint_is_refused_and_not_made(body: dict[str, Any], code: str) -> None:
    answer = program(0).post("/webhooks", body)
    assert (answer.status, answer.code) == (422, code)
    assert not Endpoint.objects.exists()


@pytest.mark.django_db
def test_anothers_webhooks_are_not_there_and_a_key_needs_the_scope() -> None:
    owner, other = program(0), program(0)
    its = owner.post("/webhooks", {"url": URL}).told["id"]
    sent = owner.post(f"/webhooks/{its}/test").told["id"]
    asked = [
        other.get(f"/webhooks/{its}"),
        other.call("PATCH", f"/webhooks/{its}", body={"description": "mine"}),
        other.call("DELETE", f"/webhooks/{its}"),
        other.post(f"/webhooks/{its}/rotate-secret", {}),
        other.post(f"/webhooks/{its}/test"),
        other.post(f"/webhooks/{its}/replay", {"since": "2026-11-20T00:00:00Z"}),
        other.get(f"/webhook-deliveries/{sent}"),
        other.post(f"/webhook-deliveries/{sent}/replay"),
    ]
    assert {one.status for one in asked} == {404}
    assert other.get("/webhooks").told["data"] == []
    assert other.get("/webhook-deliveries", endpoint=its).told["data"] == []
    assert program(0, scopes=("orders:read",)).get("/webhooks").code == "missing_scope"
    wrong: list[dict[str, Any]] = [{}, {"messages": []}, {"messages": ["msg_1"], "since": "2026-11-20T00:00:00Z"}]
    for bad in wrong:
        assert owner.post(f"/webhooks/{its}/replay", bad).code == "bad_request"
    assert owner.post(f"/webhooks/{its}/replay", {"messages": ["msg_1"]}).code == "bad_input"

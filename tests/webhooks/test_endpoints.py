"""Endpoints are made, changed, rotated and ended by their owner alone; bad ones are refused and change nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simplane.core.errors import Refusal
from simplane.core.models import AuditEntry
from simplane.core.reach import AddressRefused
from simplane.webhooks import actions, queries
from simplane.webhooks.actions import endpoints as verbs
from simplane.webhooks.errors import BadEndpoint, NoSuchEndpoint, TooManyEndpoints
from simplane.webhooks.models import Endpoint
from tests import factories
from tests.standins import Receiver
from tests.webhooks.desk import Desk, states

URL = "https://hooks.example.com/simplane/secret-path"


def test_an_endpoint_is_made_and_its_secret_stands_nowhere_in_the_clear(desk: Desk) -> None:
    made = actions.create_endpoint(desk.organization, URL, event_types=["wallet.low"], description="  our \n shop ")
    stored = Endpoint.objects.filter(pk=made.endpoint.pk).values_list("public_id", "url", "description", "state").get()
    assert stored == (made.endpoint.public_id, URL, "our shop", "active")
    assert made.secret.startswith("whsec_")
    entry = AuditEntry.objects.get(action="webhook_endpoint.created")
    assert made.secret not in str(entry.after)
    assert "secret-path" not in str(entry.after)
    assert queries.endpoints(desk.organization.pk)[0].state == "new"


@pytest.mark.parametrize(
    ("url", "types", "description", "refusal"),
    [
        ("http://10.0.0.1/", [], "", AddressRefused),
        ("https://user:pw@example.com/", [], "", AddressRefused),
        (URL, ["order.exploded"], "", BadEndpoint),
        (URL, ["webhook.test"], "", BadEndpoint),
        (URL, [], "x" * 201, BadEndpoint),
    ],
)
def test_a_bad_endpoint_is_refused_and_nothing_is_there(
    desk: Desk, url: str, types: list[str], description: str, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal) as caught:
        actions.create_endpoint(desk.organization, url, event_types=types, description=description)
    assert caught.value.fix
    assert not Endpoint.objects.exists()


def test_an_account_has_so_many_endpoints_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "MOST_ENDPOINTS", 1)
    actions.create_endpoint(desk.organization, URL)
    with pytest.raises(TooManyEndpoints):
        actions.create_endpoint(desk.organization, URL)
    assert Endpoint.objects.count() == 1


def test_another_organizations_endpoint_is_not_there(desk: Desk) -> None:
    theirs = actions.create_endpoint(factories.organization(kind="reseller"), URL).endpoint
    mine, its = desk.organization.pk, theirs.public_id
    for attempt in (
        lambda: actions.update_endpoint(mine, its, description="mine now"),
        lambda: actions.rotate_secret(mine, its),
        lambda: actions.delete_endpoint(mine, its),
        lambda: actions.disable_endpoint(mine, its),
        lambda: actions.enable_endpoint(mine, its),
        lambda: actions.send_test(mine, its),
        lambda: actions.replay_messages(mine, its, ["msg_1"]),
        lambda: actions.replay_since(mine, its, theirs.created_at),
        lambda: queries.endpoint(mine, its),
    ):
        with pytest.raises(NoSuchEndpoint):
            attempt()
    kept = Endpoint.objects.get(pk=theirs.pk)
    assert (kept.description, kept.state, kept.secrets) == ("", "active", theirs.secrets)


def test_what_is_given_changes_and_a_bad_change_changes_nothing(desk: Desk) -> None:
    made = actions.create_endpoint(desk.organization, URL).endpoint
    mine, its = desk.organization.pk, made.public_id
    with pytest.raises(AddressRefused):
        actions.update_endpoint(mine, its, url="https://localhost:22/", description="x")
    changed = actions.update_endpoint(mine, its, event_types=["wallet.low", "order.created", "wallet.low"])
    assert (changed.url, changed.event_types, changed.description) == (URL, ["order.created", "wallet.low"], "")
    with pytest.raises(BadEndpoint, match="overlap"):
        actions.rotate_secret(mine, its, overlap=timedelta(days=8))
    assert Endpoint.objects.get().secrets == made.secrets


def test_a_disabled_endpoint_gets_nothing_until_it_is_enabled_and_what_it_missed_on_request(
    desk: Desk, receiver: Receiver
) -> None:
    endpoint = desk.endpoint(receiver.url)
    mine, its = desk.organization.pk, endpoint.public_id
    desk.tell()
    actions.disable_endpoint(mine, its)
    missed = desk.tell(2)
    desk.tick()
    assert receiver.empty
    assert states(endpoint) == ["failed"]
    with pytest.raises(Refusal, match="disabled"):
        actions.send_test(mine, its)
    actions.enable_endpoint(mine, its)
    desk.tick()
    assert receiver.empty
    assert actions.replay_since(mine, its, missed[0].created_at - timedelta(minutes=1)) == 3
    desk.work()
    assert len(receiver.take(3)) == 3
    assert states(endpoint) == ["delivered"] * 3


def test_a_deleted_endpoint_takes_its_log_along_and_a_late_answer_finds_nothing(desk: Desk, receiver: Receiver) -> None:
    endpoint = desk.endpoint(receiver.url)
    desk.tell()
    actions.delete_endpoint(desk.organization.pk, endpoint.public_id)
    desk.work()
    assert receiver.empty
    assert not Endpoint.objects.exists()

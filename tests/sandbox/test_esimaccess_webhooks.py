"""The eSIM Access stand-in's webhooks, and the published shapes of all it says."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.sandbox.esimaccess_partner import PAGE, Inbox, Json, Partner, inbox_of, partner_of
from tests.specs import load_spec

GB = 1_073_741_824


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partner]:
    with partner_of(tmp_path_factory.mktemp("esimaccess")) as partner:
        yield partner


@pytest.fixture
def partner(running: Partner) -> Partner:
    running.forget()
    return running


@pytest.fixture
def inbox(partner: Partner) -> Iterator[Inbox]:
    with inbox_of(partner) as inbox:
        yield inbox


# Webhooks


def test_a_webhook_that_does_not_answer_200_is_not_saved(partner: Partner, inbox: Inbox) -> None:
    other = Inbox()
    other.status = 204
    assert partner.refusal("/webhook/save", {"webhook": other.url}) == "200008"
    assert other.next()["content"] == {"orderNo": "1234567890", "orderStatus": "Test"}
    other.close()
    assert partner.refusal("/webhook/save", {"webhook": other.url}) == "200008"
    assert partner.refusal("/webhook/save", {"webhook": "ftp://nowhere"}) == "200008"
    assert partner.obj("/webhook/query") == {"webhook": inbox.url}


def test_the_way_to_first_use_is_told_step_by_step(partner: Partner, inbox: Inbox) -> None:
    line = partner.line("steps")
    inbox.next()
    partner.move(line, "in_use")
    told = [entry["content"] for entry in inbox.take(4)]
    assert [(entry["esimStatus"], entry["smdpStatus"]) for entry in told] == [
        ("GOT_RESOURCE", "DOWNLOAD"),
        ("GOT_RESOURCE", "INSTALLATION"),
        ("GOT_RESOURCE", "ENABLED"),
        ("IN_USE", "ENABLED"),
    ]
    assert {entry["esimTranNo"] for entry in told} == {line["esimTranNo"]}
    assert told[0]["eid"] == partner.again(line)["eid"]


def test_usage_thresholds_are_told_once(partner: Partner, inbox: Inbox) -> None:
    line = partner.line("thresholds")
    partner.move(line, "in_use", notify=False)
    quiet = partner.move(line, "used", bytes=GB)
    half = partner.move(line, "used", bytes=GB * 3 // 2)
    empty = partner.move(line, "depleted")
    assert quiet["notifications"] == []
    assert half["notifications"] == ["DATA_USAGE"]
    assert empty["notifications"] == ["DATA_USAGE", "DATA_USAGE", "ESIM_STATUS"]
    assert inbox.next()["notifyType"] == "ORDER_STATUS"
    content = inbox.next()["content"]
    assert (content["remain"], content["remainThreshold"], content["orderUsage"]) == (GB * 3 // 2, 0.5, GB * 3 // 2)


def test_a_webhook_can_be_sent_twice_with_one_id(partner: Partner, inbox: Inbox) -> None:
    line = partner.line("double")
    inbox.next()
    partner.move(line, "downloaded", repeat=2)
    first, second = inbox.take(2)
    assert first == second


def test_webhooks_can_be_lost(partner: Partner, inbox: Inbox) -> None:
    partner.standin.settings(webhook_lost_percent=100)
    line = partner.line("lost")
    partner.standin.settings(webhook_lost_percent=0)
    partner.obj("/esim/revoke", {"esimTranNo": line["esimTranNo"]})
    assert inbox.next()["content"]["esimStatus"] == "REVOKED"


def test_held_webhooks_can_come_in_reverse(partner: Partner, inbox: Inbox) -> None:
    line = partner.line("reverse")
    inbox.next()
    partner.standin.control("callbacks/hold", "POST")
    partner.move(line, "installed")
    partner.standin.control("callbacks/release", order="reverse")
    assert [entry["content"]["smdpStatus"] for entry in inbox.take(2)] == ["INSTALLATION", "DOWNLOAD"]


# The published shapes


def answers(partner: Partner) -> dict[str, Json]:
    line = partner.line("shapes")
    key = {"esimTranNo": line["esimTranNo"]}
    with inbox_of(partner) as inbox:
        calls: dict[str, Json] = {
            "/package/list": {},
            "/location/list": {},
            "/esim/order": {"transactionId": "shape", "packageInfoList": [{"slug": "ES_3_30", "count": 1}]},
            "/esim/query": {**key, "pager": PAGE},
            "/esim/topup": {**key, "packageCode": "TOPUP_CKH002", "transactionId": "shape-1"},
            "/esim/usage/query": {"esimTranNoList": [line["esimTranNo"]]},
            "/esim/suspend": key,
            "/esim/unsuspend": key,
            "/esim/sendSms": {**key, "message": "Hi"},
            "/esim/cancel": {"esimTranNo": partner.line("shape-2")["esimTranNo"]},
            "/esim/revoke": key,
            "/balance/query": {},
            "/webhook/save": {"webhook": inbox.url},
            "/webhook/query": {},
        }
        return {path: partner.envelope(path, body) for path, body in calls.items()}


def test_every_answer_fits_the_published_schema_and_sample(partner: Partner) -> None:
    paths = load_spec("suppliers", "esimaccess", "openapi.condensed.json")["paths"]
    given = answers(partner)
    assert given.keys() == paths.keys()
    for path, answer in given.items():
        schema = paths[path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator(schema).validate(answer)
    for name, path in (("esim.query.ready", "/esim/query"), ("package.list.base", "/package/list"),
                       ("esim.topup", "/esim/topup"), ("esim.usage.query", "/esim/usage/query")):  # fmt: skip
        sample = load_spec("suppliers", "esimaccess", "examples", f"{name}.example.json")["response"]["body"]
        assert same_shape(sample, given[path]), path


def test_every_webhook_has_the_shape_of_its_sample(partner: Partner, inbox: Inbox) -> None:
    partner.move(partner.line("hooks"), "depleted")
    told = {entry["notifyType"]: entry for entry in inbox.take(8)}
    assert told.keys() == {"ORDER_STATUS", "SMDP_EVENT", "ESIM_STATUS", "DATA_USAGE"}
    for kind, entry in told.items():
        sample = load_spec("suppliers", "esimaccess", "examples", f"webhook.{kind}.example.json")["webhook"]["body"]
        assert same_shape(sample, entry), kind


def same_shape(sample: Any, given: Any) -> bool:
    """Every field of the sample is there, in order, with the same JSON type (null fits everything)."""
    if sample is None or given is None:
        return True
    if isinstance(sample, dict):
        return isinstance(given, dict) and all(
            name in given and same_shape(value, given[name]) for name, value in sample.items()
        )
    if isinstance(sample, list):
        return isinstance(given, list) and (not sample or all(same_shape(sample[0], entry) for entry in given[:1]))
    return type(sample) is type(given)

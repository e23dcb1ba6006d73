"""eSIM Access' odd types, states and refusals, one at a time (reference section 2)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from simplane.core.http import Answer
from simplane.core.money import Money
from simplane.suppliers.esimaccess import catalogue, lines, webhooks, wire
from simplane.suppliers.esimaccess.errors import refusal, refused_by_http
from simplane.suppliers.outcomes import Blocked, Permanent, Retryable
from simplane.suppliers.transport import Doubtful
from simplane.suppliers.values import CatalogOffer, UnreadableRow

NOW = datetime(2026, 4, 23, tzinfo=UTC)
NO_PLACES = catalogue.Atlas({}, {})
ROW = {
    "packageCode": "CKH002",
    "slug": "ES_3_30",
    "name": "Spain 3GB 30Days",
    "price": 18000,
    "currencyCode": "USD",
    "volume": 3221225472,
    "dataType": 1,
    "unusedValidTime": 180,
    "duration": 30,
    "durationUnit": "DAY",
    "location": "ES",
    "locationCode": "ES",
    "activeType": 2,
    "supportTopUpType": 2,
}
LINE = {
    "esimTranNo": "23120118156818",
    "orderNo": "B1",
    "transactionId": "sp-1",
    "iccid": "8943108170000775671",
    "ac": "LPA:1$rsp.example.com$ABC",
    "smdpStatus": "RELEASED",
    "esimStatus": "GOT_RESOURCE",
    "packageList": [{"packageCode": "CKH002", "createTime": "2026-04-22T10:00:00+0000"}],
}


def row(places: catalogue.Atlas = NO_PLACES, **changes: Any) -> Any:
    content = {key: value for key, value in (ROW | changes).items() if value is not ...}
    [found] = catalogue.rows([json.dumps(content).encode()], places, set())  # type: ignore[list-item]
    return found


def offer(places: catalogue.Atlas = NO_PLACES, **changes: Any) -> CatalogOffer:
    found = row(places, **changes)
    assert isinstance(found, CatalogOffer), found
    return found


def line(**changes: Any) -> wire.Line:
    content = {key: value for key, value in (LINE | changes).items() if value is not ...}
    listed = wire.lines.decode(json.dumps({"esimList": [content]}).encode()).esim_list
    assert listed
    return listed[0]


def test_usage_that_is_read_is_as_old_as_the_vendor_says_it_is() -> None:
    used = lines.status(line(orderUsage=5), NOW)
    assert (used.data_used, used.usage_at) == (5, NOW - timedelta(hours=3))
    unsaid = lines.status(line(), NOW)
    assert (unsaid.data_used, unsaid.usage_at) == (None, None)


def envelope(**content: Any) -> wire.Envelope:
    return wire.envelope.decode(json.dumps(content).encode())


# Envelope


@pytest.mark.parametrize("success", [True, "true", "True"])
@pytest.mark.parametrize("code", [None, "0", 0, "", ...])
def test_success_in_every_spelling(success: Any, code: Any) -> None:
    content = {"success": success, "obj": {}} | ({} if code is ... else {"errorCode": code})
    assert envelope(**content).fine


@pytest.mark.parametrize(
    ("success", "code"), [(False, "200007"), ("false", "200007"), (True, "200007"), (False, None), ("no", "0")]
)
def test_anything_else_is_no_success(success: Any, code: Any) -> None:
    assert not envelope(success=success, errorCode=code, obj={}).fine


def test_the_message_under_either_name() -> None:
    assert envelope(success=False, errorCode="1", errorMsg="a").text == "a"
    assert envelope(success=False, errorCode="1", errorMessage="b").text == "b"


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'{"status":500}', b"<html>", b"", b'{"success":[]}'])
def test_what_is_no_envelope_can_not_be_read(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        wire.envelope.decode(body)


def test_failure_without_a_code_is_doubtful() -> None:
    with pytest.raises(Doubtful):
        refusal(envelope(success=False, errorCode=None, obj=None))


def test_a_code_nobody_published_is_permanent() -> None:
    answer = refusal(envelope(success=False, errorCode="777777", errorMsg="new"))
    assert answer == Permanent("new", "777777")


@pytest.mark.parametrize(("status", "expected"), [(429, Retryable), (401, Blocked), (403, Blocked), (404, Permanent)])
def test_http_refusals(status: int, expected: type) -> None:
    assert isinstance(refused_by_http(Answer(status, {}, b"")), expected)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 201, 302])
def test_other_http_statuses_are_doubtful(status: int) -> None:
    with pytest.raises(Doubtful):
        refused_by_http(Answer(status, {}, b""))


# Lines


@pytest.mark.parametrize(
    ("esim", "smdp", "expected"),
    [
        ("GOT_RESOURCE", "RELEASED", ("released", "queued", "active")),
        ("GOT_RESOURCE", "ENABLED", ("enabled", "queued", "active")),
        ("IN_USE", "DISABLED", ("disabled", "active", "active")),
        ("USED_UP", "DELETED", ("deleted", "depleted", "active")),
        ("UNUSED_EXPIRED", "RELEASED", ("released", "expired", "active")),
        ("SUSPENDED", "ENABLED", ("enabled", None, "suspended")),
        ("REVOKE", "ENABLED", ("enabled", "expired", "terminated")),
        ("REVOKED", "ENABLED", ("enabled", "expired", "terminated")),
        ("CANCEL", "RELEASED", ("released", "expired", "terminated")),
        ("BRAND_NEW", "BRAND_NEW", (None, None, "active")),
        (None, None, (None, None, None)),
    ],
)
def test_a_state_is_made_of_two_words(esim: str | None, smdp: str | None, expected: Any) -> None:
    assert lines.axes(esim, smdp) == expected


@pytest.mark.parametrize("changes", [{"ac": ""}, {"ac": None}, {"iccid": None}, {"esimStatus": "GETTING_RESOURCE"}])
def test_a_line_that_is_not_there_yet(changes: Any) -> None:
    assert lines.issued(line(**changes)) is None


def test_an_iccid_as_a_number() -> None:
    made = lines.issued(line(iccid=8943108170000775671))
    assert made is not None
    assert made.iccid == "8943108170000775671"


def test_an_impossible_activation_code_is_no_answer() -> None:
    with pytest.raises(Exception, match="not an activation code"):
        lines.issued(line(ac="http://somewhere"))


def test_two_lines_of_one_order_are_one_order() -> None:
    [found] = lines.found([line(), line(esimTranNo="2", iccid="8943108170000775672")], "CKH002", NOW)
    assert (found.quantity, len(found.iccids), found.reference) == (2, 2, "sp-1")


def test_other_packages_are_left_out_and_unnamed_ones_kept() -> None:
    assert lines.found([line()], "CKH003", NOW) == []
    [found] = lines.found([line(packageList=None)], "CKH003", NOW)
    assert (found.order_id, found.created_at) == ("B1", NOW)


# Catalogue


@pytest.mark.parametrize("missing", ["slug", "dataType", "smsStatus", "supportTopUpType", "durationUnit", "name"])
def test_rows_lack_fields(missing: str) -> None:
    changes: dict[str, Any] = {missing: ...}
    found = offer(**changes)
    assert (found.data_bytes, found.daily) == (3_221_225_472, False)
    assert found.top_up == (missing != "supportTopUpType")


@pytest.mark.parametrize(
    ("kind", "data", "daily"), [(2, 3_221_225_472, True), (3, 3_221_225_472, True), (4, None, False)]
)
def test_day_passes(kind: int, data: int | None, daily: bool) -> None:
    found = offer(dataType=kind, duration=1)
    assert (found.data_bytes, found.daily, found.days) == (data, daily, 1)


@pytest.mark.parametrize(("number", "starts"), [(1, "install"), (2, "first_use"), (3, "purchase")])
def test_when_the_clock_starts(number: int, starts: str) -> None:
    assert offer(activeType=number).clock_start == starts


def test_fractions_of_a_cent_are_rounded_up_for_us_and_half_up_when_paid() -> None:
    assert offer(price=18037).cost == Money(181, "USD")
    assert catalogue.money(18037) == Money(180, "USD")
    assert catalogue.money(18050) == Money(181, "USD")


def test_a_price_as_text() -> None:
    assert offer(price="18000").supplier_price == "18000"


def test_a_region_by_the_list_of_places() -> None:
    places = catalogue.Atlas({"NA-3": ("US", "CA", "MX")}, {"canada": "CA"})
    networks = [{"locationName": "Canada", "operatorList": [{"operatorName": "Bell", "networkType": "5G"}]}]
    found = offer(places, locationCode="NA-3", location="US", locationNetworkList=networks)
    assert found.countries == ("CA", "MX", "US")
    assert found.networks == ({"country": "CA", "operator": "Bell", "technology": "5G"},)


def test_a_region_nobody_listed_by_its_own_row() -> None:
    assert offer(locationCode="XX-9", location="US, CA").countries == ("CA", "US")


def test_a_field_called_sub_location() -> None:
    body = b'{"locationList":[{"code":"EU-2","name":"Two","type":2,"subLocation":[{"code":"DE"},{"code":"FR"}]}]}'
    assert catalogue.atlas(wire.places.decode(body)).regions == {"EU-2": ("DE", "FR")}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"price": ...}, "no price"),
        ({"price": None}, "no price"),
        ({"price": 0}, "no price"),
        ({"price": "free"}, "no price"),
        ({"volume": ...}, "no amount of data"),
        ({"volume": 0}, "no amount of data"),
        ({"dataType": 9}, "dataType 9"),
        ({"activeType": ...}, "clock"),
        ({"duration": None}, "no possible duration"),
        ({"durationUnit": "MOON"}, "no unit of time"),
        ({"location": "", "locationCode": "EU-42"}, "no known country"),
        ({"location": ..., "locationCode": ...}, "no known country"),
        ({"packageCode": ...}, "missing required field"),
        ({"packageCode": ""}, "no code"),
        ({"volume": "much"}, "Expected"),
        ({"currencyCode": "XXL"}, "not an ISO 4217 currency"),
    ],
)
def test_a_row_that_is_not_sold(changes: Any, expected: str) -> None:
    found = row(**changes)
    assert isinstance(found, UnreadableRow), found
    assert expected in found.reason


# Webhooks


def told(kind: str, **content: Any) -> Any:
    body = {"notifyType": kind, "notifyId": "n1", "eventGenerateTime": "2026-04-22T17:21:59Z", "content": content}
    [found] = webhooks.parse(json.dumps(body).encode())
    return found


def test_an_expiry_warning_counts_days_not_bytes() -> None:
    found = told("VALIDITY_USAGE", esimTranNo="1", remain=1, expiredTime="2026-04-23T17:00:00+0000")
    assert (found.kind, found.moment) == ("line", "expiring")
    assert found.status.expires_at == datetime(2026, 4, 23, 17, tzinfo=UTC)
    assert found.status.data_used is None


def test_nothing_remaining_is_depleted() -> None:
    assert told("DATA_USAGE", esimTranNo="1", totalVolume=9, orderUsage=9, remain=0).status.plan == "depleted"


def test_a_revocation_in_the_webhooks_own_word() -> None:
    assert told("ESIM_STATUS", esimTranNo="1", esimStatus="REVOKED").status.service == "terminated"


def test_a_sequence_number_may_be_null() -> None:
    found = told("SMDP_EVENT", esimTranNo="1", smdpStatus="DOWNLOAD", seqNumber=None, eid=None)
    assert (found.moment, found.status.profile) == ("", "downloaded")


def test_an_older_notification_without_id_is_told_apart_by_its_body() -> None:
    [found] = webhooks.parse(b'{"notifyType":"ESIM_STATUS","content":{"esimTranNo":"1"}}')
    assert len(found.dedupe_key) == 64


def test_an_iccid_as_a_number_in_a_webhook() -> None:
    assert told("ESIM_STATUS", iccid=8943108170000775671).iccid == "8943108170000775671"

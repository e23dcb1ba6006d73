"""The eSIM Access stand-in: who may call, what is bought, and that nothing is bought twice."""

import hmac
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.sandbox.esimaccess_partner import ACCESS_CODE, PAGE, SECRET_KEY, Partner, inbox_of, partner_of
from tests.specs import load_spec
from tests.standins import start

SPAIN_3GB = 18_000
OPENING = 10_000_000


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partner]:
    with partner_of(tmp_path_factory.mktemp("esimaccess")) as partner:
        yield partner


@pytest.fixture
def partner(running: Partner) -> Partner:
    running.forget()
    return running


def order_body(transaction_id: str, **changes: Any) -> dict[str, Any]:
    item = {"packageCode": "CKH002", "count": 1, "price": SPAIN_3GB}
    return {"transactionId": transaction_id, "amount": SPAIN_3GB, "packageInfoList": [item], **changes}


def signed_headers(body: str, *, timestamp: str | None = None, secret: str = SECRET_KEY) -> dict[str, str]:
    stamp = timestamp or str(int(time.time() * 1000))
    text = f"{stamp}request-1{ACCESS_CODE}{body}".encode()
    signature = hmac.new(secret.encode(), text, sha256).hexdigest()
    return {"RT-Timestamp": stamp, "RT-RequestID": "request-1", "RT-Signature": signature}


# Who may call


def test_a_call_without_access_code_is_refused_as_the_vendor_does(partner: Partner) -> None:
    answer = httpx2.post(partner.standin.url + "/api/v1/open/balance/query", json={}, trust_env=False)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": False,
        "errorCode": "000101",
        "errorMsg": "Req Header:[RT-AccessCode] is null",
        "obj": None,
    }


def test_a_wrong_access_code_is_refused(partner: Partner) -> None:
    assert partner.raw("/balance/query", headers={"RT-AccessCode": "somebody else"}).json()["errorCode"] == "000102"


def test_the_published_signature_vectors_are_accepted(partner: Partner) -> None:
    for vector in load_spec("suppliers", "esimaccess", "signature-vectors.json")["vectors"]:
        partner.standin.settings(
            access_code=vector["RT-AccessCode"], secret_key=vector["secretKey"], signature_window_seconds=0
        )
        names = ("RT-Timestamp", "RT-RequestID", "RT-AccessCode", "RT-Signature")
        headers = {name: vector[name] for name in names}
        answer = partner.client.post("/balance/query", content=vector["body"], headers=headers)
        assert answer.json()["success"] is True


def test_a_right_signature_is_accepted_in_either_case(partner: Partner) -> None:
    headers = signed_headers("{}")
    shouted = {**headers, "RT-Signature": headers["RT-Signature"].upper()}
    assert partner.raw("/balance/query", headers=headers).json()["success"] is True
    assert partner.raw("/balance/query", headers=shouted).json()["success"] is True


def test_a_wrong_signature_is_refused_and_buys_nothing(partner: Partner) -> None:
    body = order_body("signed-1")
    wrong = signed_headers(json.dumps(body), secret="guessed")
    tampered = signed_headers(json.dumps(order_body("signed-2")))
    assert partner.raw("/esim/order", body, headers=wrong).json()["errorCode"] == "101003"
    assert partner.raw("/esim/order", body, headers=tampered).json()["errorCode"] == "101003"
    assert partner.totals()["orders"] == 0


def test_an_old_timestamp_is_refused(partner: Partner) -> None:
    an_hour_ago = str(int((time.time() - 3600) * 1000))
    assert (
        partner.raw("/balance/query", headers=signed_headers("{}", timestamp=an_hour_ago)).json()["errorCode"]
        == "101001"
    )


def test_signatures_can_be_demanded(partner: Partner) -> None:
    partner.standin.settings(require_signature=True)
    assert partner.refusal("/balance/query") == "000101"
    assert partner.raw("/balance/query", headers=signed_headers("{}")).json()["success"] is True


def test_what_is_no_json_object_is_refused(partner: Partner) -> None:
    nested = b'{"transactionId":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for raw in (b"", b"<xml/>", b"[]", b'{"a":', b"\xff\xfe", nested):
        assert partner.client.post("/esim/order", content=raw).json()["errorCode"] == "000104"


def test_every_call_is_a_post(partner: Partner) -> None:
    assert partner.client.get("/balance/query").json()["errorCode"] == "000103"


@pytest.mark.parametrize(("throttle_as", "status"), [("429", 429), ("900001", 200)])
def test_more_calls_than_allowed_in_a_second_are_refused(partner: Partner, throttle_as: str, status: int) -> None:
    partner.standin.settings(rate_limit_per_second=8, throttle_as=throttle_as)
    began = int(time.time())
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: partner.raw("/balance/query"), range(60)))
    seconds = int(time.time()) - began + 1
    refused = [answer for answer in answers if answer.status_code == 429 or "900001" in answer.text]
    assert 60 - 8 * seconds <= len(refused) <= 52
    assert {answer.status_code for answer in refused} == {status}


# Buying


def test_the_vendors_sample_order_works_word_for_word(partner: Partner) -> None:
    sample = load_spec("suppliers", "esimaccess", "examples", "esim.order.example.json")
    answer = partner.envelope("/esim/order", sample["request"]["body"])
    published = sample["response"]["body"]
    assert {**answer, "obj": None} == {**published, "obj": None}
    assert answer["obj"].keys() == published["obj"].keys()
    assert answer["obj"]["transactionId"] == "line-000123-attempt-1"


def test_an_order_is_charged_and_written_in_the_books(partner: Partner) -> None:
    number = partner.order("book-1", count=2)
    [entry] = partner.standin.books()["orders"]
    assert (entry["order_id"], entry["reference"], entry["product"]) == (number, "book-1", "CKH002")
    assert (entry["quantity"], entry["charged_minor"], entry["currency"], entry["topup"]) == (2, 360, "USD", False)
    assert len(set(entry["lines"])) == 2
    assert partner.totals()["balance_minor"] == OPENING - 360
    assert partner.obj("/balance/query")["balance"] == (OPENING - 360) * 100


def test_the_same_transaction_id_is_the_same_order_even_with_another_body(partner: Partner) -> None:
    first = partner.envelope("/esim/order", order_body("once"))
    other = {"transactionId": "once", "packageInfoList": [{"slug": "US_3_30", "count": 5}]}
    assert partner.envelope("/esim/order", order_body("once")) == first
    assert partner.envelope("/esim/order", other) == first
    assert partner.envelope("/esim/order", {"transactionId": "once"}) == first
    assert (partner.totals()["orders"], partner.totals()["esims"]) == (1, 1)


def test_the_same_transaction_id_at_the_same_time_is_one_order(partner: Partner) -> None:
    partner.standin.settings(latency_ms=100)
    with ThreadPoolExecutor(20) as pool:
        numbers = set(pool.map(lambda _: partner.order("race"), range(20)))
    assert len(numbers) == 1
    assert (partner.totals()["orders"], partner.totals()["charged_minor"]) == (1, 180)


@pytest.mark.parametrize("kind", ["drop_after", "status_after", "busy_after", "server_error_after", "empty"])
def test_an_order_executed_without_an_answer_is_bought_once_when_repeated(partner: Partner, kind: str) -> None:
    partner.standin.fault("order", kind)
    try:
        partner.raw("/esim/order", order_body("lost"))
    except httpx2.RemoteProtocolError:
        assert kind == "drop_after"
    assert partner.totals()["orders"] == 1
    assert partner.order("lost") == partner.standin.books()["orders"][0]["order_id"]
    assert partner.totals()["charged_minor"] == 180


def test_a_connection_dropped_before_the_order_buys_nothing(partner: Partner) -> None:
    partner.standin.fault("order", "drop_before")
    with pytest.raises(httpx2.RemoteProtocolError):
        partner.raw("/esim/order", order_body("never"))
    assert partner.totals()["orders"] == 0


@pytest.mark.parametrize(
    ("kind", "code"),
    [("busy_before", "900001"), ("no_profiles", "200011"), ("no_funds", "200007"), ("price_changed", "200005")],
)
def test_a_documented_refusal_buys_nothing(partner: Partner, kind: str, code: str) -> None:
    partner.standin.fault("order", kind)
    assert partner.refusal("/esim/order", order_body("refused")) == code
    assert partner.totals()["orders"] == 0


def test_any_documented_code_can_be_asked_for(partner: Partner) -> None:
    partner.standin.fault("query", "error_code", code="200009")
    assert partner.refusal("/esim/query", {"orderNo": "B1", "pager": PAGE}) == "200009"


def test_an_empty_balance_refuses(partner: Partner) -> None:
    partner.standin.settings(balance_minor=179)
    assert partner.refusal("/esim/order", order_body("poor")) == "200007"
    assert partner.obj("/balance/query")["balance"] == 17_900
    partner.standin.settings(balance_minor=180)
    partner.order("poor")
    assert partner.totals()["balance_minor"] == 0


def test_a_stale_price_or_amount_is_refused(partner: Partner) -> None:
    item = {"packageCode": "CKH002", "count": 1, "price": SPAIN_3GB - 1}
    assert partner.refusal("/esim/order", order_body("p", packageInfoList=[item])) == "200005"
    assert partner.refusal("/esim/order", order_body("p", amount=SPAIN_3GB * 2)) == "200006"
    assert partner.totals()["orders"] == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"transactionId": ""}, "000105"),
        ({"transactionId": None}, "000106"),
        ({"transactionId": "x" * 51}, "000107"),
        ({"transactionId": 7}, "000107"),
        ({"transactionId": "half a pair \ud800"}, "000107"),
        ({"packageInfoList": None}, "000106"),
        ({"packageInfoList": []}, "200008"),
        ({"packageInfoList": ["CKH002"]}, "200008"),
        ({"packageInfoList": [{"count": 1}]}, "000105"),
        ({"packageInfoList": [{"packageCode": "CKH002"}]}, "000105"),
        ({"packageInfoList": [{"packageCode": "CKH002", "count": 0}]}, "200008"),
        ({"packageInfoList": [{"packageCode": "CKH002", "count": 1.5}]}, "200008"),
        ({"packageInfoList": [{"packageCode": "CKH002", "count": 31}]}, "200008"),
        ({"packageInfoList": [{"packageCode": "CKH002", "count": 1, "periodNum": 2}]}, "200008"),
        ({"packageInfoList": [{"slug": "JP_0.5_Daily", "count": 1, "periodNum": 366}]}, "200008"),
        ({"packageInfoList": [{"packageCode": "NOPE", "count": 1}]}, "310241"),
        ({"packageInfoList": [{"packageCode": "TOPUP_CKH002", "count": 1}]}, "310241"),
        ({"packageInfoList": [{"slug": "XX_1_7", "count": 1}]}, "310243"),
    ],
)
def test_a_wrong_order_is_refused(partner: Partner, change: dict[str, Any], code: str) -> None:
    assert partner.refusal("/esim/order", order_body("wrong") | change) == code
    assert partner.totals()["orders"] == 0


def test_a_batch_with_a_day_pass_costs_price_times_days(partner: Partner) -> None:
    sample = load_spec("suppliers", "esimaccess", "examples", "esim.order.bulk-daypass.example.json")
    [day_pass] = partner.obj("/package/list", {"slug": "JP_0.5_Daily"})["packageList"]
    number = partner.obj("/esim/order", sample["request"]["body"])["orderNo"]
    total = 10 * SPAIN_3GB + 2 * 7 * day_pass["price"]
    assert partner.totals()["charged_x10000"] == total
    partner.standin.control("clock", advance_seconds=31)
    lines = partner.lines(orderNo=number)
    assert [line["totalDuration"] for line in lines] == [30] * 10 + [7] * 2
    assert len({line["iccid"] for line in lines}) == len({line["esimTranNo"] for line in lines}) == 12


def test_fractions_of_a_cent_are_kept_exactly_and_reported_half_up(partner: Partner) -> None:
    partner.standin.control("packages/CKH002", price=18_050)
    partner.order("half-1")
    partner.standin.control("packages/CKH002", price=18_049)
    partner.order("half-2")
    assert [entry["charged_minor"] for entry in partner.standin.books()["orders"]] == [181, 180]
    assert partner.totals()["charged_minor"] == 361
    assert partner.obj("/balance/query")["balance"] == OPENING * 100 - 18_050 - 18_049


# Waiting for the profiles


def test_profiles_come_later_and_a_webhook_says_so(partner: Partner) -> None:
    with inbox_of(partner) as inbox:
        number = partner.order("later")
        assert partner.refusal("/esim/query", {"orderNo": number, "pager": PAGE}) == "200010"
        assert partner.lines(startTime="2020-01-01T00:00:00+00:00") == []
        partner.standin.control("clock", advance_seconds=31)
        told = inbox.next()
        assert told["notifyType"] == "ORDER_STATUS"
        assert told["content"] == {"orderNo": number, "orderStatus": "GOT_RESOURCE", "transactionId": "later"}
        [line] = partner.lines(orderNo=number)
        assert (line["esimStatus"], line["smdpStatus"], line["eid"]) == ("GOT_RESOURCE", "RELEASED", "")
        assert line["ac"].startswith("LPA:1$rsp.sandbox-access.example$")


def test_the_wait_for_profiles_can_be_made_long_for_one_order(partner: Partner) -> None:
    partner.standin.settings(ready_after_ms=0)
    partner.standin.fault("order", "slow_ready", ready_after_ms=90_000)
    slow, quick = partner.order("slow"), partner.order("quick")
    assert partner.refusal("/esim/query", {"orderNo": slow, "pager": PAGE}) == "200010"
    assert len(partner.lines(orderNo=quick)) == 1
    partner.standin.control("clock", advance_seconds=91)
    assert len(partner.lines(orderNo=slow)) == 1


def test_lines_are_found_by_order_line_iccid_and_time(partner: Partner) -> None:
    before = partner.standin.control("clock")["now"]
    line = partner.line("find-me")
    partner.standin.control("clock", advance_seconds=3600)
    other = partner.line("not-me")
    for by in ("orderNo", "esimTranNo", "iccid"):
        assert partner.lines(**{by: line[by]}) == [line]
    everything = partner.lines(startTime=before)
    assert [found["transactionId"] for found in everything] == ["find-me", "not-me"]
    assert partner.lines(endTime=line["packageList"][0]["createTime"].replace("+0000", ".999999Z")) == [line]
    assert partner.lines(startTime=other["packageList"][0]["createTime"]) == [other]


def test_pages_of_a_query_cover_everything_once(partner: Partner) -> None:
    number = partner.order("many", count=12)
    partner.standin.control("clock", advance_seconds=31)
    pages = [
        partner.obj("/esim/query", {"orderNo": number, "pager": {"pageNum": page, "pageSize": 5}}) for page in (1, 2, 3)
    ]
    assert [len(page["esimList"]) for page in pages] == [5, 5, 2]
    assert {page["pager"]["total"] for page in pages} == {12}
    assert len({line["esimTranNo"] for page in pages for line in page["esimList"]}) == 12


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"orderNo": "B1"}, "000105"),
        ({"orderNo": "B1", "pager": None}, "000106"),
        ({"orderNo": "B1", "pager": {"pageNum": 1, "pageSize": 4}}, "000107"),
        ({"orderNo": "B1", "pager": {"pageNum": 1, "pageSize": 501}}, "000107"),
        ({"orderNo": "B1", "pager": {"pageNum": 0, "pageSize": 5}}, "000107"),
        ({"orderNo": "", "pager": PAGE}, "000105"),
        ({"orderNo": "B1", "pager": PAGE}, "310272"),
        ({"startTime": "yesterday", "pager": PAGE}, "000107"),
    ],
)
def test_a_wrong_query_is_refused(partner: Partner, body: dict[str, Any], code: str) -> None:
    assert partner.refusal("/esim/query", body) == code


# Odd answers


def test_odd_types_come_as_the_field_tables_have_them(partner: Partner) -> None:
    partner.standin.fault("order", "odd_types")
    answer = partner.envelope("/esim/order", order_body("odd"))
    assert (answer["success"], answer["errorMessage"]) == ("true", None)
    assert "errorMsg" not in answer
    partner.standin.settings(odd_types=True)
    refused = partner.envelope("/esim/query", {"orderNo": "B1", "pager": PAGE})
    assert (refused["success"], refused["errorCode"]) == ("false", "310272")


def test_a_magic_package_fails_every_time_and_is_still_bought_once(partner: Partner) -> None:
    body = {"transactionId": "magic", "packageInfoList": [{"packageCode": "FAULTDROPAFTER", "count": 1}]}
    for _ in range(2):
        with pytest.raises(httpx2.RemoteProtocolError):
            partner.raw("/esim/order", body)
    [entry] = partner.standin.books()["orders"]
    assert (entry["reference"], entry["product"], entry["charged_minor"]) == ("magic", "FAULTDROPAFTER", 200)
    partner.standin.control("clock", advance_seconds=31)
    assert [line["transactionId"] for line in partner.lines(startTime="2020-01-01T00:00:00Z")] == ["magic"]


def test_a_wrong_type_replaces_the_first_field(partner: Partner) -> None:
    partner.standin.fault("order", "wrong_type")
    assert partner.obj("/esim/order", order_body("typed"))["orderNo"] == {"unexpected": ["type"]}


# Staying power


def test_the_books_survive_kill_minus_nine(tmp_path: Path) -> None:
    with start("esimaccess", tmp_path, rate_limit_per_second=0, ready_after_ms=0) as standin:
        partner = Partner(standin)
        number = partner.order("kept")
        standin.control("packages/CKH003", removed=True)
        before = (standin.books(), partner.lines(orderNo=number))
        standin.kill()
        standin.restart()
        assert (standin.books(), partner.lines(orderNo=number)) == before
        assert partner.order("kept") == number
        assert partner.obj("/package/list", {"slug": "ES_5_30"})["packageList"] == []
        assert partner.line("next")["iccid"] not in before[0]["orders"][0]["lines"]
        partner.client.close()


def test_two_hundred_waiting_calls_do_not_block_each_other(partner: Partner) -> None:
    partner.standin.settings(latency_ms=1000, balance_minor=OPENING)
    began = time.monotonic()
    with ThreadPoolExecutor(200) as pool:
        numbers = set(pool.map(lambda n: partner.order(f"wave-{n}"), range(200)))
    assert len(numbers) == 200
    assert time.monotonic() - began < 30
    assert partner.totals()["charged_minor"] == 200 * 180

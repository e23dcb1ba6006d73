"""The eSIM Go stand-in over real HTTP, against the vendor's published schema and examples."""

import base64
import hashlib
import hmac
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from sandbox.esimgo.identity import luhn_digit
from tests.specs import Contract, load_spec, required_specs
from tests.standins import Receiver, Standin, receiving, start

KEY = "esg_sandbox_key_0001"
GB = "esim_1GB_7D_GB_V2"
JP = "esim_2GB_15D_JP_V2"
CHINA = "esim_1GB_7D_CN_V2"
DAY = 86_400
JSON = {"Accept": "application/json"}

# Typed integer in the published schema, decimal in life (README of the specs, "Known contradictions").
DECIMALS = frozenset({"price", "subTotal", "pricePerUnit", "total", "balance", "testCredit"})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with start("esimgo", tmp_path_factory.mktemp("go")) as standin:
        yield standin


@pytest.fixture
def go(running: Standin) -> Standin:
    running.control("reset", settings=True)
    running.settings(rate_limit_per_second=0)
    return running


@pytest.fixture
def client(go: Standin) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=go.url, headers={"X-API-Key": KEY}, timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture
def receiver(go: Standin) -> Iterator[Receiver]:
    with receiving() as receiver:
        go.settings(callback_url=f"{receiver.url}/hooks/go")
        yield receiver


@pytest.fixture(scope="session")
def contract() -> Contract:
    document = load_spec("suppliers", "esimgo", "openapi-2.5.merged.json")
    return Contract(document, decimals=DECIMALS, arrays=frozenset({"ESIMHistory"}))


def example(name: str) -> Any:
    return load_spec("suppliers", "esimgo", "examples", f"{name}.example.json")


def order(item: str = GB, quantity: int = 1, *, kind: str = "transaction", assign: bool = True, **more: Any) -> Any:
    return {
        "type": kind,
        "assign": assign,
        "order": [{"type": "bundle", "quantity": quantity, "item": item, **more}],
    }


def post_order(client: httpx2.Client, body: Any, version: str = "v2.5") -> httpx2.Response:
    return client.post(f"/{version}/orders", json=body)


def buy(client: httpx2.Client, item: str = GB, quantity: int = 1, **more: Any) -> Any:
    answer = post_order(client, order(item, quantity, **more))
    assert answer.status_code == 200, answer.text
    return answer.json()


def new_line(client: httpx2.Client, item: str = GB) -> str:
    return str(buy(client, item)["order"][0]["iccids"][0])


def get(client: httpx2.Client, path: str, **query: str) -> Any:
    answer = client.get(f"/v2.5{path}", params=query or None, headers=JSON)
    assert answer.status_code == 200, answer.text
    return answer.json()


def bundle_states(client: httpx2.Client, iccid: str) -> list[str]:
    listed = get(client, f"/esims/{iccid}/bundles", includeUsed="true")["bundles"]
    return [assignment["bundleState"] for bundle in listed for assignment in bundle["assignments"]]


def shape(value: Any) -> Any:
    """Field names and JSON types, without the values; a list is described by its first entry."""
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


class TestContract:
    """Answers follow the published document, field by field."""

    def test_every_reading_call_keeps_the_published_schema(
        self, client: httpx2.Client, go: Standin, contract: Contract
    ) -> None:
        bought = buy(client)
        buy(client, JP, 2, assign=False)
        iccid = bought["order"][0]["iccids"][0]
        go.control(f"lines/{iccid}/advance", to="used")
        calls = [
            ("/orders/{orderReference}", f"/orders/{bought['orderReference']}"),
            ("/esims/assignments", f"/esims/assignments?reference={bought['orderReference']}"),
            ("/esims", "/esims"),
            ("/esims/{iccid}", f"/esims/{iccid}?additionalFields=installUrl"),
            ("/esims/{iccid}/bundles", f"/esims/{iccid}/bundles"),
            ("/esims/{iccid}/bundles/{name}", f"/esims/{iccid}/bundles/{GB}"),
            ("/esims/{iccid}/suspend", f"/esims/{iccid}/suspend"),
            ("/esims/{iccid}/compatible/{bundle}", f"/esims/{iccid}/compatible/{GB}"),
            ("/esims/{iccid}/history", f"/esims/{iccid}/history"),
            ("/esims/{iccid}/location", f"/esims/{iccid}/location"),
            ("/esims/{iccid}/refresh", f"/esims/{iccid}/refresh"),
            ("/catalogue", "/catalogue?countries=GB,JP,US&perPage=100"),
            ("/inventory", "/inventory"),
            ("/organisation", "/organisation"),
            ("/organisation/groups", "/organisation/groups"),
            ("/networks", "/networks?isos=GB,US"),
        ]
        for template, path in calls:
            answer = client.get(f"/v2.5{path}", headers=JSON)
            body = answer.json()
            if template == "/esims/{iccid}":
                # Found on live answers by asking for installUrl; the schema names the links elsewhere only.
                assert body.pop("appleInstallUrl").endswith(f"LPA:1$rsp.sandbox-go.example${body['matchingId']}")
                assert body.pop("androidInstallUrl").startswith("https://esimsetup.android.com/")
            contract.check("GET", template, answer.status_code, answer.headers["content-type"], body)

    def test_every_changing_call_keeps_the_published_schema(self, client: httpx2.Client, contract: Contract) -> None:
        iccid = new_line(client)
        usage_id = self._stocked(client)
        calls: list[tuple[str, str, str, Any]] = [
            ("POST", "/orders", "/orders", order()),
            ("POST", "/orders", "/orders", order(kind="validate")),
            ("POST", "/esims/apply", "/esims/apply", {"name": JP}),
            ("POST", "/inventory/refund", "/inventory/refund", {"usageId": usage_id, "quantity": 1}),
            ("PUT", "/esims", "/esims", {"iccid": iccid, "customerRef": "line-1"}),
            ("POST", "/esims/{iccid}/sms", f"/esims/{iccid}/sms", {"message": "Hello", "from": "eSIM"}),
            ("POST", "/esims/{iccid}/suspend", f"/esims/{iccid}/suspend", {"suspend": True}),
            ("DELETE", "/esims/{iccid}/bundles/{name}", f"/esims/{iccid}/bundles/{GB}?type=validate", None),
            ("DELETE", "/esims/{iccid}", f"/esims/{iccid}", None),
            ("POST", "/organisation/balance", "/organisation/balance?amount=1000", None),
        ]
        for method, template, path, body in calls:
            answer = client.request(method, f"/v2.5{path}", json=body)
            contract.check(method, template, answer.status_code, answer.headers["content-type"], answer.json())

    def _stocked(self, client: httpx2.Client) -> int:
        buy(client, JP, 3, assign=False)
        return int(get(client, "/inventory")["bundles"][0]["available"][0]["id"])

    def test_refusals_come_with_the_declared_status_and_type(
        self, client: httpx2.Client, go: Standin, contract: Contract
    ) -> None:
        iccid = new_line(client)
        calls = [
            ("GET", "/esims/{iccid}", "/esims/8999000000000000000", 403),
            ("GET", "/esims/assignments", "/esims/assignments", 400),
            ("GET", "/esims/{iccid}/bundles", f"/esims/{iccid}/bundles?limit=201", 400),
            ("POST", "/esims/{iccid}/suspend", f"/esims/{iccid}/suspend", 400),
            ("POST", "/esims/apply", "/esims/apply", 400),
            ("POST", "/inventory/refund", "/inventory/refund", 400),
            ("PUT", "/esims", "/esims", 400),
        ]
        for method, template, path, status in calls:
            answer = client.request(method, f"/v2.5{path}", headers=JSON)
            assert answer.status_code == status, f"{method} {path}: {answer.text}"
            contract.check(method, template, status, answer.headers["content-type"], answer.json())
        go.settings(order_error_body="json")
        answer = post_order(client, order("no_such_bundle"))
        contract.check("POST", "/orders", 400, answer.headers["content-type"], json.loads(answer.text))

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("orders.validate", order("esim_1GB_7D_AX_V2", kind="validate")),
            ("orders.transaction.new-esim", order()),
            ("orders.transaction.async-bulk", order(quantity=8)),
            ("orders.transaction.to-inventory", order(JP, 5, assign=False)),
        ],
    )
    def test_orders_look_like_the_vendors_examples(self, client: httpx2.Client, name: str, body: Any) -> None:
        wanted, found = example(name)["response"]["body"], post_order(client, body).json()
        assert shape(found) == shape(wanted)
        for field in ("total", "currency", "assigned", "status", "statusMessage", "valid"):
            assert found.get(field) == wanted.get(field)

    def test_other_answers_look_like_the_vendors_examples(self, client: httpx2.Client) -> None:
        bought = buy(client)
        iccid, reference = bought["order"][0]["iccids"][0], bought["orderReference"]
        buy(client, JP, assign=False)
        calls = {
            "orders.get": f"/orders/{reference}",
            "esims.assignments": f"/esims/assignments?reference={reference}&additionalFields=installUrl",
            "esims.list": "/esims",
            "esims.compatible": f"/esims/{iccid}/compatible/{GB}",
            "esims.suspend-status": f"/esims/{iccid}/suspend",
            "esims.history": f"/esims/{iccid}/history",
            "catalogue.list": "/catalogue?countries=JP",
            "organisation.get": "/organisation",
        }
        for name, path in calls.items():
            assert shape(get(client, path)) == shape(example(name)["response"]["body"]), name

    def test_a_topup_looks_like_the_vendors_example_and_carries_the_balance_as_text(
        self, client: httpx2.Client
    ) -> None:
        found = buy(client, iccids=[new_line(client)], allowReassign=False)
        assert shape(found) == shape(example("orders.transaction.topup-existing")["response"]["body"])
        assert found["runningBalance"] == "49997.28"


class TestAccess:
    def test_a_wrong_key_is_denied_as_published(self, go: Standin) -> None:
        wanted = example("error.403-bad-key")["response"]
        answer = httpx2.get(f"{go.url}/v2.5/organisation", headers={"X-API-Key": "wrong"}, trust_env=False)
        assert (answer.status_code, answer.json()) == (wanted["status"], wanted["body"])

    def test_version_2_4_lacks_what_2_5_added(self, client: httpx2.Client) -> None:
        iccid = str(post_order(client, order(), "v2.4").json()["order"][0]["iccids"][0])
        for method, path in (
            ("GET", f"/esims/{iccid}/suspend"),
            ("POST", f"/esims/{iccid}/suspend"),
            ("DELETE", f"/esims/{iccid}"),
            ("GET", "/catalogue/prices"),
        ):
            assert client.request(method, f"/v2.4{path}").status_code == 404
        old = client.get(f"/v2.4/esims/{iccid}", params={"additionalFields": "installUrl"}).json()
        assert "state" not in old
        assert "androidInstallUrl" not in old
        assert get(client, f"/esims/{iccid}")["state"] == "active"

    def test_too_many_requests_are_refused_with_the_published_headers(self, client: httpx2.Client, go: Standin) -> None:
        go.settings(rate_limit_per_second=3)
        answers = [post_order(client, order()) for _ in range(40)]
        refused = [answer for answer in answers if answer.status_code == 429]
        accepted = [answer for answer in answers if answer.status_code == 200]
        assert len(refused) + len(accepted) == 40
        assert refused, "40 calls in a burst stay under 3 per second"
        wanted = example("error.429")["response"]
        assert refused[0].json() == wanted["body"]
        assert {name for name in wanted["headers"] if name.lower() not in refused[0].headers} == set()
        assert refused[0].headers["retry-after"] == "1"
        assert accepted[0].headers["x-ratelimit-limit"] == "3"
        assert go.books(summary=True)["orders"] == len(accepted)

    def test_costly_calls_use_the_window_up_faster(self, client: httpx2.Client, go: Standin) -> None:
        go.settings(rate_limit_per_second=10)
        answer = client.get("/v2.5/catalogue")
        assert answer.status_code == 200
        assert {name: answer.headers[f"x-ratelimit-{name}"] for name in ("limit", "cost", "remaining")} == {
            "limit": "10",
            "cost": "5",
            "remaining": "5",
        }


class TestBuying:
    def test_the_same_order_sent_twice_is_bought_twice(self, client: httpx2.Client, go: Standin) -> None:
        first, second = buy(client), buy(client)
        assert first["orderReference"] != second["orderReference"]
        books = go.books()
        assert [entry["charged_minor"] for entry in books["orders"]] == [136, 136]
        assert len({entry["lines"][0] for entry in books["orders"]}) == 2
        assert (books["charged_minor"], books["balance_minor"]) == (272, 5_000_000 - 272)

    def test_an_order_whose_answer_was_lost_can_be_found_by_time(self, client: httpx2.Client, go: Standin) -> None:
        buy(client)
        go.control("clock", advance_seconds=3600)
        sent_at = go.control("clock")["now"]
        go.fault("order", "drop_after")
        with pytest.raises(httpx2.HTTPError):
            post_order(client, order(JP))
        query = {"includeIccids": "true", "page": "1", "limit": "50", "createdAt": [f"gte:{sent_at}", "lte:2040-01-01"]}
        found = client.get("/v2.5/orders", params=query).json()
        assert [entry["order"][0]["item"] for entry in found] == [JP]
        assert found[0]["order"][0]["iccids"] == go.books()["orders"][1]["lines"]
        assert "createDate" in found[0]
        assert "createdDate" not in found[0]

    def test_a_dropped_request_that_was_not_executed_leaves_no_trace(self, client: httpx2.Client, go: Standin) -> None:
        go.fault("order", "drop_before")
        with pytest.raises(httpx2.HTTPError):
            post_order(client, order())
        assert go.books(summary=True)["orders"] == 0
        assert client.get("/v2.5/orders").json() == []

    def test_a_validation_buys_nothing(self, client: httpx2.Client, go: Standin) -> None:
        go.settings(balance_minor=135)
        answer = post_order(client, order(kind="validate")).json()
        assert answer["valid"] is False
        assert go.books()["orders"] == []

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_an_empty_balance_is_a_400_in_plain_text(self, client: httpx2.Client, go: Standin, form: str) -> None:
        go.settings(balance_minor=135, order_error_body=form)
        answer = post_order(client, order())
        assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
        text = "insufficient balance to complete order"
        assert answer.text == (text if form == "text" else json.dumps({"message": text}, separators=(",", ":")))
        assert go.books(summary=True) == {
            "orders": 0,
            "esims": 0,
            "topups": 0,
            "charged_minor": 0,
            "refunded_minor": 0,
            "balance_minor": 135,
        }

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            ({"type": "buy"}, "type must be validate or transaction"),
            ({"type": "transaction", "order": []}, "at least one item"),
            (order("esim_none"), "bundle esim_none not found or not available"),
            (order("esim_1GB_10D_MT_V2"), "not found or not available"),
            (order(quantity=0), "quantity must be a positive integer"),
            (order(quantity=11), "at most 10 bundles per order"),
            (order(quantity=2, iccids=["8999"]), "quantity must match the number of iccids"),
            (order(assign=False, iccids=["8999"]), "iccids can only be given when assign is true"),
            (order(iccids=["8999"]), "not assigned to your organisation"),
        ],
    )
    def test_an_impossible_order_is_refused_and_costs_nothing(
        self, client: httpx2.Client, go: Standin, body: Any, text: str
    ) -> None:
        answer = post_order(client, body)
        assert answer.status_code == 400
        assert text in answer.text
        assert go.books(summary=True)["charged_minor"] == 0

    def test_more_than_five_bundles_are_processed_in_the_background(self, client: httpx2.Client, go: Standin) -> None:
        go.settings(async_seconds=60.0)
        bought = buy(client, quantity=6)
        reference = bought["orderReference"]
        assert bought["status"] == "processing"
        assert "esims" not in bought["order"][0]
        waiting = client.get("/v2.5/esims/assignments", params={"reference": reference}, headers=JSON)
        assert (waiting.status_code, waiting.headers["retry-after"]) == (503, "1")
        assert get(client, "/esims") == {"esims": []}
        go.control("clock", advance_seconds=61)
        assert get(client, f"/orders/{reference}")["status"] == "completed"
        details = get(client, "/esims/assignments", reference=reference)
        assert len({entry["iccid"] for entry in details}) == 6
        assert go.books()["charged_minor"] == 6 * 136

    def test_five_bundles_are_done_at_once(self, client: httpx2.Client) -> None:
        bought = buy(client, quantity=5)
        assert bought["statusMessage"] == "Order completed: 5 eSIMs assigned"
        assert len(bought["order"][0]["esims"]) == 5

    def test_an_order_can_fail_in_the_background_and_is_paid_back(self, client: httpx2.Client, go: Standin) -> None:
        bought = buy(client, "esim_1GB_7D_AQ_FAULTASYNCFAILED")
        assert bought["status"] == "processing"
        go.control("clock", advance_seconds=10)
        assert get(client, f"/orders/{bought['orderReference']}")["status"] == "failed"
        books = go.books()
        assert (books["charged_minor"], books["refunded_minor"], books["balance_minor"]) == (100, 100, 5_000_000)
        assert get(client, "/esims") == {"esims": []}

    def test_many_buyers_at_once_are_each_booked_once(self, client: httpx2.Client, go: Standin) -> None:
        go.settings(latency_ms=100)
        with ThreadPoolExecutor(max_workers=20) as pool:
            bought = list(pool.map(lambda _: buy(client), range(60)))
        lines = [answer["order"][0]["iccids"][0] for answer in bought]
        books = go.books()
        assert Counter(lines) == Counter(line for entry in books["orders"] for line in entry["lines"])
        assert max(Counter(lines).values()) == 1
        assert books["charged_minor"] == 60 * 136


class TestLines:
    def test_identifiers_are_well_formed(self, client: httpx2.Client) -> None:
        esims = [esim for _ in range(2) for esim in buy(client, quantity=5)["order"][0]["esims"]]
        for esim in esims:
            assert re.fullmatch(r"\d{19}", esim["iccid"])
            assert esim["iccid"][-1] == luhn_digit(esim["iccid"][:-1])
            assert re.fullmatch(r"([A-Z2-7]{5}-){3}[A-Z2-7]{5}", esim["matchingId"])
        addresses = Counter(esim["smdpAddress"] for esim in esims)
        assert addresses == {"rsp.sandbox-go.example": 8, "http://rsp.sandbox-go.example": 2}

    def test_the_check_digit_is_the_worked_one(self) -> None:
        assert luhn_digit("894453853200816022") == "2"

    def test_install_details_come_as_json_csv_or_pictures(self, client: httpx2.Client) -> None:
        bought = buy(client, quantity=2)
        esims = bought["order"][0]["esims"]
        query = {"reference": bought["orderReference"]}
        as_json = client.get("/v2.5/esims/assignments", params=query, headers=JSON).json()
        assert [entry["matchingId"] for entry in as_json] == [esim["matchingId"] for esim in esims]
        as_csv = client.get("/v2.5/esims/assignments", params=query)
        assert as_csv.headers["content-type"].startswith("text/csv")
        assert as_csv.text.splitlines()[1].split(",")[:2] == [esims[0]["iccid"], esims[0]["matchingId"]]
        for path, parameters in (("/esims/assignments", query), (f"/esims/qr/{bought['orderReference']}", {})):
            zipped = client.get(f"/v2.5{path}", params=parameters, headers={"Accept": "application/zip"})
            with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
                assert archive.namelist() == [f"{esim['iccid']}.png" for esim in esims]
                assert archive.read(archive.namelist()[0]).startswith(b"\x89PNG")
        assert client.get(f"/v2.5/esims/qr/{bought['orderReference']}", headers=JSON).status_code == 403

    def test_install_details_of_a_deleted_esim_are_gone(self, client: httpx2.Client) -> None:
        bought = buy(client)
        iccid = bought["order"][0]["iccids"][0]
        assert client.delete(f"/v2.5/esims/{iccid}").status_code == 200
        query = {"reference": bought["orderReference"]}
        assert client.get("/v2.5/esims/assignments", params=query, headers=JSON).status_code == 410
        assert client.get(f"/v2.5/esims/{iccid}").status_code == 410
        assert get(client, "/esims")["esims"][0]["state"] == "deactivated"

    def test_suspending_is_read_back_and_saying_it_twice_is_a_400(self, client: httpx2.Client, go: Standin) -> None:
        iccid = new_line(client)
        path = f"/v2.5/esims/{iccid}/suspend"
        assert client.post(path, json={"suspend": True}).status_code == 201
        assert client.get(path).json() == {"suspended": True}
        assert client.post(path, json={"suspend": True}).status_code == 400
        assert client.post(path, json={"suspend": False}).status_code == 201
        go.control(f"lines/{iccid}/advance", to="policy_suspended")
        assert client.post(path, json={"suspend": False}).status_code == 403

    def test_our_reference_can_be_put_on_a_line(self, client: httpx2.Client) -> None:
        iccid = new_line(client)
        assert client.put("/v2.5/esims", json={"iccid": iccid, "customerRef": "unit-7"}).json() == {"status": "success"}
        assert get(client, f"/esims/{iccid}")["customerRef"] == "unit-7"
        assert get(client, "/esims", filterBy="customerRef", filter="unit-7")["esims"][0]["iccid"] == iccid

    def test_a_bundle_of_the_other_provider_fits_only_a_new_esim(self, client: httpx2.Client, go: Standin) -> None:
        iccid = new_line(client)
        assert get(client, f"/esims/{iccid}/compatible/{GB}") == {"compatible": True}
        assert get(client, f"/esims/{iccid}/compatible/{CHINA}") == {"compatible": False}
        refused = post_order(client, order(CHINA, iccids=[iccid], allowReassign=False))
        assert refused.status_code == 400
        moved = buy(client, CHINA, iccids=[iccid], allowReassign=True)
        assert moved["order"][0]["iccids"] != [iccid]
        assert moved["order"][0]["AllowReassign"] is True
        assert go.books(summary=True)["orders"] == 2

    def test_a_line_goes_through_its_life_with_the_right_states(self, client: httpx2.Client, go: Standin) -> None:
        iccid = new_line(client)
        assert bundle_states(client, iccid) == ["processing"]
        go.control("clock", advance_seconds=5)
        assert bundle_states(client, iccid) == ["queued"]
        buy(client, iccids=[iccid])
        go.control(f"lines/{iccid}/advance", to="used", bytes=400_000_000)
        used = get(client, f"/esims/{iccid}/bundles")["bundles"][0]["assignments"][1]
        assert (used["bundleState"], used["remainingQuantity"]) == ("active", 600_000_000)
        assert isinstance(get(client, f"/esims/{iccid}")["firstInstalledDateTime"], int)
        go.control(f"lines/{iccid}/advance", to="depleted")
        assert bundle_states(client, iccid) == ["processing", "depleted"]
        go.control("clock", advance_seconds=8 * DAY)
        assert bundle_states(client, iccid) == ["queued", "expired"]
        names = [entry["name"] for entry in get(client, f"/esims/{iccid}/history")]
        assert names[-1] == "Bundle Expired"
        assert names.count("eSIM First Use") == 1

    def test_an_unused_bundle_lapses_after_a_year(self, client: httpx2.Client, go: Standin) -> None:
        iccid = new_line(client)
        go.control("clock", advance_seconds=180 * DAY - 60)
        buy(client, iccids=[iccid])
        go.control("clock", advance_seconds=186 * DAY)
        assert sorted(bundle_states(client, iccid)) == ["lapsed", "queued"]

    def test_impossible_steps_are_refused(self, client: httpx2.Client, go: Standin) -> None:
        iccid = new_line(client)
        client.delete(f"/v2.5/esims/{iccid}")
        for path, step in ((iccid, "installed"), ("8999", "installed"), (new_line(client), "flying")):
            answer = httpx2.post(f"{go.url}/_control/lines/{path}/advance", json={"to": step}, trust_env=False)
            assert answer.status_code == 400


class TestRefunds:
    def test_an_unused_bundle_goes_back_to_stock_and_then_to_the_balance(
        self, client: httpx2.Client, go: Standin
    ) -> None:
        iccid = new_line(client)
        assignment = get(client, f"/esims/{iccid}/bundles")["bundles"][0]["assignments"][0]["id"]
        path = f"/v2.5/esims/{iccid}/bundles/{GB}/assignments/{assignment}"
        assert client.delete(path, params={"type": "validate"}).json()["status"].startswith("Validated")
        assert bundle_states(client, iccid) == ["processing"]
        revoked = client.delete(path, params={"type": "transaction"})
        assert revoked.json() == example("esims.revoke-assignment")["response"]["body"]
        assert client.get(f"/v2.5/esims/{iccid}").status_code == 403, "the last bundle took the eSIM with it"
        stock = get(client, "/inventory")["bundles"][0]["available"][0]
        refund = client.post("/v2.5/inventory/refund", json={"usageId": stock["id"], "quantity": 1})
        assert refund.json() == example("inventory.refund")["response"]["body"]
        books = go.books()
        assert (books["orders"][0]["refunded_minor"], books["balance_minor"]) == (136, 5_000_000)
        again = client.post("/v2.5/inventory/refund", json={"usageId": stock["id"], "quantity": 1})
        assert again.status_code == 400

    def test_nothing_comes_back_for_a_started_old_or_unrefundable_bundle(
        self, client: httpx2.Client, go: Standin
    ) -> None:
        started, unrefundable = new_line(client), new_line(client)
        go.control(f"lines/{started}/advance", to="first_use")
        go.settings(refunds_enabled=False)
        assert (
            client.delete(f"/v2.5/esims/{unrefundable}/bundles/{GB}").json()["status"] == "Successfully Revoked Bundle"
        )
        go.settings(refunds_enabled=True)
        old = new_line(client)
        assert client.delete(f"/v2.5/esims/{started}/bundles/{GB}").json()["status"] == "Successfully Revoked Bundle"
        go.control("clock", advance_seconds=61 * DAY)
        assert client.delete(f"/v2.5/esims/{old}/bundles/{GB}").json()["status"] == "Successfully Revoked Bundle"
        assert get(client, "/inventory") == {"bundles": []}
        assert go.books()["refunded_minor"] == 0

    def test_stock_is_used_for_free_and_runs_out(self, client: httpx2.Client, go: Standin) -> None:
        buy(client, JP, 2, assign=False)
        applied = client.post("/v2.5/esims/apply", json={"name": JP, "repeat": 2}).json()
        assert len({entry["iccid"] for entry in applied["esims"]}) == 2
        details = get(client, "/esims/assignments", reference=applied["applyReference"])
        assert [entry["iccid"] for entry in details] == [entry["iccid"] for entry in applied["esims"]]
        assert client.post("/v2.5/esims/apply", json={"name": JP}).status_code == 403
        listed = client.get("/v2.5/orders").json()
        assert [entry["order"][0]["type"] for entry in listed] == ["bundleAssignment", "bundle"]
        assert go.books()["charged_minor"] == 2 * 337

    def test_a_start_time_needs_a_bundle_that_does_not_start_by_itself(self, client: httpx2.Client) -> None:
        manual = "esim_6GB_10D_MT_V2"
        buy(client, manual, assign=False)
        buy(client, JP, assign=False)
        later = {"startTime": "2030-01-01T00:00:00Z"}
        assert client.post("/v2.5/esims/apply", json={"name": JP, **later}).status_code == 400
        assert client.post("/v2.5/esims/apply", json={"name": manual, **later}).status_code == 200


class TestCatalogue:
    def test_all_pages_together_are_the_catalogue(self, client: httpx2.Client) -> None:
        first = get(client, "/catalogue", perPage="200")
        pages = [get(client, "/catalogue", perPage="200", page=str(n + 1)) for n in range(first["pageCount"])]
        names = [row["name"] for page in pages for row in page["bundles"]]
        assert len(names) == len(set(names)) == first["rows"]
        assert 850 < first["rows"] < 950
        assert names == sorted(names)

    def test_prices_are_the_published_ones_where_there_are_any(self, client: httpx2.Client) -> None:
        rows = example("catalogue.list")["response"]["body"]["bundles"]
        for row in [*rows, example("catalogue.bundle")["response"]["body"]]:
            found = get(client, f"/catalogue/bundle/{row['name']}")
            assert (found["price"], found["dataAmount"]) == (row["price"], row["dataAmount"])

    def test_filters_narrow_it_down(self, client: httpx2.Client) -> None:
        japan = get(client, "/catalogue", countries="JP", perPage="100")["bundles"]
        assert {row["countries"][0]["iso"] for row in japan} == {"JP"}
        assert get(client, "/catalogue", region="Oceania")["rows"] == 33
        assert get(client, "/catalogue", group="Standard Unlimited Lite")["rows"] == 186
        assert get(client, "/catalogue", group="Standard Unlimited")["rows"] == 0
        assert get(client, "/catalogue", description="*Global*")["rows"] == 7

    def test_odd_rows_are_there(self, client: httpx2.Client) -> None:
        rows = {row["name"]: row for row in get(client, "/catalogue", region="Europe", countries="MT,XX")["bundles"]}
        assert "price" not in rows["esim_1GB_10D_MT_V2"]
        assert rows["esim_2GB_10D_MT_V2"]["price"] is None
        assert rows["esim_3GB_10D_MT_V2"]["speed"] is None
        assert rows["esim_4GB_10D_MT_V2"]["roamingEnabled"] is True
        assert rows["esim_X_10D_MT_V2"]["dataAmount"] == -1
        unlimited = get(client, "/catalogue/bundle/esim_UL_7D_TR_V2")
        assert (unlimited["unlimited"], unlimited["dataAmount"]) == (True, -1)
        regional = get(client, "/catalogue/bundle/esim_5GB_30D_REUL_V2")
        assert [country["iso"] for country in regional["countries"]] == ["REUL"]
        assert len(regional["roamingEnabled"]) == 26

    def test_it_can_be_changed_while_running(self, client: httpx2.Client, go: Standin) -> None:
        go.control("catalogue/price", name=GB, price_minor=155)
        assert get(client, f"/catalogue/bundle/{GB}")["price"] == 1.55
        assert buy(client)["total"] == 1.55
        go.control("catalogue/remove", name=GB)
        assert client.get(f"/v2.5/catalogue/bundle/{GB}").status_code == 404
        assert post_order(client, order()).status_code == 400
        go.control("catalogue/restore", name=GB)
        assert buy(client)["total"] == 1.55
        go.control("catalogue/add", row={"name": "odd_one", "price": "1,50", "countries": "GB"})
        assert get(client, "/catalogue/bundle/odd_one") == {"name": "odd_one", "price": "1,50", "countries": "GB"}

    def test_it_can_be_made_big(self, client: httpx2.Client, go: Standin) -> None:
        go.settings(catalogue_rows=5000)
        page = get(client, "/catalogue", perPage="1000", page="5")
        assert (page["rows"], page["pageCount"], len(page["bundles"])) == (5000, 5, 1000)
        go.settings(catalogue_envelope=False)
        assert isinstance(get(client, "/catalogue"), list)


class TestCallbacks:
    def test_signatures_are_those_of_the_worked_examples(self, go: Standin, receiver: Receiver) -> None:
        folder = required_specs("suppliers", "esimgo", "examples")
        names = sorted(path.name.removesuffix(".example.json") for path in folder.glob("callback.v3.*.json"))
        assert len(names) == 6
        for name in names:
            hook = example(name)["webhook"]
            go.settings(api_key=hook["signing_key"], callback_encoding="base64")
            go.control("callbacks/send", raw=hook["raw_body"])
            go.settings(callback_encoding="hex")
            go.control("callbacks/send", raw=hook["raw_body"])
            first, second = receiver.take(2)
            assert first.body.decode() == hook["raw_body"]
            assert first.headers["x-signature-sha256"] == hook["headers"]["X-Signature-SHA256"]
            assert second.headers["x-signature-sha256"] == hook["signature_hex_variant"]

    def test_a_life_is_told_step_by_step(self, client: httpx2.Client, go: Standin, receiver: Receiver) -> None:
        iccid = new_line(client)
        for step in ("installed", "attached", "first_use", "depleted"):
            go.control(f"lines/{iccid}/advance", to=step)
        hooks = receiver.take(7)
        kinds = [hook.json()["alertType"] for hook in hooks]
        assert kinds == ["ProfileStatusChange", "FirstAttachment", "FirstUse", *["Utilisation"] * 4]
        left = [hook.json()["bundle"]["remainingQuantity"] for hook in hooks[3:]]
        assert left == [990_000_000, 500_000_000, 200_000_000, 0]
        assert {hook.path for hook in hooks} == {"/hooks/go"}
        for hook, name in (
            (hooks[0], "profile-status-change"),
            (hooks[1], "first-attachment"),
            (hooks[3], "utilisation"),
        ):
            assert shape(hook.json()) == shape(example(f"callback.v3.{name}")["webhook"]["body"])
            digest = hmac.new(KEY.encode(), hook.body, hashlib.sha256).digest()
            assert hook.headers["x-signature-sha256"] == base64.b64encode(digest).decode()

    def test_a_skipped_step_happens_first(self, client: httpx2.Client, go: Standin, receiver: Receiver) -> None:
        go.control(f"lines/{new_line(client)}/advance", to="used", bytes=500_000_000)
        kinds = [hook.json()["alertType"] for hook in receiver.take(5)]
        assert kinds == ["ProfileStatusChange", "FirstAttachment", "FirstUse", "Utilisation", "Utilisation"]

    def test_signatures_can_be_wrong_or_missing_and_events_repeated_or_silent(
        self, client: httpx2.Client, go: Standin, receiver: Receiver
    ) -> None:
        iccid = new_line(client)
        go.control(f"lines/{iccid}/advance", to="downloaded", signature="none")
        assert "x-signature-sha256" not in receiver.next().headers
        go.control(f"lines/{iccid}/advance", to="installed", notify=False)
        go.control(f"lines/{iccid}/advance", to="attached", signature="wrong", repeat=2)
        wrong = receiver.take(2)
        assert wrong[0].body == wrong[1].body
        good = base64.b64encode(hmac.new(KEY.encode(), wrong[0].body, hashlib.sha256).digest()).decode()
        assert wrong[0].headers["x-signature-sha256"] != good
        assert wrong[0].json()["alertType"] == "FirstAttachment", "the silent step was not told"

    def test_version_2_is_unsigned_with_a_short_bundle(
        self, client: httpx2.Client, go: Standin, receiver: Receiver
    ) -> None:
        go.settings(callback_version=2)
        iccid = new_line(client)
        go.control(f"lines/{iccid}/advance", to="first_use")
        receiver.take(3)
        go.control(f"lines/{iccid}/advance", to="used", bytes=500_000_000)
        hook = receiver.take(2)[1]
        assert "x-signature-sha256" not in hook.headers
        assert shape(hook.json()) == shape(example("callback.v2.utilisation")["webhook"]["body"])

    def test_an_idle_esim_is_announced_and_deleted_on_the_clock(
        self, client: httpx2.Client, go: Standin, receiver: Receiver
    ) -> None:
        iccid = new_line(client)
        go.control("clock", advance_seconds=181 * DAY)
        assert receiver.next().json()["event"] == "esim.deletion_scheduled"
        go.control("clock", advance_seconds=7 * DAY)
        deleted = receiver.next()
        assert shape(deleted.json()) == shape(example("callback.v3.esim-deleted")["webhook"]["body"])
        assert (deleted.json()["event"], deleted.json()["iccid"]) == ("esim.deleted", iccid)
        assert client.get(f"/v2.5/esims/{iccid}").status_code == 410

    def test_a_new_bundle_stops_the_deletion(self, client: httpx2.Client, go: Standin, receiver: Receiver) -> None:
        iccid = new_line(client)
        go.control("clock", advance_seconds=181 * DAY)
        receiver.next()
        buy(client, iccids=[iccid])
        go.control("clock", advance_seconds=30 * DAY)
        assert get(client, f"/esims/{iccid}")["state"] == "active"
        assert receiver.empty

    def test_a_low_balance_is_told_once_when_it_is_crossed(
        self, client: httpx2.Client, go: Standin, receiver: Receiver
    ) -> None:
        go.settings(balance_minor=10_100, low_balance_threshold_minor=10_000)
        for _ in range(2):
            buy(client)
        hook = receiver.next()
        assert shape(hook.json()) == shape(example("callback.v3.low-balance")["webhook"]["body"])
        assert hook.json()["balanceInfo"]["balance"] == 99.64
        assert receiver.empty

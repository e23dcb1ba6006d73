"""Buying and giving back at the eSIM Go stand-in."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.sandbox.esimgo.calls import DAY, GB, JP, JSON, bundle_states, buy, example, get, new_line, order, post_order
from tests.standins import Standin


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

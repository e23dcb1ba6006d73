"""The 1GLOBAL stand-in does what the vendor documents: tokens, keys, asynchronous orders, lines, products, webhooks."""

import base64
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from sandbox.oneglobal.auth import TOKEN_PATH
from tests.sandbox.oneglobal_partner import ACCOUNT, ADDRESS, CREDENTIALS, Partner, offering, partner_of
from tests.standins import Receiver, receiving

DAY = 86_400
GB = 1 << 30


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partner]:
    with partner_of(tmp_path_factory.mktemp("oneglobal")) as partner:
        yield partner


@pytest.fixture
def partner(running: Partner) -> Partner:
    running.forget()
    return running


@pytest.fixture
def receiver(partner: Partner) -> Iterator[Receiver]:
    with receiving() as made:
        partner.standin.settings(webhook_url=f"{made.url}/hooks")
        yield made


def told(receiver: Receiver, count: int) -> list[str]:
    return [came.json()["type"] for came in receiver.take(count)]


# Who may call


def test_only_the_right_credentials_get_a_token_which_ends_after_five_minutes(partner: Partner) -> None:
    def token(**form: str) -> httpx2.Response:
        return partner.http.post(TOKEN_PATH, data=form, headers={"authorization": ""})

    good = token(grant_type="client_credentials", **CREDENTIALS)
    assert good.json()["expires_in"] == 300
    wrong = token(grant_type="client_credentials", client_id="x", client_secret="y")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert token(grant_type="password", **CREDENTIALS).status_code == 400
    as_basic = base64.b64encode(":".join(CREDENTIALS.values()).encode()).decode()
    answer = partner.http.post(
        TOKEN_PATH, data={"grant_type": "client_credentials"}, headers={"authorization": f"Basic {as_basic}"}
    )
    assert answer.status_code == 200
    assert partner.call("GET", "/accounts").status_code == 200
    partner.standin.control("clock", advance_seconds=301)
    assert partner.call("GET", "/accounts").status_code == 401
    partner.renew()
    answer = partner.http.get("/connect/accounts", headers={"Api-Version": "2019-01-01"})
    assert (answer.status_code, answer.json()["title"]) == (400, "Unknown API version")


def test_each_endpoint_takes_so_many_requests_a_minute(partner: Partner) -> None:
    partner.standin.settings(rate_limit_per_minute=3)
    served = 0
    while (answer := partner.call("GET", "/accounts")).status_code == 200:
        served += 1
    # A minute may end in between: then the window begins anew.
    assert 3 <= served <= 5
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (429, "rate_limit_exceeded")
    assert "retry-after" not in answer.headers
    assert partner.call("GET", "/subscribers").status_code == 200


# Lists and customers


def test_the_catalogue_comes_in_pages_and_names_what_fits(partner: Partner) -> None:
    seen: list[str] = []
    path = "/product-offerings?limit=20"
    while path:
        page = partner.get(path)
        seen += [row["id"] for row in page["_embedded"]["product_offerings"]]
        link = page["_links"].get("next", {}).get("href", "")
        path = link.removeprefix("https://api.1global.com/connect")
    assert seen == [offering(number) for number in range(1, 48)]
    assert partner.call("GET", "/product-offerings?limit=41").status_code == 400
    assert partner.call("GET", "/product-offerings?cursor=%25").status_code == 400
    fitting = partner.get(f"/product-offerings/{offering(1)}/compatible")["_embedded"]["product_offerings"]
    assert [row["id"] for row in fitting] == [offering(number) for number in (1, 2, 3, 6)]
    assert partner.call("GET", "/product-offerings/prdoff_none/compatible").status_code == 404


def test_accounts_and_subscribers_say_what_they_lack(partner: Partner) -> None:
    firm = {"type": "business", "company_name": "Acme", "tax_id": "GB1", "address": ADDRESS}
    made = partner.post("/accounts", firm)
    person = {"type": "personal", "owner": {"first_name": "A", "last_name": "B", "address": ADDRESS}}
    assert partner.post("/accounts", person)["name"] == "A B"
    assert [row["id"] for row in partner.get("/accounts")["_embedded"]["accounts"]][:2] == [ACCOUNT, made["id"]]
    assert partner.refusal("/accounts", {**firm, "tax_id": ""}) == (400, "$.tax_id")
    assert partner.refusal("/accounts", {"type": "firm"}) == (400, "$.type")
    who = {"account_id": made["id"], "first_name": "Ada", "last_name": "L"}
    first, second = partner.post("/subscribers", who), partner.post("/subscribers", who)
    listed = partner.get(f"/subscribers?account={made['id']}")["_embedded"]["subscribers"]
    assert [row["id"] for row in listed] == [second["id"], first["id"]]
    assert partner.refusal("/subscribers", who | {"account_id": "acc_none"})[0] == 404
    assert partner.refusal("/subscribers", who | {"last_name": " "}) == (400, "$.last_name")


# Orders


def test_an_order_is_accepted_then_worked_on_then_completed(partner: Partner, receiver: Receiver) -> None:
    partner.standin.settings(ready_after_ms=60_000)
    order = partner.post("/orders", partner.activation())
    path = f"/orders/{order['id']}"
    assert order["status"] == partner.get(path)["status"] == "accepted"
    partner.standin.control("clock", advance_seconds=30)
    assert partner.get(path)["status"] == "fulfilling"
    assert partner.refusal(f"{path}/cancel") == (400, "$.status")
    assert receiver.empty
    partner.standin.control("clock", advance_seconds=31)
    done = partner.get(path)
    inside = done["_embedded"]["subscription"]["_embedded"]["sim_profile"]
    assert (done["status"], inside["iccid"][:2], inside["sim_type"]) == ("completed", "89", "esim")
    assert sorted(told(receiver, 3)) == [
        "order.completed",
        "subscription.active",
        "subscription.sim_profile.ready_for_installation",
    ]
    for key in (inside["id"], inside["iccid"]):
        assert partner.get(f"/sim-profiles/{key}")["matching_id"] == inside["matching_id"]
    assert len(partner.get(f"/sim-profiles/{inside['id']}/secret-codes")["puk"]) == 8


def test_orders_that_can_not_be_are_refused_and_cost_nothing(partner: Partner) -> None:
    body, line = partner.activation(), partner.line()
    twice = {"product_offering_id": offering(6), "activation_mode": "immediate"}
    wrong = {
        "$.type": {**body, "type": "terminate_subscription"},
        "$.purchase_location": {**body, "purchase_location": "Britain"},
        "$.sim_profile.sim_type": {**body, "sim_profile": {"sim_type": "psim"}},
        "$.device.uicc.eid": {**body, "device": {"uicc": {"eid": "89"}}},
        "$.products.plan.product_offering_id": {**body, "products": {"plan": {"product_offering_id": offering(6)}}},
        "$.products.addons": {**body, "products": {**body["products"], "addons": [twice] * 16}},
        "$.products.addons[0].product_offering_id": {
            **body,
            "products": {**body["products"], "addons": [{**twice, "product_offering_id": offering(7)}]},
        },
        "$.products": {
            "type": "topup_subscription",
            "subscription_id": line,
            "purchase_location": "GB",
            "products": {},
        },
        "$.schedule.mode": {"type": "cancel_subscription", "subscription_id": line, "schedule": {"type": "now"}},
        "$.schedule.effective_at": {
            "type": "cancel_subscription",
            "subscription_id": line,
            "schedule": {"mode": "specific_date", "effective_at": "2020-01-01"},
        },
        "$.product_ids": {"type": "cancel_subscription_products", "subscription_id": line, "product_ids": []},
    }
    assert {pointer: partner.refusal("/orders", order) for pointer, order in wrong.items()} == {
        pointer: (400, pointer) for pointer in wrong
    }
    assert partner.refusal("/orders", {**body, "subscriber_id": "subr_none"})[0] == 404
    partner.standin.settings(balance_minor=689)
    assert partner.refusal("/orders", body) == (403, "credit_limit_exceeded")
    books = partner.standin.books()
    assert (len(books["orders"]), books["charged_minor"], books["balance_minor"]) == (1, 690, 689)


def test_a_key_counts_once_for_a_day_and_only_for_its_request(partner: Partner) -> None:
    body = partner.activation()
    first, again = (partner.call("POST", "/orders", body, "line-1") for _ in range(2))
    assert (first.headers["idempotent-replayed"], again.headers["idempotent-replayed"]) == ("false", "true")
    assert first.json() == again.json()
    assert partner.refusal("/orders", body | {"purchase_location": "DE"}, "line-1") == (422, "idempotency_key_reused")
    refused = partner.call("POST", "/orders", body | {"subscriber_id": "subr_none"}, "line-2")
    assert refused.headers["idempotent-retriable"] == "true"
    assert partner.call("POST", "/orders", body, "line-2").status_code == 201
    partner.standin.control("clock", advance_seconds=DAY + 1)
    partner.renew()
    assert partner.call("POST", "/orders", body, "line-1").json() != first.json()
    assert [order["reference"] for order in partner.standin.books()["orders"]] == ["line-1", "line-2", "line-1"]


def test_a_key_whose_first_request_still_runs_is_refused_with_409(partner: Partner) -> None:
    body = partner.activation()
    partner.standin.settings(work_ms=400)
    codes: list[int] = []
    both = [
        threading.Thread(target=lambda: codes.append(partner.call("POST", "/orders", body, "same").status_code))
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(codes) == [201, 409]
    assert len(partner.standin.books()["orders"]) == 1


def test_what_is_on_hold_or_scheduled_waits_and_can_be_taken_back(partner: Partner, receiver: Receiver) -> None:
    held = partner.post("/orders", partner.activation(on_hold_condition="porting"))["id"]
    assert partner.get(f"/orders/{held}")["on_hold_condition"] == "porting"
    assert partner.post(f"/orders/{held}/resume", {})["status"] == "completed"
    dropped = partner.post("/orders", partner.activation(on_hold_condition="porting"))["id"]
    assert partner.post(f"/orders/{dropped}/cancel")["status"] == "canceled"
    assert partner.refusal(f"/orders/{dropped}/resume", {}) == (400, "$.status")
    kinds = told(receiver, 6)
    assert [kind for kind in kinds if kind.startswith("order.")] == [
        "order.on_hold",
        "order.completed",
        "order.on_hold",
        "order.canceled",
    ]
    books = partner.standin.books()
    assert [order["refunded_minor"] for order in books["orders"]] == [0, 690]
    assert books["balance_minor"] == 10_000_000 - 690


def test_a_scheduled_end_comes_on_its_day_and_ends_what_was_ordered_for_later(partner: Partner) -> None:
    line = partner.line()
    partner.move(line, "active")
    days = [(datetime.now(UTC) + timedelta(days=count)).date().isoformat() for count in (2, 4)]
    ending = partner.order("cancel_subscription", line, schedule={"mode": "specific_date", "effective_at": days[0]})
    change = partner.order(
        "change_subscription_plan",
        line,
        purchase_location="GB",
        products={"plan": {"product_offering_id": offering(2)}},
        schedule={"mode": "specific_date", "effective_at": days[1]},
    )
    assert (ending["status"], change["status"]) == ("scheduled", "scheduled")
    partner.standin.control("clock", advance_seconds=5 * DAY)
    partner.renew()
    assert partner.get(f"/subscriptions/{line}")["status"] == "canceled"
    assert [product["status"] for product in partner.products(line)] == ["canceled"]
    assert partner.get(f"/orders/{change['id']}")["status"] == "failed"
    assert partner.standin.books()["orders"][-1]["refunded_minor"] == 1590
    assert partner.refusal("/orders", {"type": "swap_subscription_sim", "subscription_id": line})[0] == 400


# Lines


def test_a_line_is_paused_by_deactivating_and_suspended_only_by_way_of_grace(partner: Partner) -> None:
    line = partner.line()
    path = f"/subscriptions/{line}"
    assert partner.refusal(f"{path}/suspend") == (400, "$.status")
    assert partner.post(f"{path}/deactivate")["status"] == "deactivated"
    assert partner.refusal(f"{path}/grace") == (400, "$.status")
    assert partner.post(f"{path}/resume")["status"] == "active"
    assert partner.post(f"{path}/grace")["status"] == "grace"
    assert partner.post(f"{path}/suspend")["status"] == "suspended"
    assert partner.refusal(f"{path}/resume") == (400, "$.status")
    listed = partner.get("/subscriptions?status=suspended")["_embedded"]["subscriptions"]
    assert [row["id"] for row in listed] == [line]
    assert partner.refusal("/subscriptions/subs_none/resume")[0] == 404


def test_products_begin_by_their_mode_are_used_up_in_turn_and_end(partner: Partner, receiver: Receiver) -> None:
    start_at = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    modes = [("first_usage", ""), ("immediate", ""), ("scheduled", start_at)]
    addons = [
        {"activation_mode": mode, "product_offering_id": offering(6)} | ({"start_at": at} if at else {})
        for mode, at in modes
    ]
    plan = {"product_offering_id": offering(1)}
    line = partner.line(products={"plan": plan, "addons": addons})
    assert [one["status"] for one in partner.products(line)] == ["pending", "pending", "active", "scheduled"]
    partner.post(f"/products/{partner.products(line)[1]['id']}/activate")
    partner.move(line, "used", bytes=4 * GB + GB // 2)
    assert [one["balances"][0]["spent"] for one in partner.products(line)] == [4 * GB + GB // 2, 0, 0, 0]
    partner.move(line, "depleted")
    assert [one["status"] for one in partner.products(line)] == ["depleted", "depleted", "depleted", "scheduled"]
    partner.standin.control("clock", advance_seconds=4 * DAY)
    partner.renew()
    last = partner.products(line)[3]
    assert last["status"] == "active"
    assert partner.post(f"/products/{last['id']}/cancel")["status"] == "canceled"
    assert partner.refusal(f"/products/{last['id']}/activate") == (400, "$.status")
    partner.standin.control("clock", advance_seconds=31 * DAY)
    partner.renew()
    assert [one["status"] for one in partner.products(line)] == ["expired", "expired", "expired", "canceled"]
    kinds = told(receiver, 18)
    assert [kinds.count(kind) for kind in ("balance.threshold.exceeded", "product.depleted", "product.expired")] == [
        3,
        3,
        3,
    ]


def test_one_product_can_be_cancelled_by_order(partner: Partner) -> None:
    line = partner.line()
    [product] = partner.products(line)
    assert (
        partner.refusal(
            "/orders", {"type": "cancel_subscription_products", "subscription_id": line, "product_ids": ["prd_none"]}
        )[0]
        == 404
    )
    partner.order("cancel_subscription_products", line, product_ids=[product["id"]])
    assert partner.products(line)[0]["status"] == "canceled"
    assert partner.get(f"/subscriptions/{line}")["status"] == "active"


# Webhooks


def test_webhooks_carry_basic_credentials_come_twice_late_and_out_of_order(
    partner: Partner, receiver: Receiver
) -> None:
    line = partner.line()
    first = receiver.take(3)[0]
    assert base64.b64decode(first.headers["authorization"].removeprefix("Basic ")) == b"simplane:1g_sandbox_hook_0001"
    assert set(first.json()) == {"id", "type", "created_at", "data"}
    partner.move(line, "installed", repeat=2)
    assert len({came.json()["id"] for came in receiver.take(2)}) == 1
    partner.standin.control("callbacks/hold", "POST")
    for to in ("country", "throttled", "deleted"):
        partner.move(line, "active")
        partner.move(line, to)
    partner.standin.control("callbacks/release", order="reverse")
    kinds = told(receiver, 4)
    assert kinds[0] == "subscription.sim_profile.deleted"
    assert set(kinds[1:]) == {
        "product.throttling.applied",
        "subscription.sim_profile.country_changed",
        "product.active",
    }
    with receiving() as other:
        made = partner.post(
            "/webhooks", {"url": f"{other.url.replace('//', '//me:p%40ss@')}/x", "events": ["order.failed"]}
        )
        assert made["url"] == f"{other.url}/x"
        assert partner.get("/webhooks")["_embedded"]["webhooks"][0]["events"] == ["order.failed"]
        partner.post(f"/subscriptions/{line}/deactivate")
        assert base64.b64decode(other.next().headers["authorization"].removeprefix("Basic ")) == b"me:p@ss"
    assert partner.refusal("/webhooks", {"url": "ftp://x"}) == (400, "$.url")


# Trouble


def test_magic_offerings_and_lost_answers_are_bought_or_not_as_they_say(partner: Partner) -> None:
    for word, bought in (("FAULTDROPBEFORE", 0), ("FAULTDROPAFTER", 1), ("FAULTORDERFAILS", 2), ("FAULTLOWDATA", 3)):
        body = partner.activation()
        body["products"]["plan"]["product_offering_id"] = f"prdoff_{word}"
        try:
            partner.call("POST", "/orders", body, word)
        except httpx2.RemoteProtocolError:
            assert "DROP" in word
        assert len(partner.standin.books()["orders"]) == bought
    assert partner.call("POST", "/orders", body, "FAULTLOWDATA").headers["idempotent-replayed"] == "true"
    states = [order["state"] for order in partner.standin.books()["orders"]]
    assert states == ["completed", "failed", "completed"]
    assert partner.standin.books()["charged_minor"] - partner.standin.books()["refunded_minor"] == 2 * 690


def test_the_books_and_keys_survive_a_kill(partner: Partner) -> None:
    body = partner.activation()
    first = partner.post("/orders", body, "line-1")
    partner.standin.kill()
    partner.standin.restart()
    assert partner.post("/orders", body, "line-1") == first
    assert len(partner.standin.books()["orders"]) == 1

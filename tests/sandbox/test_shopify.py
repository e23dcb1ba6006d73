"""The Shopify stand-in's Admin API: schema, access, reading, throttling."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graphql import GraphQLSchema, build_client_schema, build_schema, parse, validate

from simplane.channels.shopify.operations import ALL, Operation
from tests.sandbox.shopify_app import CASE, ESIM, HOUR, OPERATIONS, App, app_of, gid
from tests.sandbox.shopify_schema import beyond
from tests.specs import required_specs
from tests.standins import ROOT

SDL = (ROOT / "sandbox" / "shopify" / "schema.graphql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with app_of(tmp_path_factory.mktemp("shopify")) as app:
        yield app


@pytest.fixture
def app(running: App) -> App:
    running.forget()
    return running


@pytest.fixture(scope="module")
def published() -> GraphQLSchema:
    raw = gzip.decompress(required_specs("channels", "shopify", "admin_2026-10.introspection.json.gz").read_bytes())
    return build_client_schema(json.loads(raw)["data"], assume_valid=True)


# The schema


def test_its_schema_is_a_subset_of_the_published_one(published: GraphQLSchema) -> None:
    assert beyond(build_schema(SDL), published) == []


def test_the_operations_of_these_tests_are_valid_at_shopify(published: GraphQLSchema) -> None:
    assert validate(published, parse(OPERATIONS)) == []


def test_the_published_operations_are_valid_here() -> None:
    document = required_specs("channels", "shopify", "operations_2026-10.graphql").read_text(encoding="utf-8")
    assert validate(build_schema(SDL), parse(document)) == []


@pytest.mark.parametrize("operation", ALL, ids=[operation.name for operation in ALL])
def test_our_own_operations_are_valid_here_and_at_shopify(published: GraphQLSchema, operation: Operation) -> None:
    document = parse(operation.text)
    assert validate(published, document) == []
    assert validate(build_schema(SDL), document) == []


def test_an_unknown_field_is_a_graphql_error(app: App) -> None:
    answer = app.post({"query": "{ shop { name nickname } }"})
    assert answer.status_code == 200
    [error] = answer.json()["errors"]
    assert error["message"] == "Cannot query field 'nickname' on type 'Shop'."
    assert error["extensions"] == {"code": "undefinedField"}


@pytest.mark.parametrize(
    "variables",
    [{}, {"id": 5.5}, {"id": None}],
    ids=["missing", "number", "null"],
)
def test_a_wrong_variable_is_a_graphql_error(app: App, variables: dict[str, Any]) -> None:
    answer = app.run("Order", **variables)
    assert len(answer["errors"]) == 1
    assert answer.get("data") is None


def test_a_body_that_is_no_query_is_refused(app: App) -> None:
    headers = {"X-Shopify-Access-Token": app.token}
    bodies = (b"", b"[]", b'{"query": 5}', b'{"query": "{shop{name}}", "variables": []}', b"\xff\xfe")
    path = "/admin/api/2026-10/graphql.json"
    assert [app.client.post(path, content=body, headers=headers).status_code for body in bodies] == [400] * 5


# Access


def test_a_token_lives_a_day(app: App) -> None:
    answer = app.grant().json()
    app.token = answer["access_token"]
    assert answer["expires_in"] == 86399
    assert "write_merchant_managed_fulfillment_orders" in answer["scope"].split(",")
    app.standin.control("clock", advance_seconds=23 * HOUR)
    assert app.ask("About")["myshopifyDomain"] == app.shop
    app.standin.control("clock", advance_seconds=HOUR)
    assert app.post({"query": "{shop{name}}"}).status_code == 401


@pytest.mark.parametrize(
    "changes", [{"client_secret": "other"}, {"client_id": "other"}, {"grant_type": "password"}, {"client_secret": 5}]
)
def test_wrong_credentials_get_no_token(app: App, changes: dict[str, Any]) -> None:
    answer = app.grant(**changes)
    assert answer.status_code == 400
    assert "access_token" not in answer.json()


def test_credentials_may_come_as_a_form(app: App) -> None:
    form = {"client_id": "demo-client-id", "client_secret": "demo-shopify-secret-not-real"}
    answer = app.client.post("/admin/oauth/access_token", data={**form, "grant_type": "client_credentials"})
    assert answer.json()["access_token"].startswith("shpat_")


def test_without_a_token_nothing_is_answered(app: App) -> None:
    app.token = "shpat_wrong"
    answer = app.post({"query": "{shop{name}}"})
    assert (answer.status_code, list(answer.json())) == (401, ["errors"])


def test_the_token_of_one_shop_opens_no_other(app: App) -> None:
    app.standin.control("shops", shop="second.myshopify.com", client_id="two", client_secret="two-secret")
    other = App(app.standin, "second.myshopify.com")
    other.token = app.token
    assert other.post({"query": "{shop{name}}"}).status_code == 401
    other.token = other.grant(client_id="two", client_secret="two-secret").json()["access_token"]
    assert other.ask("About") == {
        "name": "second",
        "myshopifyDomain": "second.myshopify.com",
        "currencyCode": "EUR",
        "ianaTimezone": "Europe/Berlin",
    }
    other.client.close()


def test_versions_fall_forward_but_the_future_is_unknown(app: App) -> None:
    old = app.post({"query": "{shop{name}}"}, version="2025-01")
    assert (old.status_code, old.headers["x-shopify-api-version"]) == (200, "2026-10")
    assert app.post({"query": "{shop{name}}"}, version="2027-01").status_code == 404
    assert app.post({"query": "{shop{name}}"}, version="latest").status_code == 404


def test_a_missing_scope_denies_access(app: App) -> None:
    app.standin.settings(scopes="read_orders")
    number = app.sell()
    answer = app.run("Tag", id=gid(number), tags=["x"])
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert answer["data"] == {"tagsAdd": None}
    assert app.order(number)["tags"] == []


def test_buyers_are_hidden_without_approval(app: App) -> None:
    app.standin.settings(protected_customer_data=False)
    order = app.order(app.sell(email="a@example.com"))
    assert (order["email"], order["customer"]) == (None, None)


def test_orders_older_than_sixty_days_need_a_scope(app: App) -> None:
    number = app.sell()
    app.standin.control("clock", advance_seconds=61 * 24 * HOUR)
    app.token = app.grant().json()["access_token"]
    assert app.ask("Order", id=gid(number)) is None
    assert app.ask("Count")["count"] == 0
    scopes = app.standin.control("settings")["scopes"]
    app.standin.settings(scopes=f"{scopes},read_all_orders")
    assert app.order(number)["name"] == "#1001"


# Reading


def test_an_order_reads_back_as_it_was_sold(app: App) -> None:
    line = {**ESIM, "properties": {"_gift": "yes"}}
    order = app.order(app.sell(line, CASE, test=True, tags=["vip"], email="zoë@example.com"))
    first, second = order["lineItems"]["nodes"]
    assert (first["sku"], first["quantity"], first["requiresShipping"]) == ("ESIM-EU-5GB-30D", 2, False)
    assert first["customAttributes"] == [{"key": "_gift", "value": "yes"}]
    assert (second["sku"], second["quantity"], second["requiresShipping"]) == ("CASE-15-BLK", 1, True)
    assert order["totalPriceSet"]["shopMoney"] == {"amount": "55.4", "currencyCode": "EUR"}
    assert (order["test"], order["tags"], order["email"]) == (True, ["vip"], "zoë@example.com")
    assert order["customer"] == {"displayName": "Lena Fischer"}
    assert (order["displayFinancialStatus"], order["displayFulfillmentStatus"]) == ("PAID", "UNFULFILLED")
    assert int(order["legacyResourceId"]) > 2**31


@pytest.mark.parametrize(
    ("status", "shown"),
    [("pending", "PENDING"), ("authorized", "AUTHORIZED"), ("partially_paid", "PARTIALLY_PAID"), ("paid", "PAID")],
)
def test_financial_states(app: App, status: str, shown: str) -> None:
    order = app.order(app.sell(financial_status=status))
    assert (order["displayFinancialStatus"], order["fullyPaid"]) == (shown, shown == "PAID")


def test_an_order_of_zero_is_paid_at_once(app: App) -> None:
    order = app.order(app.sell(total="0.00"))
    [line] = order["lineItems"]["nodes"]
    assert line["discountedUnitPriceAfterAllDiscountsSet"]["shopMoney"]["amount"] == "0.0"
    assert (order["displayFinancialStatus"], order["totalPriceSet"]["shopMoney"]["amount"]) == ("PAID", "0.0")
    assert order["transactions"] == []


def test_shop_money_and_presentment_money_differ(app: App) -> None:
    order = app.order(app.sell(presentment_currency="JPY", presentment_rate="160.5"))
    assert order["totalPriceSet"] == {
        "shopMoney": {"amount": "38.0", "currencyCode": "EUR"},
        "presentmentMoney": {"amount": "6099.0", "currencyCode": "JPY"},
    }


def test_lines_may_lack_sku_and_variant(app: App) -> None:
    [line] = app.order(app.sell({"sku": None, "title": "Tip", "custom": True}))["lineItems"]["nodes"]
    assert (line["sku"], line["variant"], line["product"]) == (None, None, None)


def test_lines_are_paged(app: App) -> None:
    number = app.sell(*({**ESIM, "sku": f"S{place}"} for place in range(5)))
    seen: list[str] = []
    after = None
    while True:
        page = app.ask("Lines", id=gid(number), after=after)["lineItems"]
        seen += [node["sku"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["S0", "S1", "S2", "S3", "S4"]


def test_another_kind_of_id_is_refused(app: App) -> None:
    answer = app.run("Order", id="gid://shopify/Product/1")
    assert answer["errors"][0]["message"] == "Invalid global id 'gid://shopify/Product/1'"


def test_an_unknown_order_is_null(app: App) -> None:
    assert app.ask("Order", id=gid(1)) is None


# Searching


def pages(app: App, first: int, q: str | None) -> list[list[str]]:
    seen, after = [], None
    while True:
        page = app.ask("Orders", q=q, first=first, after=after)
        seen.append([node["name"] for node in page["nodes"]])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return seen


def moment(app: App, ago: timedelta) -> str:
    now = datetime.fromisoformat(app.standin.control("clock")["now"])
    return (now - ago).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_orders_are_paged_by_when_they_changed(app: App) -> None:
    ids = [app.sell() for _ in range(5)]
    app.standin.control("clock", advance_seconds=1)
    app.act(ids[1], "risk", level="HIGH")
    assert pages(app, 2, None) == [["#1001", "#1003"], ["#1004", "#1005"], ["#1002"]]


def test_the_filter_finds_what_changed_since(app: App) -> None:
    app.control("orders", count=2)
    app.standin.control("clock", advance_seconds=2 * HOUR)
    app.sell()
    since = moment(app, timedelta(hours=1))
    assert pages(app, 10, f"updated_at:>='{since}'") == [["#1003"]]
    assert pages(app, 10, f"updated_at:<'{since}'") == [["#1001", "#1002"]]
    assert app.ask("Count", q=f"updated_at:>='{since}' AND financial_status:paid") == {"count": 1, "precision": "EXACT"}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("updated_at:>='yesterday'", "updated_at"),
        ("updated_at:>=2026-11-20T09:20:00Z", "updated_at"),
        ("changed:>='2026-11-20T09:20:00Z'", "changed"),
        ("financial_status:rich", "financial_status"),
    ],
)
def test_a_malformed_filter_is_ignored_with_a_warning(app: App, text: str, field: str) -> None:
    app.sell()
    answer = app.run("Orders", q=text, first=10)
    assert len(answer["data"]["orders"]["nodes"]) == 1
    [search] = answer["extensions"]["search"]
    assert (search["path"], search["query"], search["warnings"][0]["field"]) == (["orders"], text, field)


def test_a_good_filter_has_no_warning(app: App) -> None:
    assert "search" not in app.run("Orders", q="updated_at:>='2026-11-20T09:20:00Z'", first=10)["extensions"]


def test_the_search_index_lags(app: App) -> None:
    app.standin.settings(index_lag_seconds=30)
    number = app.sell()
    assert pages(app, 10, None) == [[]]
    assert app.order(number)["name"] == "#1001"
    app.standin.control("clock", advance_seconds=31)
    assert pages(app, 10, None) == [["#1001"]]
    app.standin.control("clock", advance_seconds=HOUR)
    app.act(number, "risk", level="LOW")
    recent = f"updated_at:>='{moment(app, timedelta(minutes=5))}'"
    assert pages(app, 10, recent) == [[]]
    app.standin.control("clock", advance_seconds=31)
    assert pages(app, 10, recent) == [["#1001"]]


# Throttling


def test_every_answer_tells_its_cost(app: App) -> None:
    app.standin.settings(bucket_size=2000, restore_rate=100)
    number = app.sell()
    cost = app.run("Tag", id=gid(number), tags=["a"])["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (10, 10)
    assert cost["throttleStatus"]["maximumAvailable"] == 2000.0
    assert cost["throttleStatus"]["restoreRate"] == 100.0
    read = app.run("Order", id=gid(number))["extensions"]["cost"]
    assert read["actualQueryCost"] < read["requestedQueryCost"] <= 1000


def test_an_empty_bucket_throttles_with_http_200_and_fills_again(app: App) -> None:
    number = app.sell()
    app.standin.settings(bucket_size=25, restore_rate=0.001)
    app.do("Tag", id=gid(number), tags=["a"])
    app.do("Tag", id=gid(number), tags=["b"])
    throttled = app.run("Tag", id=gid(number), tags=["c"])
    assert throttled["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "data" not in throttled
    cost = throttled["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (10, None)
    app.standin.control("clock", advance_seconds=6000)
    app.do("Tag", id=gid(number), tags=["d"])
    assert app.standin.books()["orders"][0]["tags"] == ["a", "b", "d"]


def test_a_query_may_not_cost_more_than_a_thousand(app: App) -> None:
    inside = "lineItems(first: 250) { nodes { id } }"
    query = f"{{ orders(first: 250) {{ nodes {{ fulfillmentOrders(first: 250) {{ nodes {{ {inside} }} }} }} }} }}"
    [error] = app.post({"query": query}).json()["errors"]
    assert error["extensions"]["code"] == "MAX_COST_EXCEEDED"


# Faults


def test_faults_strike_one_mutation_by_its_name(app: App) -> None:
    number = app.sell()
    app.standin.fault("graphql", "internal_error_after", match="tagsAdd(")
    document = "mutation($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) { userErrors { message } } }"
    assert app.post({"query": "{shop{name}}"}).json()["data"] == {"shop": {"name": "Demo Shop"}}
    answer = app.post({"query": document, "variables": {"id": gid(number), "tags": ["done"]}})
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert app.order(number)["tags"] == ["done"]


def test_throttling_by_rule_looks_like_shopify(app: App) -> None:
    app.standin.fault("graphql", "throttle")
    app.standin.fault("token", "throttle", retry_after=2)
    assert app.run("About")["errors"][0]["extensions"]["code"] == "THROTTLED"
    refused = app.grant()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2.0")

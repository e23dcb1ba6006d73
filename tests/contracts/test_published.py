"""Every request an adapter sends and every answer it accepts keeps to the vendor's published document."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simplane.core import clock
from simplane.suppliers.outcomes import Accepted, Ok
from simplane.suppliers.values import LineRef
from tests.contracts.desk import Desk
from tests.contracts.published import Published
from tests.contracts.recorder import recording
from tests.specs import load_spec

# Typed integer or object in the published schema, decimal or array in life (README of the specs).
DECIMALS = frozenset({"price", "subTotal", "pricePerUnit", "total", "balance", "testCredit"})
EXPECTED = {
    "esimgo-2.5": {
        "DELETE /esims/{iccid}",
        "DELETE /esims/{iccid}/bundles/{name}/assignments/{assignmentId}",
        "GET /catalogue",
        "GET /catalogue/bundle/{name}",
        "GET /esims/assignments",
        "GET /esims/{iccid}",
        "GET /esims/{iccid}/bundles",
        "GET /esims/{iccid}/compatible/{bundle}",
        "GET /esims/{iccid}/suspend",
        "GET /inventory",
        "GET /networks",
        "GET /orders",
        "GET /orders/{orderReference}",
        "GET /organisation",
        "POST /esims/{iccid}/suspend",
        "POST /inventory/refund",
        "POST /orders",
    },
    "esimaccess": {
        f"POST {path}"
        for path in (
            "/balance/query",
            "/esim/cancel",
            "/esim/order",
            "/esim/query",
            "/esim/revoke",
            "/esim/suspend",
            "/esim/topup",
            "/esim/unsuspend",
            "/esim/usage/query",
            "/location/list",
            "/package/list",
            "/webhook/save",
        )
    },
}
EXPECTED["oneglobal"] = {
    "GET /orders",
    "GET /orders/{id}",
    "GET /product-offerings",
    "GET /product-offerings/{id}/compatible",
    "GET /products",
    "GET /subscribers",
    "GET /subscriptions",
    "GET /subscriptions/{id}",
    "POST /orders",
    "POST /orders/{id}/cancel",
    "POST /subscribers",
    "POST /subscriptions/{id}/deactivate",
    "POST /subscriptions/{id}/resume",
    "POST /webhooks",
}
EXPECTED["esimgo-2.4"] = EXPECTED["esimgo-2.5"] - {
    "DELETE /esims/{iccid}",
    "GET /esims/{iccid}/suspend",
    "POST /esims/{iccid}/suspend",
}


# Rows the stand-in lists on purpose though no document allows them.
ODD_ROWS = ("1GB", "2GB", "3GB", "4GB", "5GB", "X", "7GB")


def published(name: str) -> Published:
    if name == "esimaccess":
        return Published(load_spec("suppliers", "esimaccess", "openapi.condensed.json"), "/api/v1/open")
    if name == "oneglobal":
        document = load_spec("suppliers", "1global", "connect-2026-02-05.condensed.openapi.json")
        for shown in ("Account", "Order"):  # the vendor's own samples hold links there
            document["components"]["schemas"][shown]["properties"] |= {"_links": {"type": "object"}}
        taken = document["paths"]["/webhooks"]["post"]["responses"]["201"]["content"]["application/hal+json"]
        taken["schema"] = {"type": "object"}  # what is in it is not published
        return Published(document, "/connect")
    file = {"esimgo-2.5": "openapi-2.5.merged.json", "esimgo-2.4": "openapi-2.4.official.json"}[name]
    document = load_spec("suppliers", "esimgo", file)
    listed = {"type": "array", "items": {"$ref": "#/components/schemas/OrderResponseTransaction"}}
    document["paths"]["/orders"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = listed
    document["components"]["schemas"]["OrderResponseTransaction"]["properties"] |= {"createDate": {"type": "string"}}
    # The stand-in answers both versions with the fields of the newer one.
    newest = name == "esimgo-2.5"
    return Published(document, f"/v{name.removeprefix('esimgo-')}", answers=newest, decimals=DECIMALS)


def everything(desk: Desk, adapter: Any) -> None:
    """Every method of the port once."""
    do = desk.do

    def buy() -> LineRef:
        answer = desk.issue(adapter=adapter)
        order = (
            answer.value.order_id if isinstance(answer, Ok) else answer.order_id if isinstance(answer, Accepted) else ""
        )
        return desk.ref(do(adapter.get_order(order)).value)

    async def sync() -> None:
        async for _ in adapter.sync_catalogue():
            pass

    do(sync())
    first, second = buy(), buy()
    desk.adapter = adapter
    assert len(desk.found()) == 2
    for work in (
        adapter.quote(desk.vendor.offer, 1),
        adapter.get_line(first),
        adapter.fetch_usage([first]),
        adapter.get_install_details(first),
        adapter.list_top_ups(first),
        adapter.top_up(first, desk.request()),
        adapter.assign_plan(first, desk.request(desk.vendor.other)),
        adapter.change_plan(first, desk.request(desk.vendor.other), None),
        adapter.change_plan(first, desk.request(desk.vendor.other), clock.now() + timedelta(days=9)),
        adapter.cancel_order("ord_01JPX5Y7Z00000000000000009"),
        adapter.swap_profile(first, "sp-another-phone"),
        adapter.suspend_line(first, "lost"),
        adapter.suspend_line(first, "lost"),
        adapter.reactivate_line(first, "found"),
        adapter.cancel_or_refund(second),
        adapter.terminate_line(first),
        adapter.get_balance(),
        adapter.register_webhook("http://127.0.0.1:9/hooks"),
    ):
        do(work)


def test_keeps_to_the_published_document(desk: Desk) -> None:
    document = published(desk.vendor.name)
    if desk.vendor.vendor == "esimgo":
        for size in ODD_ROWS:
            desk.vendor.remove(desk.standin, f"esim_{size}_10D_MT_V2")
    with recording(desk.standin.url) as proxy:
        everything(desk, desk.open(proxy.url))
        # Their document says nothing of the token's address.
        told = [exchange for exchange in proxy.exchanges if not exchange.path.startswith("/auth/")]
        used = {document.check(exchange) for exchange in told}
    assert used == EXPECTED[desk.vendor.name]

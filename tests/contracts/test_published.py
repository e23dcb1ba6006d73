"""Every request an adapter sends and every answer it accepts keeps to the vendor's published document."""

from __future__ import annotations

from typing import Any

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
        used = {document.check(exchange) for exchange in proxy.exchanges}
    assert used == EXPECTED[desk.vendor.name]

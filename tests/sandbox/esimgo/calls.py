"""Calls to the eSIM Go stand-in, for its tests."""

from typing import Any

import httpx2

from tests.specs import load_spec

KEY = "esg_sandbox_key_0001"
GB = "esim_1GB_7D_GB_V2"
JP = "esim_2GB_15D_JP_V2"
CHINA = "esim_1GB_7D_CN_V2"
DAY = 86_400
JSON = {"Accept": "application/json"}

# Typed integer in the published schema, decimal in life (README of the specs, "Known contradictions").
DECIMALS = frozenset({"price", "subTotal", "pricePerUnit", "total", "balance", "testCredit"})


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

"""POST /api/v1/orders in the document: it is served in front of Django, so its schemas come from what reads it there."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import Field

from simplane.api.order_request import OrderIn
from simplane.api.v1.hints import hints
from simplane.api.v1.orders import LINE, ORDER, UNIT_IDS, OrderBase, PlacedLineOut
from simplane.api.v1.states import UNIT_MEANING
from simplane.api.v1.values import examples

Tree = dict[str, Any]
REF = "#/components/schemas/"
CODES = (
    "length_required",
    "too_large",
    "no_wallet",
    "unknown_sku",
    "no_price",
    "price_above_max",
    "order_too_large",
    "unknown_quote",
    "quote_used",
    "quote_expired",
    "quote_quantity",
    "reference_taken",
    "insufficient_funds",
    "test_fault_live",
)
WANTED: Tree = {"lines": [{"sku": "ESIM-EU-5GB-30D", "quantity": 2, "max_price_minor": 1000}], "reference": "PO-7"}
ABOUT = """Decided at once: the price is set aside in your wallet, and the eSIMs are bought. Each unit's part is taken when its
eSIM is bought and given back when it can not be. A lack of money is an answer too and is kept with its key: after a
top-up use a new key."""


class UnitState(msgspec.Struct):
    """A unit and its state."""

    id: str
    state: str


class PlacedOut(OrderBase):
    """The order as it was placed."""

    model_config = examples(ORDER | {"lines": [LINE | {"units": UNIT_IDS}]})
    id: Annotated[str | None, Field(description="null: a dry run, nothing was placed.")]  # type: ignore[assignment]
    lines: list[PlacedLineOut]


def operation() -> tuple[Tree, Tree]:
    """The operation, and the schemas it refers to."""
    (_, placed), schemas = msgspec.json.schema_components([OrderIn, UnitState], ref_template=REF + "{name}")
    del placed
    _end_as_json_schema(schemas)
    answer = PlacedOut.model_json_schema(ref_template=REF + "{model}")
    schemas |= answer.pop("$defs", {})
    unit: Tree = schemas.pop("UnitState")
    unit["properties"]["state"]["description"] = UNIT_MEANING
    answer["properties"]["units"] = {
        "type": "array",
        "description": "Only with `Prefer: wait=N`: the state of each unit when they were settled, or the time was over.",
        "items": unit,
    }
    answer["properties"]["dry_run"] = {"type": "boolean", "description": "Only there, and true, of a dry run."}
    schemas["PlacedOut"] = answer
    return OPERATION | hints(*CODES, key="required") | {"parameters": [*PARAMETERS], "responses": _answers()}, schemas


def _end_as_json_schema(tree: Any) -> None:
    """Python's end of a text, in its patterns, as the regular expressions of JSON Schema write it."""
    if isinstance(tree, dict) and isinstance(tree.get("pattern"), str):
        tree["pattern"] = tree["pattern"].replace(r"\Z", "$")
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        _end_as_json_schema(child)


def _answers() -> Tree:
    content = {"application/json": {"schema": {"$ref": REF + "PlacedOut"}}}
    replayed = {
        "description": "`true`: this answer was given before to the same key.",
        "schema": {"type": "string", "const": "true"},
    }
    applied = {"description": "`wait=N` when it was waited for.", "schema": {"type": "string"}}
    headers = {"Idempotent-Replayed": replayed, "Preference-Applied": applied}
    return {
        "201": {"description": "Placed", "content": content, "headers": headers},
        "200": {"description": "A dry run: what would be", "content": content},
    }


PARAMETERS: list[Tree] = [
    {
        "in": "query",
        "name": "dry_run",
        "required": False,
        "description": "true: check everything and answer what would be; nothing is placed, stored or held.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    {
        "in": "header",
        "name": "Prefer",
        "required": False,
        "description": "`wait=5`: stay up to so many seconds (10 at most) until the eSIMs are there.",
        "schema": {"type": "string"},
        "example": "wait=5",
    },
]
OPERATION: Tree = {
    "operationId": "place_order",
    "summary": "Place an order",
    "description": ABOUT,
    "tags": ["Orders"],
    "security": [{"ApiKey": ["orders:write"]}],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": REF + "OrderIn"},
                "examples": {
                    "default": {"value": WANTED},
                    "by mail to the traveller": {
                        "value": {
                            "lines": [{"sku": "ESIM-EU-5GB-30D"}],
                            "recipient": {"email": "ana@example.com", "name": "Ana", "locale": "de"},
                        }
                    },
                    "a test of what seldom happens": {
                        "value": {"lines": [{"sku": "ESIM-EU-5GB-30D"}], "test_fault": "refusal"}
                    },
                },
            }
        },
    },
}

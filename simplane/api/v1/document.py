"""The OpenAPI 3.1 document: what the routes show, and with it every refusal, header and an example for each operation."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from simplane.api.problems import CONTENT_TYPE, PROBLEMS
from simplane.api.v1 import document_orders
from simplane.api.v1.access import Scope
from simplane.api.v1.base import api
from simplane.api.v1.hints import HINTS

Tree = dict[str, Any]
JSON = "application/json"
ALWAYS = ("not_understood", "internal", "unavailable")
WITH_KEY = ("unauthorized", "wrong_network", "missing_scope", "account_applied", "rate_limited")
WRITING = ("not_now", "not_found", "account_suspended")
IDEMPOTENT = ("idempotency_key_bad", "key_reused", "idempotency_key_in_use")
IDS = {
    "orders": "ord_06b3x8tk1m4q7rznw2v5c9",
    "units": "unt_06b3x8tk1m4q7rznw2v5c9-1",
    "esims": "unt_06b3x8tk1m4q7rznw2v5c9-1",
    "quotes": "quo_06b3x8tk1m4q7rznw2v5c9",
    "employees": "emp_06b3x8tk1m4q7rznw2v5c9",
    "lines": "line_06b3x8tk1m4q7rznw2v5c9",
    "operations": "op_06b3x8tk1m4q7rznw2v5c9",
    "bulk": "bulk_06b3x8tk1m4q7rznw2v5c9",
}
SHOWN = {"sku": "ESIM-EU-5GB-30D", "month": "2026-11", "limit": 20, "tenant": "acme"}
ABOUT = """Order eSIMs, follow them, and look after your wallet. Money is integer minor units with an ISO 4217 currency;
times are RFC 3339 in UTC; ids are opaque. Send `Authorization: Bearer sk_test_…`: a test key acts in your test account,
with play money and stand-in suppliers; `sk_live_…` spends."""


@lru_cache(maxsize=1)
def document() -> Tree:
    """The whole document; it does not change while a process lives."""
    made: Tree = dict(_Document(api, "api/v1/"))
    made["info"] = {
        "title": "Simplane",
        "version": api.version,
        "summary": "eSIMs for resellers and companies",
        "description": ABOUT,
    }
    made["servers"] = [{"url": settings.SIMPLANE.base_url.rstrip("/")}]
    parts: Tree = made["components"]
    parts["securitySchemes"] = SECURITY
    parts["headers"] = HEADERS
    parts.setdefault("schemas", {})["Problem"] = PROBLEM
    orders, schemas = document_orders.operation()
    parts["schemas"].update(schemas)
    made["paths"].setdefault("/api/v1/orders", {})["post"] = orders
    made["tags"] = [{"name": name} for name in _tags(made)]
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            _complete(operation, method, path, parts["schemas"])
    _tidy(made["paths"])
    _tidy(parts["schemas"])
    return made


class _Document(OpenAPISchema):
    """Django Ninja's own, with the scope of each operation and its name without those of our modules."""

    def operation_details(self, operation: Operation) -> Tree:
        found: Tree = super().operation_details(operation)
        found["operationId"] = operation.view_func.__name__
        scopes = [one.scope for one in operation.auth_callbacks if isinstance(one, Scope)]
        found["security"] = [{"ApiKey": scopes}] if scopes else []
        return found


def _complete(operation: Tree, method: str, path: str, schemas: Tree) -> None:
    wanted: Tree = operation.pop(HINTS, {})
    responses: Tree = {str(status): told for status, told in operation["responses"].items()}
    operation["responses"] = responses
    if operation["security"]:
        scope = operation["security"][0]["ApiKey"][0]
        operation["description"] = f"{operation.get('description', '')}\n\nNeeds the scope `{scope}`."
    good = next(told for status, told in responses.items() if status.startswith("2"))
    if wanted.get("media"):
        good["content"] = {wanted["media"]: {"schema": {"type": "string", "contentMediaType": wanted["media"]}}}
    if wanted.get("also"):
        good["content"][wanted["also"]] = {"schema": {"type": "string"}, "example": "at,kind,subject,…"}
    _parameters(operation, path, wanted)
    if wanted.get("etag"):
        good.setdefault("headers", {})["ETag"] = {"$ref": "#/components/headers/ETag"}
        responses["304"] = {"description": "Not changed since the ETag you sent"}
    all_good = [told for status, told in responses.items() if status.startswith("2")]
    for content in [
        *(told.get("content", {}) for told in all_good),
        operation.get("requestBody", {}).get("content", {}),
    ]:
        _examples(content, schemas)
    for told in responses.values():
        told.setdefault("headers", {})["Request-Id"] = {"$ref": "#/components/headers/Request-Id"}
    if operation["security"]:
        good["headers"] |= {
            name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit-Policy", "RateLimit")
        }
    _problems(operation, responses, _codes(operation, method, path, wanted))


def _codes(operation: Tree, method: str, path: str, wanted: Tree) -> list[str]:
    """Every refusal this operation may answer with."""
    names = {one["name"] for one in operation["parameters"]}
    found = [*ALWAYS, *(WITH_KEY if operation["security"] else ()), *wanted.get("codes", ())]
    found += ["bad_parameter"] if operation["parameters"] else []
    found += ["bad_cursor"] if names & {"cursor", "since"} else []
    found += ["not_found"] if "{" in path else []
    found += WRITING if method != "get" and operation["security"] else []
    found += ["bad_json", "bad_request"] if "requestBody" in operation else []
    found += IDEMPOTENT if wanted.get("key") else []
    found += ["idempotency_key_missing"] if wanted.get("key") == "required" else []
    return list(dict.fromkeys(found))


def _problems(operation: Tree, responses: Tree, codes: list[str]) -> None:
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    for status, some in sorted(by_status.items()):
        text = "; ".join(f"`{code}`: {PROBLEMS[code].title}" for code in some)
        told: Tree = {
            "description": text,
            "headers": {"Request-Id": {"$ref": "#/components/headers/Request-Id"}},
            "content": {
                CONTENT_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {code: {"value": _problem(code)} for code in some},
                }
            },
        }
        if status in (429, 503):
            told["headers"]["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
        known = responses.get(str(status), {})
        responses[str(status)] = told | known | {"content": told["content"] | known.get("content", {})}
    operation["x-problems"] = codes


def _problem(code: str) -> Tree:
    known = PROBLEMS[code]
    return {
        "type": f"urn:simplane:problem:{code}",
        "title": known.title,
        "status": known.status,
        "code": code,
        "detail": known.fix,
        "request_id": "req_06b3x8tk1m4q7rznw2v5c9",
    }


def resource_of(path: str) -> str:
    """`lines` of /api/v1/tenants/{tenant}/lines/{id}."""
    parts = path.split("/")
    return parts[5] if parts[3] == "tenants" else parts[3]


def _parameters(operation: Tree, path: str, wanted: Tree) -> None:
    resource = resource_of(path)
    for one in operation["parameters"]:
        shown = IDS.get(resource) if one["name"] == "id" else SHOWN.get(one["name"])
        if shown is not None:
            one.setdefault("example", shown)
        choices = one["schema"].pop("anyOf", None)
        if choices:  # null is no text of an address: leave the parameter out
            one["schema"] |= next(choice for choice in choices if choice.get("type") != "null")
        one["schema"].pop("default", None) if one["schema"].get("default", 0) is None else None
    if wanted.get("key"):
        operation["parameters"].append(KEY | {"required": wanted["key"] == "required"})
    if wanted.get("etag"):
        operation["parameters"].append(IF_NONE_MATCH)


def _examples(content: Tree, schemas: Tree) -> None:
    """The example of a body is that of its schema; of a page, a page with the example of its rows."""
    for media in content.values():
        if "example" in media or "examples" in media or "$ref" not in media.get("schema", {}):
            continue
        schema = schemas[media["schema"]["$ref"].rpartition("/")[2]]
        shown = _example(schema, schemas)
        if shown is not None:
            media["examples"] = {"default": {"value": _ordered(shown, schema, schemas)}}


def _example(schema: Tree, schemas: Tree) -> Any:
    if schema.get("examples"):
        return schema["examples"][0]
    rows = schema.get("properties", {}).get("data", {}).get("items", {})
    row = _example(schemas[rows["$ref"].rpartition("/")[2]], schemas) if "$ref" in rows else None
    if row is None:
        return None
    page = {"object": "list", "data": [row]}
    return page | ({"has_more": False, "next_cursor": None} if "has_more" in schema["properties"] else {})


def _ordered(shown: Any, schema: Tree, schemas: Tree) -> Any:
    """Fields in the order of their schema (Pydantic sorts those of examples by the alphabet)."""
    while "$ref" in schema or "anyOf" in schema:
        named = schema.get("$ref", "").rpartition("/")[2]
        schema = schemas[named] if named else schema["anyOf"][0]
    if isinstance(shown, list):
        return [_ordered(one, schema.get("items", {}), schemas) for one in shown]
    if not isinstance(shown, dict):
        return shown
    known: Tree = schema.get("properties", {})
    names = [*(name for name in known if name in shown), *(name for name in shown if name not in known)]
    return {name: _ordered(shown[name], known.get(name, {}), schemas) for name in names}


def _tags(made: Tree) -> list[str]:
    used = [tag for methods in made["paths"].values() for one in methods.values() for tag in one.get("tags", [])]
    return list(dict.fromkeys(used))


def _tidy(tree: Any) -> None:
    """Titles go: each only repeats a name in other letters."""
    if isinstance(tree, list):
        for one in tree:
            _tidy(one)
    if isinstance(tree, dict):
        if isinstance(tree.get("title"), str):
            tree.pop("title")
        for name, one in tree.items():
            if name not in ("example", "examples", "value"):
                _tidy(one)


SECURITY: Tree = {
    "ApiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (`sk_test_…`, `sk_live_…`) or an access token got with one (`at_…`).",
    }
}
HEADERS: Tree = {
    "Request-Id": {"description": "Name it when you write to us.", "schema": {"type": "string"}},
    "RateLimit-Policy": {
        "description": 'Calls at once, and seconds until they are whole again: `"key";q=60;w=6`.',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'Calls left, and seconds until all are: `"key";r=59;t=1`.',
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds until it is worth trying again.", "schema": {"type": "integer"}},
    "ETag": {"description": "Of this content.", "schema": {"type": "string"}},
}
KEY: Tree = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "Your own, new for every wish: sent again, it is answered with the first answer and nothing is done.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "example": "0f8b7f5e-6a0e-4c55-9d53-1f3c2f0b7a11",
}
IF_NONE_MATCH: Tree = {
    "in": "header",
    "name": "If-None-Match",
    "description": "The ETag you have: 304 when nothing changed.",
    "required": False,
    "schema": {"type": "string"},
    "example": '"0f8b7f5e6a0e4c559d531f3c2f0b7a11"',
}
PROBLEM: Tree = {
    "type": "object",
    "description": "A refusal (RFC 9457). Nothing was changed. `code` is stable; `detail` says what to do.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "fields": {
            "type": "array",
            "description": "Of wrong input: which field, and what is wrong with it.",
            "items": {
                "type": "object",
                "required": ["field", "problem"],
                "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
            },
        },
        "reasons": {
            "type": "array",
            "description": "Of `against_policy`: each rule that forbids it, in words, and the figures behind them.",
            "items": {
                "type": "object",
                "required": ["rule", "words", "facts"],
                "properties": {
                    "rule": {"type": "string"},
                    "words": {"type": "string"},
                    "facts": {"type": "object"},
                },
            },
        },
    },
}

"""/api/docs: the OpenAPI document as a page that people read, rendered here, without a script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from simplane.api.problems import PROBLEMS, Problem
from simplane.api.v1.document import document

Tree = dict[str, Any]
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or a field of a body."""

    name: str
    kind: str
    required: bool
    about: SafeString


@dataclass(frozen=True, slots=True)
class Call:
    """One operation as the page shows it."""

    id: str
    method: str
    path: str
    title: str
    about: tuple[SafeString, ...]
    parameters: tuple[Field, ...]
    sent: tuple[Field, ...]
    curl: str
    status: str
    answer: str
    told: tuple[Field, ...]
    problems: tuple[tuple[str, Problem], ...]


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """The page; the same for everybody."""
    made = document()
    shown = {
        "groups": _groups(),
        "about": words(made["info"]["description"]),
        "problems": sorted(PROBLEMS.items()),
        "document": "/api/v1/openapi.json",
    }
    answer = render(request, "api/reference.html", shown)
    answer["Cache-Control"] = "public, max-age=300"
    return answer


def words(text: str) -> SafeString:
    """Our own prose: what stands in backticks is code, all else is text."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S308  escaped first


@lru_cache(maxsize=1)
def _groups() -> tuple[tuple[str, tuple[Call, ...]], ...]:
    made = document()
    by_tag: dict[str, list[Call]] = {tag["name"]: [] for tag in made["tags"]}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            by_tag[operation["tags"][0]].append(_call(made, path, method, operation))
    return tuple((tag, tuple(calls)) for tag, calls in by_tag.items())


def _call(made: Tree, path: str, method: str, operation: Tree) -> Call:
    status, told = next((key, one) for key, one in operation["responses"].items() if key.startswith("2"))
    content: Tree = next(iter(told.get("content", {}).values()), {})
    body = next(iter(operation.get("requestBody", {}).get("content", {}).items()), None)
    parts = operation.get("description", "").split("\n\n")
    return Call(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        title=operation["summary"],
        about=tuple(words(part) for part in parts if part),
        parameters=tuple(_parameter(one) for one in operation["parameters"]),
        sent=tuple(_fields(made, body[1]["schema"])) if body else (),
        curl=_curl(made["servers"][0]["url"], path, method, operation, body),
        status=status,
        answer=_pretty(_example(content)),
        told=tuple(_fields(made, content.get("schema", {}))),
        problems=tuple((code, PROBLEMS[code]) for code in operation["x-problems"]),
    )


def _parameter(one: Tree) -> Field:
    where = "" if one["in"] == "query" else f" ({one['in']})"
    return Field(
        one["name"] + where, _kind(one["schema"]), bool(one.get("required")), words(one.get("description", ""))
    )


def _fields(made: Tree, schema: Tree, prefix: str = "", depth: int = 0) -> Iterator[Field]:
    """The fields of an object and of the objects inside it: `lines[].sku`."""
    schema = _resolved(made, schema)
    needed = schema.get("required", [])
    for name, one in schema.get("properties", {}).items():
        inner, mark = _inner(made, one)
        about = one.get("description") or ""
        yield Field(f"{prefix}{name}{mark}", _kind(one, made), name in needed, words(about))
        if "properties" in inner and depth < 3:
            yield from _fields(made, inner, f"{prefix}{name}{mark}.", depth + 1)


def _inner(made: Tree, schema: Tree) -> tuple[Tree, str]:
    """The object in a field, and `[]` when it is a list of them."""
    found = _resolved(made, schema)
    if found.get("type") == "array":
        return _resolved(made, found.get("items", {})), "[]"
    return found, ""


def _resolved(made: Tree, schema: Tree) -> Tree:
    while "$ref" in schema or "anyOf" in schema or "allOf" in schema:
        if "$ref" in schema:
            found: Tree = made["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            schema = found
        else:
            choices = schema.get("anyOf") or schema["allOf"]
            schema = next(one for one in choices if one.get("type") != "null")
    return schema


def _kind(schema: Tree, made: Tree | None = None) -> str:
    """`text`, `integer`, `list`, `text or null` …"""
    if "anyOf" in schema:
        return " or ".join(_kind(one, made) for one in schema["anyOf"])
    if "$ref" in schema and made is not None:
        return _kind(_resolved(made, schema), made)
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("format") in ("date-time", "email"):
        return {"date-time": "time", "email": "e-mail"}[schema["format"]]
    return {"string": "text", "array": "list"}.get(str(schema.get("type")), str(schema.get("type", "object")))


def _curl(base: str, path: str, method: str, operation: Tree, body: tuple[str, Tree] | None) -> str:
    query: dict[str, str] = {}
    for one in operation["parameters"]:
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", str(one.get("example", one["name"])))
        if one["in"] == "query" and one.get("required"):
            query[one["name"]] = str(one.get("example", "…"))
    url = base + path + (f"?{urlencode(query)}" if query else "")
    lines = [f'curl "{url}"' if query else f"curl {url}"]
    if method not in ("get", "post") or (method == "post" and body is None):
        lines[0] = lines[0].replace("curl ", f"curl -X {method.upper()} ", 1)
    if operation["security"]:
        lines.append('-H "Authorization: Bearer $KEY"')
    if any(one["name"] == "Idempotency-Key" and one["required"] for one in operation["parameters"]):
        lines.append('-H "Idempotency-Key: my-order-1"')
    if body:
        lines += _data(*body)
    return " \\\n  ".join(lines)


def _data(media: str, content: Tree) -> list[str]:
    shown = _example(content)
    if media == "application/json":
        return ['-H "Content-Type: application/json"', f"-d '{json.dumps(shown)}'"]
    return [f"-d '{name}={value}'" for name, value in shown.items()]


def _example(content: Tree) -> Any:
    if "example" in content:
        return content["example"]
    first: Tree = next(iter(content.get("examples", {}).values()), {})
    return first.get("value")


def _pretty(shown: Any) -> str:
    if shown is None:
        return ""
    return shown if isinstance(shown, str) else json.dumps(shown, indent=2, ensure_ascii=False)

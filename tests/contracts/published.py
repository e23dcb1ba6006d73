"""Checks recorded exchanges against a vendor's published OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

from jsonschema import Draft202012Validator

from tests.contracts.recorder import Exchange
from tests.specs import Contract


class Published:
    """One document: requests strictly by their schema and query names, answers by `Contract` unless told not to."""

    def __init__(self, document: Any, prefix: str, *, answers: bool = True, **contract: frozenset[str]) -> None:
        document.setdefault("components", {}).setdefault("schemas", {})
        self._answers = answers
        self._document = document
        self._prefix = prefix
        self._contract = Contract(document, **contract)

    def check(self, exchange: Exchange) -> str:
        """The path template of an exchange that keeps the contract. Raises AssertionError with what it breaks."""
        template = self._template(exchange)
        operation = self._document["paths"][template][exchange.method.lower()]
        self._check_query(exchange, operation)
        self._check_request(exchange, operation)
        if self._answers and _is_success(exchange):
            self._contract.check(exchange.method, template, exchange.status, exchange.content_type, exchange.answer())
        return f"{exchange.method} {template}"

    def _template(self, exchange: Exchange) -> str:
        path = exchange.path.removeprefix(self._prefix)
        fitting = [
            template
            for template, verbs in self._document["paths"].items()
            if exchange.method.lower() in verbs and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path)
        ]
        assert fitting, f"{exchange.method} {path} is not in the published document"
        return min(map(str, fitting), key=lambda template: template.count("{"))

    def _check_query(self, exchange: Exchange, operation: Any) -> None:
        declared = {one["name"] for one in operation.get("parameters", []) if one.get("in") == "query"}
        strangers = {name for name, _ in exchange.query} - declared
        assert not strangers, f"{exchange.method} {exchange.path} does not declare {strangers}"

    def _check_request(self, exchange: Exchange, operation: Any) -> None:
        declared = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if declared is None:
            assert not exchange.sent, f"{exchange.method} {exchange.path} declares no body"
            return
        assert exchange.headers["content-type"] == "application/json"
        schema = {**_closed(declared["schema"]), "components": _closed(self._document["components"])}
        errors = [
            f"{error.json_path}: {error.message}"
            for error in Draft202012Validator(schema).iter_errors(exchange.request())
        ]
        assert not errors, f"{exchange.method} {exchange.path}: {errors[:5]}"


def _is_success(exchange: Exchange) -> bool:
    """Refusals are declared loosely or, in an envelope, against the schema of a success."""
    if exchange.status >= 300:
        return False
    answer = exchange.answer()
    return not (isinstance(answer, dict) and answer.get("success") is False)


def _closed(schema: Any) -> Any:
    """The same schema refusing fields it does not name."""
    if isinstance(schema, list):
        return [_closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed

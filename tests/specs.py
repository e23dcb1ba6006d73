"""Where the published specifications and sample payloads are, for tests that validate against them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator


def specs_dir() -> Path:
    """The folder of published specs: SIMPLANE_SPECS, else `shared/specs` beside the checkout. It may be missing."""
    given = os.environ.get("SIMPLANE_SPECS")
    return Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "specs"


def required_specs(*parts: str) -> Path:
    """A file or folder below `specs_dir()`.

    When it is missing the calling test is skipped (the specs are not part of this repository, ADR-0007), or fails
    when SIMPLANE_REQUIRE_SPECS=1.
    """
    path = specs_dir().joinpath(*parts)
    if path.exists():
        return path
    message = f"published specs are missing: {path} (set SIMPLANE_SPECS to the folder that holds them)"
    if os.environ.get("SIMPLANE_REQUIRE_SPECS") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def load_spec(*parts: str) -> Any:
    """One JSON file of the specs, parsed; skips or fails like `required_specs`."""
    return json.loads(required_specs(*parts).read_text(encoding="utf-8"))


class Contract:
    """A published OpenAPI document, used strictly: fields it does not name are refused too.

    `decimals` are fields it types as integer though the vendor sends decimals; `arrays` are schemas it types as one
    object though the vendor sends a list of them.
    """

    def __init__(self, document: Any, decimals: frozenset[str] = frozenset(), arrays: frozenset[str] = frozenset()):
        self._paths = document["paths"]
        schemas = {name: _strict(schema, decimals) for name, schema in document["components"]["schemas"].items()}
        for name in arrays:
            schemas[name] = {"type": "array", "items": schemas[name]}
        self._components = {"schemas": schemas}
        self._decimals = decimals

    def check(self, method: str, path: str, status: int, content_type: str, body: Any) -> None:
        """Raises AssertionError when the document does not declare such an answer, or the body breaks its schema."""
        declared = self._paths[path][method.lower()]["responses"]
        assert str(status) in declared, f"{method} {path} does not declare status {status}"
        contents = declared[str(status)].get("content", {})
        media = content_type.partition(";")[0]
        assert media in contents, f"{method} {path} {status} is declared as {list(contents)}, not {media}"
        schema = {**_strict(contents[media]["schema"], self._decimals), "components": self._components}
        errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(body)]
        assert not errors, f"{method} {path} {status}: {errors[:5]}"


def _strict(schema: Any, decimals: frozenset[str], name: str = "") -> Any:
    if isinstance(schema, list):
        return [_strict(entry, decimals) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _strict(value, decimals) for key, value in schema.items() if key not in ("example", "required")}
    if isinstance(schema.get("required"), list):
        result["required"] = schema["required"]
    if "properties" in result:
        result["properties"] = {key: _strict(value, decimals, key) for key, value in schema["properties"].items()}
        result.setdefault("additionalProperties", False)
    if name in decimals and result.get("type") == "integer":
        result["type"] = "number"
    if schema.get("nullable"):
        result["type"] = [result["type"], "null"]
    return result

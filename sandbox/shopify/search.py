"""Shopify's search syntax, as far as orders are concerned: terms joined by AND; what is malformed is left out.

https://shopify.dev/docs/api/usage/search-syntax
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.kit.books import JsonObject

TERM = re.compile(r"""(?P<name>[a-z_]+):(?P<op>>=|<=|>|<|=)?(?P<value>'[^']*'|"[^"]*"|[^\s'"]+)""")
PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
SQL_OPERATORS = {None: "=", "=": "=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
FINANCIAL = ("authorized", "paid", "partially_paid", "partially_refunded", "pending", "refunded", "voided")

# `seen_ms` is what the search index knows of updated_ms.
SEEN_MS = "(case when index_due_ms <= :now then updated_ms else indexed_ms end)"
DATE_COLUMNS = {"updated_at": f"{SEEN_MS}", "created_at": "created_ms", "processed_at": "created_ms"}


@dataclass(slots=True)
class Search:
    """An SQL condition with named values, and the warnings for what was ignored."""

    text: str
    conditions: list[str] = field(default_factory=list)
    values: dict[str, int | str] = field(default_factory=dict)
    warnings: list[JsonObject] = field(default_factory=list)

    def extension(self, path: str) -> JsonObject:
        """One entry of `extensions.search`."""
        return {"path": [path], "query": self.text, "warnings": self.warnings}


def parse_search(text: str | None) -> Search:
    """Never fails: a malformed filter is ignored, and then everything matches."""
    result = Search(text or "")
    rest = result.text
    while rest := rest.strip():
        match = TERM.match(rest)
        if match is None:
            word, _, rest = rest.partition(" ")
            if word != "AND":
                _warn(result, word, "invalid_syntax", "Term is not understood and was ignored.")
            continue
        rest = rest[match.end() :]
        _add_term(result, match["name"], SQL_OPERATORS[match["op"]], match["value"])
    return result


def _add_term(result: Search, name: str, operator: str, value: str) -> None:
    mark = f"v{len(result.values)}"
    try:
        column, bound = _bind(name, value)
    except KeyError:
        _warn(result, name, "invalid_field", "Invalid search field for this query.")
        return
    except ValueError:
        _warn(result, name, "invalid_value", f"Input `{value}` is not an accepted value.")
        return
    result.conditions.append(f"{column} {operator} :{mark}")
    result.values[mark] = bound


def _bind(name: str, value: str) -> tuple[str, int | str]:
    """Column and value of a term. KeyError: unknown field; ValueError: malformed value."""
    if name in DATE_COLUMNS:
        return f"({DATE_COLUMNS[name]} / 1000)", _epoch_seconds(value)
    return OTHER_FIELDS[name](value.strip("'\""))


def _epoch_seconds(value: str) -> int:
    quoted = value[:1] in "'\""
    text = value.strip("'\"")
    if not quoted and not PLAIN_DATE.fullmatch(text):
        raise ValueError("a date with a time must be quoted")
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _number(value: str) -> tuple[str, int]:
    return "id", int(value)


def _name(value: str) -> tuple[str, int]:
    return "number", int(value.removeprefix("#"))


def _financial(value: str) -> tuple[str, str]:
    if value.lower() not in FINANCIAL:
        raise ValueError(value)
    return "financial", value.upper()


OTHER_FIELDS: dict[str, Callable[[str], tuple[str, int | str]]] = {
    "id": _number,
    "name": _name,
    "financial_status": _financial,
}


def _warn(result: Search, name: str, code: str, message: str) -> None:
    result.warnings.append({"field": name, "message": message, "code": code})

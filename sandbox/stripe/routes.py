"""What a handler gets, and how an operation is declared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.stripe.account import Account
from sandbox.stripe.params import EXPAND, Check, shape


@dataclass(frozen=True, slots=True)
class Ask:
    """One checked request: `params` as the route declares them, `number` the id in the address ("" if none)."""

    account: Account
    params: Mapping[str, Any]
    number: str

    def need(self, kind: str, param: str = "id") -> JsonObject:
        """The object the address names. Raises Refused (404)."""
        return self.account.objects.need(kind, self.number, param, in_path=True)


@dataclass(frozen=True, slots=True)
class Route:
    """`params` checks everything before execution begins; `run` does it inside one transaction."""

    name: str
    method: str
    path: str
    run: Callable[[Ask], JsonObject]
    params: Check


def route(
    name: str,
    method: str,
    path: str,
    run: Callable[[Ask], JsonObject],
    fields: Mapping[str, Check] | None = None,
    *,
    required: tuple[str, ...] = (),
) -> Route:
    """A route whose parameters are `fields` and expand[]."""
    return Route(name, method, f"/v1/{path}", run, shape({**EXPAND, **(fields or {})}, required))

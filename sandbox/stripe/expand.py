"""expand[]: replaces an id by its object, along a path of at most four steps."""

from collections.abc import Callable
from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.stripe.refused import Refused

DEPTH = 4
FIELDS: dict[str, frozenset[str]] = {
    "payment_intent": frozenset(("latest_charge", "customer", "payment_method")),
    "setup_intent": frozenset(("customer", "payment_method")),
    "charge": frozenset(
        ("balance_transaction", "customer", "payment_intent", "refunds", "failure_balance_transaction")
    ),
    "refund": frozenset(("balance_transaction", "charge", "payment_intent", "failure_balance_transaction")),
    "dispute": frozenset(("charge", "payment_intent")),
    "balance_transaction": frozenset(("source",)),
    "payout": frozenset(("balance_transaction", "failure_balance_transaction")),
    "checkout.session": frozenset(("payment_intent", "customer", "line_items", "setup_intent")),
    "payment_method": frozenset(("customer",)),
}
Load = Callable[[JsonObject, str], Any]


def expand(answer: JsonObject, paths: list[str], load: Load) -> JsonObject:
    """The answer with every named field expanded; `load(object, field)` finds the value. Raises Refused."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEPTH:
            raise Refused(f"You cannot expand more than {DEPTH} levels of a property ({path}).", param="expand[]")
        _walk(answer, steps, path, load)
    return answer


def _walk(container: JsonObject, steps: list[str], path: str, load: Load) -> None:
    step, *rest = steps
    if isinstance(container.get("data"), list) and step == "data" and rest:
        for entry in container["data"]:
            _walk(entry, rest, path, load)
        return
    if step in FIELDS.get(str(container.get("object")), ()):
        if not isinstance(container.get(step), dict):
            container[step] = load(container, step)
    elif not (rest and isinstance(container.get(step), dict)):
        raise Refused(
            f"This property cannot be expanded ({path}). You may want to try expanding 'data.{path}' on a list.",
            param="expand[]",
        )
    if rest and isinstance(container[step], dict):
        _walk(container[step], rest, path, load)

"""Checks of parameters. What fails here was never executed, so no idempotency key remembers it."""

from collections.abc import Callable, Collection
from typing import Any

from sandbox.stripe.refused import Refused

Check = Callable[[Any, str], Any]
INTEGER_LIMIT = 2**53


def text(value: Any, name: str) -> str:
    """A string that is not empty, at most 5,000 characters."""
    if not isinstance(value, str):
        raise Refused(f"Invalid string: {value}", param=name)
    if not value:
        raise Refused(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a "
            "non-empty value.",
            code="parameter_invalid_empty",
            param=name,
        )
    if len(value) > 5000:
        raise Refused(f"Invalid string: must be at most 5000 characters ({name})", param=name)
    return value


def integer(value: Any, name: str) -> int:
    """A whole number."""
    digits = value.removeprefix("-") if isinstance(value, str) else ""
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 16 or abs(int(value)) > INTEGER_LIMIT:
        raise Refused(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)


def boolean(value: Any, name: str) -> bool:
    """`true` or `false`."""
    if value not in ("true", "false"):
        raise Refused(f"Invalid boolean: {value}", param=name)
    return bool(value == "true")


def clearable(check: Check) -> Check:
    """The empty string unsets it: None."""
    return lambda value, name: None if value == "" else check(value, name)


def choice(*allowed: str) -> Check:
    """One of a few words."""

    def check(value: Any, name: str) -> str:
        if value not in allowed:
            raise Refused(f"Invalid {name}: must be one of {', '.join(allowed)}", param=name)
        return str(value)

    return check


def list_of(item: Check) -> Check:
    """A list, in the order of its numbers."""

    def check(value: Any, name: str) -> list[Any]:
        if value == "":
            return []
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            raise Refused("Invalid array", param=name)
        return [item(value[key], f"{name}[{key}]") for key in sorted(value, key=int)]

    return check


def metadata(value: Any, name: str) -> dict[str, str]:
    """At most 50 keys of 40 characters with values of 500; the empty string removes a key, or all of them."""
    if value == "":
        return {"": ""}
    if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
        raise Refused("Invalid hash", param=name)
    for key, entry in value.items():
        if len(key) > 40 or len(entry) > 500:
            raise Refused(
                "Metadata keys can have up to 40 characters and values up to 500 characters.", param=f"{name}[{key}]"
            )
    if len(value) > 50:
        raise Refused("Metadata can have up to 50 keys.", param=name)
    return dict(value)


def anything(value: Any, name: str) -> Any:
    """Taken and ignored: it changes nothing a caller of this stand-in could see."""
    del name
    return value


def shape(fields: dict[str, Check], required: Collection[str] = ()) -> Check:
    """A hash of named parameters; unknown and missing ones are refused by name."""

    def check(value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Refused("Invalid object", param=name)
        full = {key: f"{name}[{key}]" if name else key for key in {*value, *required}}
        _refuse_unknown([full[key] for key in value if key not in fields])
        for key in required:
            if key not in value:
                raise Refused(f"Missing required param: {full[key]}.", code="parameter_missing", param=full[key])
        return {key: fields[key](entry, full[key]) for key, entry in value.items()}

    return check


def _refuse_unknown(names: list[str]) -> None:
    if names:
        plural = "s" if len(names) > 1 else ""
        raise Refused(
            f"Received unknown parameter{plural}: {', '.join(names)}", code="parameter_unknown", param=names[0]
        )


def merged(old: dict[str, str], changes: dict[str, str] | None) -> dict[str, str]:
    """Metadata after an update: empty values remove their key, the empty hash removes all."""
    if changes is None:
        return old
    if "" in changes:
        return {}
    return {key: value for key, value in {**old, **changes}.items() if value != ""}


RANGE: Check = shape({"gt": integer, "gte": integer, "lt": integer, "lte": integer})


def moment_range(value: Any, name: str) -> dict[str, int]:
    """`created=123` or `created[gte]=123`."""
    if isinstance(value, dict):
        checked: dict[str, int] = RANGE(value, name)
        return checked
    moment = integer(value, name)
    return {"gte": moment, "lte": moment}


PAGE: dict[str, Check] = {
    "limit": integer,
    "starting_after": text,
    "ending_before": text,
    "created": moment_range,
    "expand": list_of(text),
}
EXPAND: dict[str, Check] = {"expand": list_of(text)}
ADDRESS: Check = shape({key: clearable(text) for key in ("city", "country", "line1", "line2", "postal_code", "state")})

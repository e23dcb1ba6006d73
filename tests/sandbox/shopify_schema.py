"""Is one GraphQL schema a subset of another?"""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLSchema,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    print_ast,
)


def beyond(small: GraphQLSchema, large: GraphQLSchema) -> list[str]:
    """Everything in `small` that `large` does not have in exactly this form."""
    result = []
    for name, kind in small.type_map.items():
        if name.startswith("__"):
            continue
        other = large.type_map.get(name)
        if other is None or type(other) is not type(kind):
            result.append(f"{name} is unknown or of another kind")
        else:
            result += _compare(name, kind, other)
    return result


def _compare(name: str, kind: Any, other: Any) -> list[str]:
    if is_enum_type(kind):
        return [f"{name}.{value} is no value" for value in kind.values if value not in other.values]
    if is_input_object_type(kind):
        return _compare_inputs(name, kind.fields, other.fields)
    if not (is_object_type(kind) or is_interface_type(kind)):
        return []
    known = {entry.name for entry in other.interfaces}
    result = [f"{name} does not implement {entry.name}" for entry in kind.interfaces if entry.name not in known]
    for field, mine in kind.fields.items():
        theirs = other.fields.get(field)
        if theirs is None or str(theirs.type) != str(mine.type):
            result.append(f"{name}.{field} is unknown or of another type")
        else:
            result += _compare_inputs(f"{name}.{field}", mine.args, theirs.args)
    return result


def _compare_inputs(where: str, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    result = []
    for name, entry in mine.items():
        other = theirs.get(name)
        if other is None or (str(entry.type), _default(entry)) != (str(other.type), _default(other)):
            result.append(f"{where}({name}) is unknown, of another type or has another default")
    result += [
        f"{where}({name}) is compulsory"
        for name, other in theirs.items()
        if str(other.type).endswith("!") and other.default is None and name not in mine
    ]
    return result


def _default(entry: Any) -> str | None:
    if entry.default is None or entry.default.literal is None:
        return None
    return print_ast(entry.default.literal)

"""The schema file, parsed once."""

from pathlib import Path

from graphql import GraphQLEnumType, GraphQLSchema, build_schema

SDL = Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8")


def new_schema() -> GraphQLSchema:
    """The schema without resolvers."""
    return build_schema(SDL)


def enum_values(name: str) -> frozenset[str]:
    """Names of an enum's values."""
    kind = new_schema().type_map[name]
    assert isinstance(kind, GraphQLEnumType)
    return frozenset(kind.values)


CURRENCIES = enum_values("CurrencyCode")

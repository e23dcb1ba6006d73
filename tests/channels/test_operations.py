"""Every document we send is valid against the published Admin schema, and cheap enough to be answered."""

from __future__ import annotations

import gzip
import json

import pytest
from graphql import GraphQLSchema, build_client_schema, get_operation_ast, parse, validate

from simplane.channels.shopify import operations
from simplane.channels.shopify.handle import SUBSCRIBED
from simplane.channels.shopify.operations import Operation
from simplane.channels.subscriptions import graphql_name
from tests.specs import required_specs


@pytest.fixture(scope="module")
def published() -> GraphQLSchema:
    path = required_specs("channels", "shopify", "admin_2026-10.introspection.json.gz")
    found = json.loads(gzip.decompress(path.read_bytes()))
    # Published with small faults of its own (deprecated implementations of interface fields).
    return build_client_schema(found["data"], assume_valid=True)


@pytest.mark.parametrize("operation", operations.ALL, ids=lambda one: one.name)
def test_a_document_is_valid_and_says_whether_it_changes_anything(
    published: GraphQLSchema, operation: Operation
) -> None:
    document = parse(operation.text)
    assert [problem.message for problem in validate(published, document)] == []
    found = get_operation_ast(document, operation.name)
    assert found is not None
    assert (found.operation.value == "mutation") == operation.changes


def test_every_document_is_checked() -> None:
    written = [value for value in vars(operations).values() if isinstance(value, Operation)]
    assert {one.name for one in written} == {one.name for one in operations.ALL}


def test_every_subscribed_topic_is_one_of_the_published(published: GraphQLSchema) -> None:
    topics = published.get_type("WebhookSubscriptionTopic")
    assert {graphql_name(topic) for topic in SUBSCRIBED} <= set(topics.values)  # type: ignore[union-attr]
    assert len(SUBSCRIBED) == 12


def test_the_refund_carries_its_key() -> None:
    assert "@idempotent(key: $key)" in operations.REFUND.text

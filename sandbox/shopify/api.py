"""POST /admin/api/<version>/graphql.json."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from sandbox.kit.books import JsonObject
from sandbox.kit.http import Call, Reply, json_reply
from sandbox.shopify.cost import QUERY_LIMIT, Buckets, actual_cost, requested_cost
from sandbox.shopify.office import Office
from sandbox.shopify.resolvers import executable_schema, kind_of
from sandbox.shopify.store import Shop
from sandbox.shopify.view import Caller

SCHEMA = executable_schema()
LIMITS_PAGE = "https://shopify.dev/api/usage/rate-limits"


class InternalFailureError(Exception):
    """A resolver broke: this is a fault of the stand-in, nothing was committed."""


@lru_cache(maxsize=256)
def prepared(text: str) -> tuple[DocumentNode | None, tuple[JsonObject, ...]]:
    """Parsed and validated once per query text."""
    try:
        document = parse(text)
    except GraphQLError as problem:
        return None, (_shown(problem),)
    return document, tuple(_shown(problem) for problem in validate(SCHEMA, document, hide_suggestions=True))


@lru_cache(maxsize=1024)
def priced(text: str, name: str | None, sizes: frozenset[tuple[str, int]]) -> int:
    """requestedQueryCost: it depends on the query and on the whole numbers among its variables, nothing else."""
    document, _ = prepared(text)
    operation = get_operation_ast(document, name) if document else None
    return requested_cost(SCHEMA, document, operation, dict(sizes)) if document and operation else 0


def _shown(problem: GraphQLError) -> JsonObject:
    code = "undefinedField" if problem.message.startswith("Cannot query field") else "invalidQuery"
    return {**problem.formatted, "extensions": {"code": code}}


class Api:
    """Executes requests; one SQLite transaction around each."""

    def __init__(self, office: Office, buckets: Buckets) -> None:
        self._office = office
        self._buckets = buckets

    def answer(self, call: Call, shop: Shop) -> Reply:
        """Errors of GraphQL come with HTTP 200, as at Shopify."""
        try:
            body = call.json()
        except ValueError:
            return json_reply({"errors": "Bad Request"}, 400)
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return json_reply({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        variables = body.get("variables")
        if variables is not None and not isinstance(variables, dict):
            return json_reply({"errors": {"variables": "must be an object"}}, 400)
        return json_reply(self._run(shop, body["query"], variables or {}, body.get("operationName")))

    def throttled(self, shop: Shop, requested: int) -> JsonObject:
        """What Shopify answers when the bucket is empty."""
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": LIMITS_PAGE}}
        return {"errors": [error], "extensions": {"cost": self._buckets.report(shop.domain, requested, None)}}

    def _run(self, shop: Shop, text: str, variables: Mapping[str, Any], name: str | None) -> JsonObject:
        document, errors = prepared(text)
        if document is None or errors:
            return {"errors": list(errors)}
        operation = get_operation_ast(document, name)
        if operation is None:
            return {"errors": [{"message": "An operation name is required", "extensions": {"code": "invalidQuery"}}]}
        sizes = frozenset((key, value) for key, value in variables.items() if isinstance(value, int))
        cost = priced(text, name, sizes)
        if cost > QUERY_LIMIT:
            return _too_costly(cost)
        if not self._buckets.affords(shop.domain, cost):
            return self.throttled(shop, cost)
        return self._execute(shop, document, operation, variables, cost)

    def _execute(
        self,
        shop: Shop,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        cost: int,
    ) -> JsonObject:
        root: JsonObject = {}
        try:
            with self._office.store.books.transaction():
                result = execute_sync(
                    SCHEMA,
                    document,
                    root_value=root,
                    context_value=self._caller(shop),
                    variable_values=dict(variables),
                    operation_name=operation.name.value if operation.name else None,
                    type_resolver=kind_of,
                )
                _refuse_internal_failures(result)
        except InternalFailureError as problem:
            self._office.webhooks.forget_cache()
            return internal_error(str(problem))
        actual = actual_cost(cost, result.data, mutation=operation.operation is OperationType.MUTATION)
        self._buckets.charge(shop.domain, actual)
        extensions: JsonObject = {"cost": self._buckets.report(shop.domain, cost, actual), **root}
        errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
        return {**errors, "data": result.data, "extensions": extensions}

    def _caller(self, shop: Shop) -> Caller:
        settings = self._office.store.settings
        scopes = frozenset(filter(None, settings.text("scopes").split(",")))
        return Caller(self._office, shop, scopes, bool(settings["protected_customer_data"]))


def internal_error(detail: str = "Internal error") -> JsonObject:
    """What Shopify answers, with HTTP 200, when something broke on its side."""
    return {"errors": [{"message": detail, "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": "sandbox"}}]}


def _too_costly(cost: int) -> JsonObject:
    message = f"Query cost is {cost}, which exceeds the single query max cost limit ({QUERY_LIMIT})."
    extensions = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": QUERY_LIMIT, "documentation": LIMITS_PAGE}
    return {"errors": [{"message": message, "extensions": extensions}]}


def _refuse_internal_failures(result: ExecutionResult) -> None:
    for error in result.errors or ():
        if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
            raise InternalFailureError(f"{type(error.original_error).__name__}: {error.original_error}")

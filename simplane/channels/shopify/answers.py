"""What an answer of the Admin API means: one table for all operations (reference 1.6)."""

from __future__ import annotations

from collections.abc import Mapping

from simplane.channels.shopify.bucket import throttled_wait
from simplane.channels.shopify.operations import Operation
from simplane.channels.shopify.outcomes import Blocked, Ok, Outcome, Permanent, Retryable, Unknown
from simplane.channels.shopify.text import JSON, BadBody, member, objects, parse, text
from simplane.core.http import Answer

BLOCKED = {
    401: "the access token is refused",
    402: "the shop is frozen (402)",
    403: "access is forbidden (403)",
    423: "the shop is locked (423)",
    430: "rejected for security reasons (430)",
}
_NO_COST: JSON = {}


def judge(operation: Operation, answer: Answer) -> tuple[Outcome, JSON]:
    """The outcome of a whole HTTP answer, and its `extensions.cost` (empty when it has none). Never raises."""
    if answer.status != 200:
        return _judge_status(operation, answer), _NO_COST
    try:
        body = parse(answer.body)
        return _judge_body(operation, body), member(member(body, "extensions"), "cost")
    except BadBody as problem:
        return doubt(operation, f"an answer that can not be read: {problem}"), _NO_COST


def _judge_status(operation: Operation, answer: Answer) -> Outcome:
    if answer.status in BLOCKED:
        return Blocked(BLOCKED[answer.status])
    if answer.status == 429:
        return Retryable("too many requests (429)", retry_after(answer.headers))
    if answer.status >= 500:
        return doubt(operation, f"HTTP {answer.status}")
    return Permanent(f"HTTP {answer.status}: version, address or shop is wrong")


def doubt(operation: Operation, reason: str) -> Retryable | Unknown:
    """Nobody knows whether it was executed: a read is repeated, a change is read back first."""
    return Unknown(reason) if operation.changes else Retryable(reason)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds of a Retry-After header (`2.0`), 2 when there is none that can be read."""
    given = headers.get("retry-after", "")
    try:
        return min(max(float(given), 0.1), 3600.0)
    except ValueError:
        return 2.0


def _judge_body(operation: Operation, body: JSON) -> Outcome:
    errors = _errors(body)
    extensions = member(body, "extensions")
    if errors:
        if operation.changes and any(member(body, "data").values()):
            return Unknown(f"done in part: {errors[0][1]}")
        code, message = errors[0]
        return _refusal(operation, code, message, member(extensions, "cost"))
    data = body.get("data")
    if not isinstance(data, dict):
        raise BadBody("no data")
    return Ok(data, _warnings(extensions))


def _errors(body: JSON) -> list[tuple[str, str]]:
    found = body.get("errors")
    if isinstance(found, str):
        return [("", found[:300])]
    errors = objects(body, "errors") if found else []
    return [(text(member(one, "extensions").get("code"), 60), text(one.get("message"), 300)) for one in errors]


def _refusal(operation: Operation, code: str, message: str, cost: JSON) -> Outcome:
    match code:
        case "THROTTLED":
            return Retryable("throttled", throttled_wait(cost))
        case "INTERNAL_SERVER_ERROR":
            return doubt(operation, f"internal error at the shop: {message}")
        case "ACCESS_DENIED":
            return Blocked(f"{operation.name}: {message} (scope or customer data approval is missing)", "scope")
    return Permanent(f"{operation.name}: {code or 'error'}: {message}")


def _warnings(extensions: JSON) -> tuple[str, ...]:
    found = objects(extensions, "search")
    return tuple(
        f"{text(warning.get('field'), 60)}: {text(warning.get('message'), 200)}"
        for search in found
        for warning in objects(search, "warnings")
    )


def user_errors(payload: JSON) -> list[str]:
    """The messages of a payload's `userErrors`, empty when it was done. Wording is for people, never for decisions."""
    return [text(error.get("message"), 300) for error in objects(payload, "userErrors")]

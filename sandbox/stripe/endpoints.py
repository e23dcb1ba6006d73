"""/v1/webhook_endpoints and /v1/events."""

from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.stripe import lists
from sandbox.stripe.account import DEFAULT_VERSION, Account
from sandbox.stripe.ids import new_id
from sandbox.stripe.params import PAGE, Check, anything, boolean, clearable, list_of, merged, metadata, text
from sandbox.stripe.refused import Refused
from sandbox.stripe.routes import Ask, Route, route
from sandbox.stripe.signature import new_secret
from sandbox.stripe.topics import TOPICS

KIND = "webhook_endpoint"
EVENTS_KEPT_SECONDS = 30 * 86_400


def address(value: Any, name: str) -> str:
    """An address that can be called."""
    url = text(value, name)
    if not url.startswith(("http://", "https://")):
        raise Refused(
            "Invalid URL: An explicit scheme (such as https) must be provided.", code="url_invalid", param=name
        )
    return url


def topic(value: Any, name: str) -> str:
    """An event type that exists, or `*`."""
    kind = text(value, name)
    if kind != "*" and kind not in TOPICS:
        raise Refused(f"Invalid {name}: must be one of the event types this stand-in knows, not {kind}", param=name)
    return kind


UPDATE: dict[str, Check] = {
    "url": address,
    "enabled_events": list_of(topic),
    "description": clearable(text),
    "disabled": boolean,
    "metadata": metadata,
}
CREATE: dict[str, Check] = {
    **{name: check for name, check in UPDATE.items() if name != "disabled"},
    "api_version": text,
    "connect": anything,
}


def new_endpoint(account: Account, url: str, topics: list[str], *, secret: str, **fields: Any) -> JsonObject:
    """A new endpoint; its secret is kept aside."""
    doc = {
        "id": new_id(KIND),
        "object": KIND,
        "api_version": fields.get("api_version"),
        "application": None,
        "created": account.now(),
        "description": fields.get("description"),
        "enabled_events": topics,
        "livemode": False,
        "metadata": fields.get("metadata", {}),
        "status": "enabled",
        "url": url,
    }
    return account.objects.add(doc, {"secrets": [[secret, None]]})


def secrets_of(account: Account, endpoint_id: str) -> list[str]:
    """The secrets in force, newest first: after a roll the old one signs too, until it expires."""
    now = account.now()
    kept: list[tuple[str, int | None]] = account.objects.aside(endpoint_id)["secrets"]
    return [secret for secret, until in kept if until is None or until > now]


def roll(account: Account, endpoint_id: str, overlap_seconds: int, secret: str | None = None) -> str:
    """Give an endpoint a new secret; the old one stays valid for a while. Returns the new one."""
    fresh, until = secret or new_secret(), account.now() + overlap_seconds
    kept = account.objects.aside(endpoint_id)["secrets"]
    older = [[old, until if end is None else min(end, until)] for old, end in kept]
    account.objects.note(endpoint_id, secrets=[[fresh, None], *older])
    return fresh


def create(ask: Ask) -> JsonObject:
    """POST /v1/webhook_endpoints: the only answer that shows the secret."""
    params, secret = ask.params, new_secret()
    version = params.get("api_version")
    if version and version > DEFAULT_VERSION:
        raise Refused(f"Invalid API version: {version}", param="api_version")
    doc = new_endpoint(
        ask.account,
        params["url"],
        params["enabled_events"],
        secret=secret,
        api_version=version,
        description=params.get("description"),
        metadata=merged({}, params.get("metadata")),
    )
    return {**doc, "secret": secret}


def update(ask: Ask) -> JsonObject:
    """POST /v1/webhook_endpoints/{id}."""
    doc = ask.need(KIND, "webhook_endpoint")
    changes = {name: ask.params[name] for name in ("url", "enabled_events", "description") if name in ask.params}
    if "disabled" in ask.params:
        changes["status"] = "disabled" if ask.params["disabled"] else "enabled"
    ask.account.change(doc, **changes, metadata=merged(doc["metadata"], ask.params.get("metadata")))
    return doc


def delete(ask: Ask) -> JsonObject:
    """DELETE /v1/webhook_endpoints/{id}."""
    doc = ask.need(KIND, "webhook_endpoint")
    ask.account.objects.drop(doc["id"])
    return {"id": doc["id"], "object": KIND, "deleted": True}


def listed(ask: Ask) -> JsonObject:
    """GET /v1/webhook_endpoints."""
    return lists.page_of(ask.account, KIND, ask.params, "/v1/webhook_endpoints")


def listed_events(ask: Ask) -> JsonObject:
    """GET /v1/events: thirty days back."""
    conditions: list[str] = ["created > ?"]
    values: list[object] = [ask.account.now() - EVENTS_KEPT_SECONDS]
    if "types" in ask.params:
        conditions.append(f"type in ({', '.join('?' * len(ask.params['types']))})")
        values.extend(ask.params["types"])
    if "delivery_success" in ask.params:
        conditions.append("pending = 0" if ask.params["delivery_success"] else "pending > 0")
    equals = {"type": ask.params.get("type")}
    return lists.page_of(
        ask.account, "event", ask.params, "/v1/events", equals, also=" and ".join(conditions), values=values
    )


def get_event(ask: Ask) -> JsonObject:
    """GET /v1/events/{id}."""
    event = ask.need("event")
    return {**event, "pending_webhooks": len(ask.account.objects.aside(event["id"]).get("waiting", []))}


ROUTES: tuple[Route, ...] = (
    route("webhook_endpoint.create", "POST", "webhook_endpoints", create, CREATE, required=("url", "enabled_events")),
    route("webhook_endpoint.list", "GET", "webhook_endpoints", listed, PAGE),
    route("webhook_endpoint.get", "GET", "webhook_endpoints/{id}", lambda ask: ask.need(KIND, "webhook_endpoint")),
    route("webhook_endpoint.update", "POST", "webhook_endpoints/{id}", update, UPDATE),
    route("webhook_endpoint.delete", "DELETE", "webhook_endpoints/{id}", delete),
    route("event.list", "GET", "events", listed_events,
          {**PAGE, "type": text, "types": list_of(text), "delivery_success": boolean}),
    route("event.get", "GET", "events/{id}", get_event),
)  # fmt: skip

"""Events, and turning one into a delivery for every endpoint that wants it."""

import copy
import random

from sandbox.kit.books import JsonObject
from sandbox.kit.sender import Sender
from sandbox.stripe.account import DEFAULT_VERSION, Account
from sandbox.stripe.ids import new_id
from sandbox.stripe.render import pretty

LIVE, TEST = "live", "test"
# Stripe says: up to three days with growing pauses, three times over a few hours in test mode. It publishes no single
# pause; these are ours and add up to that.
PAUSES_SECONDS = {
    LIVE: (60, 300, 900, 3600, 7200, 14_400, 21_600, 28_800, 43_200, 57_600, 79_200),
    TEST: (600, 3600, 7200),
}
LOSE_KEY = "lose_events"
FIXED_HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    "Accept": "*/*; q=0.5, application/xml",
}


class Events:
    """All writing happens in the caller's transaction."""

    def __init__(self, account: Account, sender: Sender) -> None:
        self._account = account
        self._sender = sender
        self.dice = random.Random(7)

    def emit(self, kind: str, doc: JsonObject, previous: JsonObject | None = None) -> JsonObject:
        """Write down that something happened to an object and tell who listens."""
        cause, targets = self._account.cause, self._targets(kind)
        data: JsonObject = {"object": copy.deepcopy(doc)}
        if previous is not None:
            data["previous_attributes"] = copy.deepcopy(previous)
        event = {
            "id": new_id("event"),
            "object": "event",
            "api_version": DEFAULT_VERSION,
            "created": self._account.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": len(targets),
            "request": {"id": cause.request, "idempotency_key": cause.key},
            "type": kind,
        }
        self._account.objects.add(event)
        self._account.books.execute("update stripe_object set source = ? where id = ?", (doc["id"], event["id"]))
        self._deliver_first(event, targets)
        return event

    def twin(self, event: JsonObject) -> JsonObject:
        """A second event object for the same change, with an id of its own, as Stripe says may happen."""
        targets = self._targets(event["type"])
        twin = {**event, "id": new_id("event"), "pending_webhooks": len(targets)}
        self._account.objects.add(twin)
        self._deliver_first(twin, targets)
        return twin

    def repeat(self, event: JsonObject, signature: str = "right") -> int:
        """Send an event once more to everybody who wants it. Returns to how many."""
        targets = self._targets(event["type"])
        for endpoint in targets:
            self._queue(event, endpoint, signature)
        return len(targets)

    def settled(self, event_id: str, endpoint_id: str) -> None:
        """One endpoint has taken the event."""
        waiting = [entry for entry in self.waiting(event_id) if entry != endpoint_id]
        self._account.objects.note(event_id, waiting=waiting)
        self._account.books.execute("update stripe_object set pending = ? where id = ?", (len(waiting), event_id))

    def waiting(self, event_id: str) -> list[str]:
        """Endpoints that have not taken the event."""
        found: list[str] = self._account.objects.aside(event_id).get("waiting", [])
        return found

    def _deliver_first(self, event: JsonObject, targets: list[JsonObject]) -> None:
        self._account.objects.note(event["id"], waiting=[entry["id"] for entry in targets])
        self._account.books.execute("update stripe_object set pending = ? where id = ?", (len(targets), event["id"]))
        if targets and self._is_lost(event["type"]):
            return
        double = self.dice.random() < self._account.settings.number("duplicate_rate")
        for endpoint in targets * (2 if double else 1):
            self._queue(event, endpoint, "right")

    def _targets(self, kind: str) -> list[JsonObject]:
        endpoints = self._account.objects.where("webhook_endpoint", "status = 'enabled'")
        return [entry for entry in endpoints if {"*", kind} & set(entry["enabled_events"])]

    def _is_lost(self, kind: str) -> bool:
        if self.dice.random() < self._account.settings.number("lost_rate"):
            return True
        left = self._account.books.get_state(LOSE_KEY) or {}
        name = kind if left.get(kind) else "*"
        if not left.get(name):
            return False
        self._account.books.set_state(LOSE_KEY, {**left, name: left[name] - 1})
        return True

    def _queue(self, event: JsonObject, endpoint: JsonObject, signature: str) -> None:
        body = pretty({**event, "api_version": endpoint["api_version"] or DEFAULT_VERSION})
        scale = self._account.settings.number("retry_scale")
        jitter = self._account.settings.number("jitter_seconds")
        self._sender.enqueue(
            endpoint["url"],
            body,
            FIXED_HEADERS,
            delay_seconds=self.dice.uniform(0, jitter) if jitter else 0,
            schedule=[pause * scale for pause in PAUSES_SECONDS[self._account.settings.text("retries")]],
            label=f"{event['id']} {endpoint['id']} {signature}",
        )

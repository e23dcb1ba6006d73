"""What the hub and the API ask about webhooks. Everything is one organization's; ids of others are not found."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, QuerySet

from simplane.webhooks.errors import NoSuchDelivery, NoSuchEndpoint
from simplane.webhooks.models import Attempt, Delivery, Endpoint


@dataclass(frozen=True, slots=True)
class Story:
    """One delivery (with `message` and `endpoint` loaded) and every attempt, the latest first."""

    delivery: Delivery
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """An endpoint as its owner sees it; counts are of the deliveries kept (30 days)."""

    endpoint: Endpoint
    waiting: int
    failed: int

    @property
    def state(self) -> str:
        """`ok`, `failing`, `disabled`, or `new`: nothing was sent to it yet."""
        if self.endpoint.state == Endpoint.State.DISABLED:
            return "disabled"
        if self.endpoint.failing_since is not None:
            return "failing"
        return "ok" if self.endpoint.last_at is not None else "new"


def endpoints(organization_id: int) -> list[Health]:
    """All endpoints, the newest first."""
    counts = dict[tuple[int, str], int]()
    for state in (Delivery.State.WAITING, Delivery.State.FAILED):
        of_state = Delivery.objects.filter(endpoint__organization_id=organization_id, state=state)
        for pk, count in of_state.values_list("endpoint_id").annotate(count=Count("pk")).order_by():
            counts[pk, state] = count
    rows = Endpoint.objects.filter(organization_id=organization_id).order_by("-created_at", "-pk")
    waiting, failed = Delivery.State.WAITING, Delivery.State.FAILED
    return [Health(row, counts.get((row.pk, waiting), 0), counts.get((row.pk, failed), 0)) for row in rows]


def endpoint(organization_id: int, public_id: str) -> Endpoint:
    """One endpoint. Raises NoSuchEndpoint."""
    found = Endpoint.objects.filter(organization_id=organization_id, public_id=public_id).first()
    if found is None:
        raise NoSuchEndpoint("there is no such endpoint", fix="list your endpoints")
    return found


def deliveries(organization_id: int, *, endpoint_id: str = "", state: str = "", kind: str = "") -> QuerySet[Delivery]:
    """The delivery log, for a page at a time: with message and endpoint. Filters that are empty let everything pass."""
    rows = Delivery.objects.filter(endpoint__organization_id=organization_id).select_related("message", "endpoint")
    wanted = {"endpoint__public_id": endpoint_id, "state": state, "message__type": kind}
    return rows.filter(**{name: value for name, value in wanted.items() if value}).order_by("-pk")


def story(organization_id: int, public_id: str) -> Story:
    """One delivery with each request, answer and time. Raises NoSuchDelivery."""
    found = deliveries(organization_id).filter(public_id=public_id).first()
    if found is None:
        raise NoSuchDelivery("there is no such delivery", fix="list the deliveries of the endpoint")
    return Story(found, tuple(Attempt.objects.filter(delivery=found).order_by("-number")))

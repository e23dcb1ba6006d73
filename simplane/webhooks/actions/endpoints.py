"""Making, changing and ending endpoints. Every verb sees only the endpoints of the organization it is given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import QuerySet

from simplane.core import audit, clock, context, following, jobs
from simplane.core.db import needs_transaction, transaction
from simplane.core.ids import new_id
from simplane.core.reach import read_target
from simplane.organizations.models import Organization
from simplane.webhooks.errors import BadEndpoint, NoSuchEndpoint, TooManyEndpoints
from simplane.webhooks.kinds import API_VERSION, KINDS, READER
from simplane.webhooks.models import Attempt, Delivery, Endpoint
from simplane.webhooks.signing import new_secret
from simplane.webhooks.values import NewSecret

MOST_ENDPOINTS = 20
"""Of one organization."""
LONGEST_OVERLAP = timedelta(days=7)
_S, _R = Endpoint.State, Endpoint.Reason


def create_endpoint(
    organization: Organization, url: str, *, event_types: Sequence[str] = (), description: str = ""
) -> NewSecret:
    """Make an endpoint; no types: it wants them all. Raises AddressRefused, BadEndpoint, TooManyEndpoints."""
    read_target(url)
    wanted, said = _types(event_types), _description(description)
    secret = new_secret()
    with transaction():
        Organization.objects.select_for_update().get(pk=organization.pk)
        if Endpoint.objects.filter(organization=organization).count() >= MOST_ENDPOINTS:
            raise TooManyEndpoints(f"an account has at most {MOST_ENDPOINTS} endpoints", fix="delete one first")
        made = Endpoint.objects.create(
            organization=organization,
            public_id=new_id("whe"),
            url=url,
            description=said,
            event_types=wanted,
            api_version=API_VERSION,
            secrets={"current": secret, "previous": ""},
            created_at=clock.now(),
            created_by=context.actor()[:120],
        )
        following.begin(READER)
        audit.note("webhook_endpoint.created", "webhook_endpoint", made.public_id, after=_seen(made))
    return NewSecret(made, secret)


def update_endpoint(
    organization_id: int,
    public_id: str,
    *,
    url: str | None = None,
    event_types: Sequence[str] | None = None,
    description: str | None = None,
) -> Endpoint:
    """Change what is given. Raises AddressRefused, BadEndpoint, NoSuchEndpoint."""
    if url is not None:
        read_target(url)
    wanted = None if event_types is None else _types(event_types)
    said = None if description is None else _description(description)
    with transaction():
        endpoint = locked(organization_id, public_id)
        before = _seen(endpoint)
        if url is not None and url != endpoint.url:
            endpoint.url, endpoint.strikes, endpoint.paused_until = url, 0, None
        endpoint.event_types = endpoint.event_types if wanted is None else wanted
        endpoint.description = endpoint.description if said is None else said
        endpoint.save(update_fields=["url", "strikes", "paused_until", "event_types", "description"])
        audit.note("webhook_endpoint.changed", "webhook_endpoint", public_id, before=before, after=_seen(endpoint))
    return endpoint


def rotate_secret(organization_id: int, public_id: str, *, overlap: timedelta = timedelta(hours=24)) -> NewSecret:
    """A new signing secret. Until the overlap ends requests carry both signatures. Raises BadEndpoint, NoSuchEndpoint."""
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise BadEndpoint("that overlap is too long", fix=f"at most {LONGEST_OVERLAP.days} days")
    secret = new_secret()
    with transaction():
        endpoint = locked(organization_id, public_id)
        endpoint.secrets = {"current": secret, "previous": endpoint.secrets["current"]}
        endpoint.previous_until = clock.now() + overlap
        endpoint.save(update_fields=["secrets", "previous_until"])
        audit.note("webhook_endpoint.secret_rotated", "webhook_endpoint", public_id)
    return NewSecret(endpoint, secret)


def delete_endpoint(organization_id: int, public_id: str) -> None:
    """The endpoint and its delivery log are gone. Raises NoSuchEndpoint."""
    with transaction():
        endpoint = locked(organization_id, public_id)
        audit.note("webhook_endpoint.deleted", "webhook_endpoint", public_id, before=_seen(endpoint))
        remove_log(Delivery.objects.filter(endpoint=endpoint))
        endpoint.delete()


def enable_endpoint(organization_id: int, public_id: str) -> Endpoint:
    """Send to it again from now on; what it missed is replayed on request. Raises NoSuchEndpoint."""
    with transaction():
        endpoint = locked(organization_id, public_id)
        if endpoint.state == _S.DISABLED:
            endpoint.state, endpoint.reason, endpoint.disabled_at = _S.ACTIVE, "", None
            endpoint.failing_since = endpoint.warned_at = endpoint.paused_until = None
            endpoint.strikes = 0
            endpoint.save()
            audit.note("webhook_endpoint.enabled", "webhook_endpoint", public_id)
    return endpoint


def disable_endpoint(organization_id: int, public_id: str) -> Endpoint:
    """Its owner wants nothing sent to it for now. Raises NoSuchEndpoint."""
    with transaction():
        endpoint = locked(organization_id, public_id)
        if endpoint.state == _S.ACTIVE:
            end(endpoint, _R.OWNER)
    return endpoint


@needs_transaction
def end(endpoint: Endpoint, reason: Endpoint.Reason) -> None:
    """Disable a locked endpoint: what waits is not sent any more. Its owner hears of it unless it was them."""
    now = clock.now()
    endpoint.state, endpoint.reason, endpoint.disabled_at = _S.DISABLED, reason, now
    endpoint.due_at = endpoint.lease_until = None
    endpoint.save()
    Delivery.objects.filter(endpoint=endpoint, state=Delivery.State.WAITING).update(
        state=Delivery.State.FAILED, due_at=None, finished_at=now, problem="the endpoint was disabled"
    )
    audit.note("webhook_endpoint.disabled", "webhook_endpoint", endpoint.public_id, reason=_R(reason).label)
    if reason != _R.OWNER:
        jobs.enqueue("webhooks.mail_owner", endpoint_id=endpoint.pk, about="disabled")


@needs_transaction
def remove_log(deliveries: QuerySet[Delivery]) -> None:
    """Delete deliveries with their attempts, each table by one statement, for there may be very many."""
    Attempt.objects.filter(delivery__in=deliveries).delete()
    deliveries._raw_delete(deliveries.db)


@needs_transaction
def locked(organization_id: int, public_id: str) -> Endpoint:
    """The organization's endpoint, nobody else's. Raises NoSuchEndpoint."""
    rows = Endpoint.objects.select_for_update()
    found = rows.filter(organization_id=organization_id, public_id=public_id).first()
    if found is None:
        raise NoSuchEndpoint("there is no such endpoint", fix="list your endpoints")
    return found


def _types(wanted: Sequence[str]) -> list[str]:
    unknown = sorted(set(wanted) - set(KINDS))
    if unknown:
        raise BadEndpoint(f"unknown event types: {', '.join(unknown)[:200]}", fix=f"choose from {', '.join(KINDS)}")
    return sorted(set(wanted))


def _description(text: str) -> str:
    said = " ".join(text.replace("\x00", "").split())
    if len(said) > 200:
        raise BadEndpoint("the description is too long", fix="200 characters at most")
    return said


def _seen(endpoint: Endpoint) -> dict[str, object]:
    """For the audit trail: no secret. The path of a URL may be one, so only its host is kept."""
    return {
        "host": read_host(endpoint.url),
        "event_types": endpoint.event_types,
        "description": endpoint.description,
        "organization": endpoint.organization_id,
    }


def read_host(url: str) -> str:
    """`hooks.example.com` of a URL."""
    return url.split("/", 3)[2] if url.count("/") > 1 else url

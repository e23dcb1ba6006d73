"""Endpoints that only fail: their owner is warned, then they are disabled, and old messages go."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from simplane.core import clock, jobs
from simplane.core.db import transaction
from simplane.delivery import plain
from simplane.organizations.models import Membership, Organization, Role
from simplane.webhooks.actions.endpoints import end, read_host, remove_log
from simplane.webhooks.models import Delivery, Endpoint, Message

WARN_AFTER = timedelta(days=2)
DISABLE_AFTER = timedelta(days=4)
"""Of nothing but failures; the first message has used all its tries by then."""
WARNING = timedelta(days=1)
"""So long at least between the warning and the end."""
KEPT = timedelta(days=30)
_PART = 5_000


def look_after_failing() -> dict[str, int]:
    """Warn the owners of endpoints that fail for two days, disable those that fail for four."""
    now = clock.now()
    living = Endpoint.objects.filter(state=Endpoint.State.ACTIVE, failing_since__lte=now - WARN_AFTER)
    warned = sum(_warn(pk) for pk in living.filter(warned_at__isnull=True).values_list("pk", flat=True))
    over = living.filter(failing_since__lte=now - DISABLE_AFTER, warned_at__lte=now - WARNING)
    ended = sum(_end(pk) for pk in over.values_list("pk", flat=True))
    return {"warned": warned, "disabled": ended}


def _warn(pk: int) -> bool:
    with transaction():
        changed = Endpoint.objects.filter(pk=pk, failing_since__isnull=False, warned_at__isnull=True).update(
            warned_at=clock.now()
        )
        if changed:
            jobs.enqueue("webhooks.mail_owner", endpoint_id=pk, about="failing")
    return bool(changed)


def _end(pk: int) -> bool:
    with transaction():
        row = Endpoint.objects.select_for_update().filter(pk=pk, failing_since__isnull=False).first()
        if row is None or row.state != Endpoint.State.ACTIVE:
            return False
        end(row, Endpoint.Reason.FAILING)
    return True


def mail_owner(endpoint_id: int, about: str) -> None:
    """Tell the owner that an endpoint fails or was disabled, unless that is over. Raises core.jobs.Temporary."""
    endpoint = Endpoint.objects.select_related("organization__twin_of").filter(pk=endpoint_id).first()
    if endpoint is None or not _still(endpoint, about):
        return
    host = read_host(endpoint.url)
    subject = f"Webhooks to {host} fail" if about == "failing" else f"Webhooks to {host} are switched off"
    text = (FAILING if about == "failing" else DISABLED).format(
        host=host,
        endpoint=endpoint.public_id,
        account=endpoint.organization.name,
        why=endpoint.get_reason_display(),
        since=f"{endpoint.failing_since or endpoint.disabled_at:%d %B %Y %H:%M} UTC",
        page=f"{settings.SIMPLANE.base_url}/hub/webhooks/",
    )
    for address in owners(endpoint.organization):
        plain.post(address, subject=subject, text=text)


def _still(endpoint: Endpoint, about: str) -> bool:
    if about == "failing":
        return endpoint.state == Endpoint.State.ACTIVE and endpoint.failing_since is not None
    return endpoint.state == Endpoint.State.DISABLED


def owners(organization: Organization) -> list[str]:
    """Who hears about trouble: the account's contact, or its owners and developers. A test twin has its organization's."""
    home = organization.twin_of or organization
    if home.contact_email:
        return [home.contact_email]
    people = Membership.objects.filter(
        organization=home, role__in=[Role.OWNER, Role.DEVELOPER], user__is_active=True
    ).order_by("pk")
    return list(people.values_list("user__email", flat=True))


def forget_old() -> int:
    """All messages older than 30 days go, with their deliveries and attempts, some in each transaction. Returns how many."""
    before, total = clock.now() - KEPT, 0
    while gone := _forget_part(before):
        total += gone
        if gone < _PART:
            break
    return total


def _forget_part(before: datetime) -> int:
    old = Message.objects.filter(created_at__lt=before).order_by("created_at").values_list("pk", flat=True)
    gone = list(old[:_PART])
    with transaction():
        remove_log(Delivery.objects.filter(message__in=gone))
        Message.objects.filter(pk__in=gone).delete()
    return len(gone)


FAILING = """\
Every webhook to {host} has failed since {since} ({account}, endpoint {endpoint}).

Please look at the delivery log, which shows each request and your answer:
{page}

An answer with a status from 200 to 299 within 15 seconds counts as received. When the endpoint fails for four days we
switch it off and tell you; nothing is lost then, messages are kept for 30 days and can be sent again.
"""
DISABLED = """\
We send no more webhooks to {host} ({account}, endpoint {endpoint}): {why}.

Once it works again, enable it and replay what it missed:
{page}

Messages are kept for 30 days.
"""

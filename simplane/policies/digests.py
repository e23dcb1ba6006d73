"""The daily mail about alerts: which members want it, and whose is due in their company's morning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from simplane.core import audit, clock, tenancy
from simplane.core.db import needs_transaction, transaction
from simplane.policies.alert_models import DigestReader
from simplane.policies.models import CompanySettings
from simplane.policies.periods import local_date
from simplane.policies.reading import reachable, settings_of

MORNING = 7
"""The hour from which the mail is sent, where the company is."""


@dataclass(frozen=True, slots=True)
class DueDigest:
    """A mail to be sent. `since`: what happened before was in the one before."""

    organization_id: int
    user_id: int
    since: datetime


def wants(organization_id: int, user_id: int) -> bool:
    """Whether this member gets the mail."""
    with reachable():
        found: bool = DigestReader.objects.filter(organization_id=organization_id, user_id=user_id).exists()
    return found


def want(organization_id: int, user_id: int, wanted: bool) -> None:
    """From tomorrow morning on, or no more. Once more the same changes nothing."""
    now = clock.now()
    with transaction(), reachable():
        rows = DigestReader.objects.filter(organization_id=organization_id, user_id=user_id)
        if wanted == rows.exists():
            return
        if wanted:
            today = local_date(now, settings_of(organization_id).time_zone)
            DigestReader(organization_id=organization_id, user_id=user_id, told_on=today, told_at=now).save()
        else:
            rows.delete()
        audit.note("digest.wanted", "member", user_id, after={"daily mail": wanted}, organization_id=organization_id)


@needs_transaction
def take_due(now: datetime) -> list[DueDigest]:
    """Whose mail is due: each is given out once a day, to one worker."""
    found = []
    with tenancy.everywhere():
        for one, zone in _readers():
            here = now.astimezone(ZoneInfo(zone))
            if here.hour < MORNING or one.told_on >= here.date():
                continue
            due = DigestReader.objects.filter(pk=one.pk, told_on__lt=here.date())
            if due.update(told_on=here.date(), told_at=now):
                found.append(DueDigest(one.organization_id, one.user_id, one.told_at))
    return found


def _readers() -> list[tuple[DigestReader, str]]:
    """With the time zone of their company."""
    zones = dict(CompanySettings.objects.values_list("organization_id", "time_zone"))
    rows = DigestReader.objects.filter(organization__state="active").order_by("pk")
    return [(one, zones.get(one.organization_id, "UTC")) for one in rows]

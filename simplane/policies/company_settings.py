"""How a company's rules count time and wait for people, and who is who in its Slack: changed by its owners."""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError
from django.db import transaction as savepoint

from simplane.core import audit
from simplane.core.db import transaction
from simplane.core.errors import BadInput
from simplane.organizations.models import Membership
from simplane.policies.errors import BadRule
from simplane.policies.models import CompanySettings, SlackPerson
from simplane.policies.periods import known_zone
from simplane.policies.reading import reachable, settings_of

MOST_HOURS = 24 * 30
SECRETS = frozenset({"slack_signing_secret"})
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{6,18}")


def change(
    organization_id: int,
    *,
    time_zone: str | None = None,
    approval_hours: int | None = None,
    escalate_hours: int | None = None,
    slack_signing_secret: str | None = None,
) -> CompanySettings:
    """What is given is set, the rest stays. Raises BadRule. A running month keeps its budgets; caps count by the new zone."""
    given: dict[str, Any] = {
        "time_zone": None if time_zone is None else known_zone(time_zone),
        "approval_hours": approval_hours,
        "escalate_hours": escalate_hours,
        "slack_signing_secret": slack_signing_secret,
    }
    wanted = {name: value for name, value in given.items() if value is not None}
    for name in ("approval_hours", "escalate_hours"):
        if not 0 < wanted.get(name, 1) <= MOST_HOURS:
            raise BadRule("people are waited for between an hour and 30 days", fix="write hours")
    known = settings_of(organization_id)
    before = {name: getattr(known, name) for name in wanted if name not in SECRETS}
    with transaction(), reachable():
        made: CompanySettings = CompanySettings.objects.update_or_create(
            organization_id=organization_id, defaults=wanted
        )[0]
        after = {name: "set" if name in SECRETS else value for name, value in wanted.items()}
        audit.note("policy.settings", "settings", "", before=before, after=after, organization_id=organization_id)
    return made


def know_in_slack(organization_id: int, user_id: int, slack_id: str) -> None:
    """This member presses buttons in Slack under that member id (`U…`); empty: no more. Raises BadInput."""
    if slack_id and not _SLACK_ID.fullmatch(slack_id):
        raise BadInput("this is no Slack member id", fix="copy it from the profile in Slack: it begins with U")
    with transaction(), reachable():
        if not Membership.objects.filter(organization_id=organization_id, user_id=user_id).exists():
            raise BadInput("this person is no member", fix="invite them first")
        SlackPerson.objects.filter(organization_id=organization_id, user_id=user_id).delete()
        try:
            with savepoint.atomic():
                if slack_id:
                    SlackPerson(organization_id=organization_id, user_id=user_id, slack_id=slack_id).save()
        except IntegrityError:
            raise BadInput("somebody else has this Slack member id", fix="remove it there first") from None
        audit.note("member.slack", "member", user_id, after={"slack_id": slack_id}, organization_id=organization_id)

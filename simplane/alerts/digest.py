"""The daily mail to a member of a company: which alerts go on, which are over, and which lines ended since the last one."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Model, Q, QuerySet

from simplane.alerts import company_texts as texts
from simplane.alerts.company_texts import Part
from simplane.core import tenancy
from simplane.delivery import plain
from simplane.fleet.leading import about, teams_led_by
from simplane.fleet.models import FleetLine
from simplane.organizations.company_roles import NARROW, allows
from simplane.organizations.hosts import address_of
from simplane.organizations.members import members
from simplane.organizations.models import CompanyRole, Organization
from simplane.policies import digests, queries
from simplane.policies.alert_models import Alert
from simplane.workforce import logins

MOST = 20
"""Of each sort; what is more stands as a number."""


def mail(organization_id: int, user_id: int, since: datetime) -> None:
    """Nothing to somebody who may not see alerts (any more), wants no mail, or would read that nothing happened."""
    with tenancy.scope(organization_id):
        member = members(organization_id).filter(~logins.left(), user_id=user_id).first()
        if member is None or not digests.wants(organization_id, user_id):
            return
        company, role = Organization.objects.get(pk=organization_id), CompanyRole(member.role)
        if not allows(role, "alerts:read"):
            return
        going_on, over, ended = _parts(organization_id, user_id, since, narrow=role in NARROW)
    if not (going_on.total or over.total or ended.total):
        return
    link = f"{address_of(company.slug)}/alerts/"
    subject, text = texts.mail_digest(company.name, going_on, over, ended, link)
    plain.post(member.user.email, subject=subject, text=text, name=member.user.name)


def _parts(organization_id: int, user_id: int, since: datetime, *, narrow: bool) -> tuple[Part, Part, Part]:
    led = teams_led_by(user_id)
    mine, own = (about(led), Q(team__in=led)) if narrow else (Q(), Q())
    going_on = queries.alerts(organization_id).filter(mine)
    over = queries.alerts(organization_id, resolved=True).filter(mine, resolved_at__gte=since)
    ended = FleetLine.objects.select_related("employee").filter(own, ended_at__gte=since).order_by("-ended_at", "-pk")
    return _part(going_on), _part(over), _part(ended)


def _part(rows: QuerySet[Model]) -> Part:
    shown = [_words(one) for one in rows[: MOST + 1]]
    return Part(shown[:MOST], len(shown) if len(shown) <= MOST else rows.count())


def _words(row: Model) -> str:
    if isinstance(row, Alert):
        return f"{row.title} ({row.severity})"
    assert isinstance(row, FleetLine)
    return row.employee.name if row.employee else row.label or row.iccid or row.public_id

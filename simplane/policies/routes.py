"""Where a company is told: e-mail, Slack or a webhook of its own, for which kinds and from which severity on."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from simplane.core import audit, clock, reach
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.ids import new_id
from simplane.policies.alert_models import Alert, AlertRoute, AlertSent
from simplane.policies.alerting import ORDER
from simplane.policies.choices import Severity
from simplane.policies.reading import reachable

KINDS = ("budget", "data_cap", "countries", "unused", "auto_top_up", "line", "usage", "billing", "sign_in")
"""What can be told; other packages raise alerts of the last ones."""
MOST = 20


def add(
    organization_id: int,
    channel: str,
    target: str,
    *,
    kinds: Sequence[str] = (),
    severity: str = Severity.WARNING,
    secret: str = "",
    approvals: bool = False,
) -> AlertRoute:
    """A way to be told. `target`: an address or a URL; `secret`: what a webhook is signed with (`whsec_…`).

    Raises BadInput for what can not be reached, AddressRefused for what may not be.
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown or severity not in Severity.values or channel not in AlertRoute.Channel.values:
        raise BadInput(f"unknown: {', '.join(unknown) or severity}", fix=f"kinds are {', '.join(KINDS)}")
    made = AlertRoute(
        organization_id=organization_id,
        public_id=new_id("route"),
        channel=channel,
        target=target,
        shown=_checked(channel, target),
        secret=secret if channel == AlertRoute.Channel.WEBHOOK else "",
        kinds=list(kinds),
        severity=severity,
        approvals=approvals and channel == AlertRoute.Channel.SLACK,
        created_at=clock.now(),
    )
    with transaction(), reachable():
        if AlertRoute.objects.filter(organization_id=organization_id, active=True).count() >= MOST:
            raise BadInput(f"{MOST} ways to be told are there already", fix="remove one first")
        made.save()
        after = {"channel": channel, "target": made.shown, "kinds": made.kinds, "severity": str(severity)}
        audit.note("alert_route.added", "alert_route", made.public_id, after=after, organization_id=organization_id)
    return made


def remove(organization_id: int, public_id: str) -> None:
    """Nobody is told this way any more. Raises NotFound."""
    with transaction(), reachable():
        rows = AlertRoute.objects.filter(organization_id=organization_id, public_id=public_id, active=True)
        if not rows.update(active=False, target="", secret=""):
            raise NotFound("there is no such way to be told")
        audit.note("alert_route.removed", "alert_route", public_id, organization_id=organization_id)


def matching(alert: Alert) -> list[AlertRoute]:
    """By which ways this alert is told. One that was escalated goes all ways, whatever their kinds."""
    with reachable():
        rows = list(AlertRoute.objects.filter(organization_id=alert.organization_id, active=True).order_by("pk"))
    weight = ORDER.index(Severity(alert.severity))
    return [
        one
        for one in rows
        if alert.escalated_at
        or ((not one.kinds or alert.kind in one.kinds) and ORDER.index(Severity(one.severity)) <= weight)
    ]


@needs_transaction
def tellings(alert_id: int, step: int) -> list[int]:
    """Write down each telling of this step, once. Returns those that were not done yet; none when it is over."""
    with reachable():
        alert: Alert = Alert.objects.get(pk=alert_id)
        if alert.state == Alert.State.RESOLVED or alert.told != step:
            return []
        made = [
            AlertSent(organization_id=alert.organization_id, alert=alert, route=one, step=step, at=clock.now())
            for one in matching(alert)
        ]
        AlertSent.objects.bulk_create(made, ignore_conflicts=True)
        rows = AlertSent.objects.filter(alert=alert, step=step, state=AlertSent.State.QUEUED)
        return list(rows.values_list("pk", flat=True))


def _checked(channel: str, target: str) -> str:
    """As people may see it."""
    if channel == AlertRoute.Channel.EMAIL:
        try:
            validate_email(target)
        except ValidationError:
            raise BadInput(f"{target!r} is no e-mail address", fix="write it as name@company.example") from None
        return target[:120]
    host = reach.read_target(target).host
    return f"{host}/…"[:120]

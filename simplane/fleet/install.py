"""The way of an eSIM to its person: a link that works once, without an account, then a page that works for an hour.

Only the hash of a link's secret is kept. Looking at the link opens nothing (mail scanners look); pressing its button does.
Acts for us: what a phone needs to install lies out of a company's reach.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from simplane.core import audit, clock, jobs, tenancy
from simplane.core.db import transaction
from simplane.core.errors import Refusal
from simplane.delivery import links, plain
from simplane.delivery.models import InstallLink as Page
from simplane.fleet.errors import NotPossible
from simplane.fleet.models import FleetLine, InstallLink
from simplane.fleet.states import OVER
from simplane.lines.models import Line
from simplane.organizations.hosts import address_of
from simplane.workforce.models import Employee

VALID = timedelta(days=14)
PAGE_LIVES = timedelta(hours=1)
PAUSE = timedelta(minutes=1)
"""Between two mails that somebody asks for by an old link."""
_MAIL = """Hello{name},

{company} has an eSIM for you: {plan}.

Open this link on the phone or beside it, with Wi-Fi at hand. It shows the eSIM once, until {until}:

{link}

After that, the same link lets you ask for a new one. If you do not work for {company}, do nothing.
"""


class LinkUsed(Refusal):
    """The link was used, or its time is over."""

    code = "link_used"
    status = 410


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link shows before its button is pressed. `usable`: it was not used yet."""

    company: str
    plan: str
    usable: bool


def send(fleet_line_id: int) -> None:
    """Mail the line's person a fresh link; older ones work no more. Nothing for a line without a person or an eSIM."""
    found = _fresh(fleet_line_id)
    if found is None:
        return
    line, secret, until = found
    assert line.employee is not None
    company = line.organization
    plain.post(
        line.employee.email,
        subject=f"Your eSIM from {company.name}",
        name=line.employee.name,
        text=_MAIL.format(
            name=f" {line.employee.given_name}".rstrip(),
            company=company.name,
            plan=line.plan.name,
            until=f"{until:%-d %B %Y}",
            link=f"{address_of(company.slug)}/install/{secret}/",
        ),
    )


def mail_again(line: FleetLine) -> None:
    """In the company's scope: have a fresh link mailed to the line's person. Raises NotPossible."""
    if line.line_id is None or line.state in OVER:
        raise NotPossible("this line has no eSIM to be installed", fix="wait until it is ready, or order a new one")
    if line.employee is None or not line.employee.email:
        raise NotPossible("nobody with an e-mail address has this line", fix="give the person an address first")
    with transaction():
        jobs.enqueue("fleet.send_link", once_key=f"fleet-link:{line.pk}", line_id=line.pk)
        audit.note("line.link_asked", "line", line.public_id)


def look(organization_id: int, secret: str) -> Opened | None:
    """What stands behind a link of this company; None for one that never was."""
    with tenancy.everywhere():
        link = (
            _link(organization_id, secret).select_related("line__plan", "line__organization", "line__employee").first()
        )
    if link is None:
        return None
    usable = link.opened_at is None and link.expires_at > clock.now() and not _closed(link.line)
    return Opened(link.line.organization.name, link.line.plan.name, usable)


def use(organization_id: int, secret: str) -> str:
    """Use the link up; returns the token of the install page, which lives for an hour. Raises LinkUsed; one of two wins."""
    now = clock.now()
    with tenancy.everywhere(), transaction():
        mine = _link(organization_id, secret).filter(opened_at__isnull=True, expires_at__gt=now)
        if not mine.update(opened_at=now):
            raise LinkUsed("this link was used already, or its time is over", fix="ask for a new one below")
        line = FleetLine.objects.select_related("employee").get(install_links__hash=_hash(secret))
        if _closed(line) or line.line_id is None or line.unit_id is None or line.order_id is None:
            raise LinkUsed("this line has ended", fix="ask your company for a new one")
        esim = Line.objects.get(pk=line.line_id)
        locale = line.employee.locale if line.employee else "en"
        token = links.unit_token(unit_id=line.unit_id, order_id=line.order_id, line=esim, locale=locale)
        audit.note("line.shown", "line", line.public_id, organization_id=organization_id)
        jobs.enqueue("fleet.close_page", at=now + PAGE_LIVES, token=token)
    return token


def ask_again(organization_id: int, secret: str) -> None:
    """Have a new link mailed to the person of an old one: to nobody else, and once a minute."""
    with tenancy.everywhere(), transaction():
        link = _link(organization_id, secret).first()
        if link is None:
            return
        newest = (
            InstallLink.objects.filter(line_id=link.line_id).order_by("-pk").values_list("created_at", flat=True)[0]
        )
        if clock.now() - newest >= PAUSE:
            jobs.enqueue("fleet.send_link", once_key=f"fleet-link:{link.line_id}", line_id=link.line_id)


def close_page(token: str) -> None:
    """The hour of an install page is over."""
    open_page = Page.objects.filter(token=token, revoked_at__isnull=True)
    open_page.update(revoked_at=clock.now(), revoked_reason="its hour is over")


def _fresh(fleet_line_id: int) -> tuple[FleetLine, str, datetime] | None:
    secret, now = secrets.token_urlsafe(24), clock.now()
    with tenancy.everywhere(), transaction():
        rows = FleetLine.objects.select_related("employee", "plan", "organization")
        line: FleetLine = rows.get(pk=fleet_line_id)
        if line.employee is None or line.line_id is None or _closed(line):
            return None
        InstallLink.objects.filter(line=line, opened_at__isnull=True, expires_at__gt=now).update(expires_at=now)
        InstallLink(
            organization_id=line.organization_id,
            line=line,
            hash=_hash(secret),
            sent_to=line.employee.email,
            created_at=now,
            expires_at=now + VALID,
        ).save()
    return line, secret, now + VALID


def _closed(line: FleetLine) -> bool:
    """Nothing is shown of a line that ended, nor to somebody who left."""
    return line.state in OVER or (line.employee is not None and line.employee.state == Employee.State.LEFT)


def _link(organization_id: int, secret: str) -> QuerySet[InstallLink]:
    return InstallLink.objects.filter(organization_id=organization_id, hash=_hash(secret))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

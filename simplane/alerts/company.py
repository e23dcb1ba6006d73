"""Telling companies: their alerts by their own ways, and questions to those who may answer them.

Addresses are customers' own, so they are reached by core/outside.py only. Each telling is a row that is done once; what
can not be reached for half an hour is given up, for the alert stands in the application anyway.
"""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

from simplane.alerts import company_texts as texts
from simplane.core import clock, jobs, outside, tenancy
from simplane.core.db import in_thread, transaction
from simplane.core.http import NoAnswer, NotSent
from simplane.core.jobs import Temporary
from simplane.core.reach import AddressRefused
from simplane.delivery import plain
from simplane.organizations.hosts import address_of
from simplane.policies import approvals, routes
from simplane.policies.alert_models import AlertRoute, AlertSent
from simplane.webhooks import signing
from simplane.webhooks.deliver import USER_AGENT

GIVE_UP_AFTER = timedelta(minutes=30)
State = AlertSent.State


def alert(organization_id: int, alert_id: int, step: int) -> None:
    """Have an alert told by each way that the company chose for its kind and severity."""
    with tenancy.scope(organization_id), transaction():
        for pk in routes.tellings(alert_id, step):
            jobs.enqueue("alerts.company_send", organization_id=organization_id, sent_id=pk)


async def send(organization_id: int, sent_id: int) -> None:
    """One telling. Raises Temporary when it may work later."""
    sent = await in_thread(_load, organization_id, sent_id)
    if sent is None:
        return
    problem = await _tell(sent)
    late = clock.now() - sent.at > GIVE_UP_AFTER
    state = State.TOLD if not problem else State.FAILED if late else State.QUEUED
    await in_thread(_keep, organization_id, sent_id, state, problem)
    if state == State.QUEUED:
        raise Temporary(problem)


async def question(organization_id: int, approval_id: int) -> None:
    """Ask each approver by mail, and the company's Slack channels for questions. Nothing when it was answered."""
    found = await in_thread(approvals.asked_now, organization_id, approval_id)
    if found is None:
        return
    asked, people = found
    await in_thread(_enqueue_mails, organization_id, approval_id, people)
    address = f"{address_of(asked.organization.slug)}/approvals/"
    for route in await in_thread(_question_routes, organization_id):
        await _post(route.target, texts.slack_question(asked, address), {})


def question_mail(organization_id: int, approval_id: int, user_id: int) -> None:
    """The mail to one approver, with a link of their own made for this mail."""
    found = approvals.fresh_link(organization_id, approval_id, user_id)
    if found is None:
        return
    asked, member, secret = found
    link = f"{address_of(asked.organization.slug)}/approvals/{secret}/"
    subject, text = texts.mail_question(asked, link)
    plain.post(member.user.email, subject=subject, text=text, name=member.user.name)


def _enqueue_mails(organization_id: int, approval_id: int, people: list[int]) -> None:
    many = [{"organization_id": organization_id, "approval_id": approval_id, "user_id": one} for one in people]
    with transaction():
        jobs.enqueue_many("alerts.company_question_mail", many)


def _question_routes(organization_id: int) -> list[AlertRoute]:
    with tenancy.scope(organization_id):
        return list(AlertRoute.objects.filter(channel="slack", approvals=True, active=True))


def _load(organization_id: int, sent_id: int) -> AlertSent | None:
    with tenancy.scope(organization_id):
        rows = AlertSent.objects.select_related("alert", "route", "organization")
        found: AlertSent | None = rows.filter(pk=sent_id, state=State.QUEUED, route__active=True).first()
    return found


def _keep(organization_id: int, sent_id: int, state: str, problem: str) -> None:
    with tenancy.scope(organization_id), transaction():
        AlertSent.objects.filter(pk=sent_id).update(state=state, problem=problem[:300])


async def _tell(sent: AlertSent) -> str:
    """What went wrong; empty: it was told."""
    route, link = sent.route, f"{address_of(sent.organization.slug)}/alerts/"
    if route.channel == AlertRoute.Channel.EMAIL:
        subject, text = texts.mail_alert(sent.alert, sent.organization.name, link)
        try:
            await asyncio.to_thread(plain.post, route.target, subject=subject, text=text)
        except Temporary as later:
            return str(later)
        return ""
    if route.channel == AlertRoute.Channel.SLACK:
        return await _post(route.target, texts.slack_alert(sent.alert, link), {})
    body = texts.webhook_alert(sent.alert, link)
    stamp = int(clock.real_time_of(clock.now()).timestamp())
    name = f"{sent.alert.public_id}_{sent.step}"
    signed = signing.headers([route.secret], name, stamp, _bytes(body)) if route.secret else {"webhook-id": name}
    return await _post(route.target, body, signed)


async def _post(url: str, body: dict[str, object], headers: dict[str, str]) -> str:
    told = {"Content-Type": "application/json", "User-Agent": USER_AGENT, **headers}
    try:
        answer = await outside.call("POST", url, headers=told, body=_bytes(body))
    except AddressRefused as refused:
        return refused.message
    except (NotSent, NoAnswer) as problem:
        return type(problem).__name__  # its text may hold the address, which is a secret
    return "" if 200 <= answer.status < 300 else f"answered {answer.status}"


def _bytes(body: dict[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()

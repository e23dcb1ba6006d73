"""Questions that a second person answers once: asked, asked of others when nobody answers, granted, refused, expired.

Who may answer: the lead of the team (a member with the role manager), else owners and finance; after the escalation all
of them. Nobody answers their own question. The link in a message is its reader's own and opens a page; only the page's
button decides, so what fetches links in mails decides nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta

import msgspec
from django.db.models import QuerySet

from simplane.core import audit, clock, events, foureyes
from simplane.core.db import needs_transaction, transaction
from simplane.core.ids import new_id, secret_token
from simplane.organizations.models import CompanyRole, Membership
from simplane.policies.errors import NotOpen, NotYours, PriceRose
from simplane.policies.events import ApprovalAsked, ApprovalGranted, ApprovalRefused
from simplane.policies.models import Approval, ApprovalLink, SlackPerson
from simplane.policies.ports import ports
from simplane.policies.reading import reachable, settings_of
from simplane.policies.values import ALLOWED, PurchaseFacts, Reason, Verdict
from simplane.policies.words import money
from simplane.workforce import logins
from simplane.workforce.models import Team

GONE = "this question was answered already, or its time ran out"
LATE = "nobody answered in time"
State = Approval.State


@needs_transaction
def ask(kind: str, subject_id: str, facts: PurchaseFacts, verdict: Verdict, asked_by: str) -> Approval:
    """Write the question; the news makes the messages. One that is open about the same thing is the same question."""
    now, settings = clock.now(), settings_of(facts.organization_id)
    with reachable():
        rows = Approval.objects.filter(organization_id=facts.organization_id, kind=kind, subject_id=subject_id)
        known: Approval | None = rows.filter(state=State.OPEN).first()
        if known is not None:
            return known
        made = Approval(
            organization_id=facts.organization_id,
            public_id=new_id("appr"),
            kind=kind,
            subject_id=subject_id,
            facts=msgspec.to_builtins(asdict(facts)),
            reasons=[{"rule": one.rule, "words": one.words, "facts": dict(one.facts)} for one in verdict.reasons],
            amount_minor=facts.amount_minor,
            currency=facts.currency,
            team_id=facts.team_id,
            asked_by=asked_by[:120],
            asked_at=now,
            expires_at=now + timedelta(hours=settings.approval_hours),
            due_at=now + timedelta(hours=min(settings.escalate_hours, settings.approval_hours)),
        )
        made.save()
    audit.note("approval.asked", "approval", made.public_id, organization_id=made.organization_id)
    events.record(ApprovalAsked(organization_id=made.organization_id, approval_id=made.pk))
    return made


def approvers(approval: Approval) -> list[Membership]:
    """Who is asked now, never who asked, nor who left."""
    rows = _members(approval)
    named = rows.only("organization_id", "role", "user__id", "user__email", "user__name").select_related("user")
    people = [one for one in named.order_by("pk") if not _same(approval.asked_by, one.user_id)]
    leads = [one for one in people if one.user_id in _leads(approval)] if approval.escalated_at is None else []
    return leads or [one for one in people if _may(one)]


def asked_now(organization_id: int, approval_id: int) -> tuple[Approval, list[int]] | None:
    """An open question of the company and the members (user ids) to be asked now; None: it is over."""
    with reachable():
        rows = Approval.objects.select_related("organization").filter(organization_id=organization_id, state=State.OPEN)
        approval: Approval | None = rows.filter(pk=approval_id).first()
        return None if approval is None else (approval, [one.user_id for one in approvers(approval)])


def fresh_link(organization_id: int, approval_id: int, user_id: int) -> tuple[Approval, Membership, str] | None:
    """For one message: the question, its reader and the secret of a link made for this message. None: it is over."""
    secret = secret_token()
    with transaction(), reachable():
        rows = Approval.objects.select_for_update(of=("self",)).select_related("organization")
        here = rows.filter(organization_id=organization_id, state=State.OPEN)
        approval: Approval | None = here.filter(pk=approval_id).first()
        member = next((one for one in approvers(approval) if one.user_id == user_id), None) if approval else None
        if approval is None or member is None:
            return None
        ApprovalLink(
            organization_id=approval.organization_id,
            approval=approval,
            user_id=user_id,
            hash=_hash(secret),
            created_at=clock.now(),
        ).save()
    return approval, member, secret


def by_token(token: str) -> tuple[Approval, int]:
    """The open question of a link, and the member (user id) it was sent to. Changes nothing. Raises NotOpen."""
    with reachable():
        rows = ApprovalLink.objects.select_related("approval__organization").filter(hash=_hash(token))
        link: ApprovalLink | None = rows.first()
    if link is None or link.approval.state != State.OPEN or link.approval.expires_at <= clock.now():
        raise NotOpen(GONE, fix="look at the list of approvals")
    with reachable():
        if not _members(link.approval).filter(user_id=link.user_id).exists():
            raise NotOpen("you are no member here any more", fix="ask an owner for an invitation")
    return link.approval, link.user_id


def decide(token: str, approve: bool, by: str, reason: str = "") -> Approval:
    """Answer by the link of a message. `by`: who is signed in (`user:7 …`), or "" for whoever the link was sent to.

    Raises NotOpen, NotYours, SecondPersonNeeded, PriceRose.
    """
    approval, user_id = by_token(token)
    if by and not _same(by, user_id):
        raise NotYours("this link was sent to somebody else", fix="use your own link, or the list of approvals")
    return decide_as(approval.organization_id, approval.public_id, user_id, approve=approve, reason=reason)


def decide_as(organization_id: int, public_id: str, user_id: int, *, approve: bool, reason: str = "") -> Approval:
    """Answer as a member, from the pages or from Slack. Of two people at once the first one's word holds.

    Raises NotOpen, NotYours, SecondPersonNeeded, and PriceRose when it costs more by now than was asked.
    """
    with transaction(), reachable():
        rows = Approval.objects.select_for_update().filter(organization_id=organization_id, public_id=public_id)
        approval: Approval | None = rows.filter(state=State.OPEN, expires_at__gt=clock.now()).first()
        if approval is None:
            raise NotOpen(GONE, fix="look at the list of approvals")
        who = _decider(approval, user_id)
        foureyes.require_another(approval.asked_by, who)
        if approve:
            _check_price(approval)
        _end(approval, State.GRANTED if approve else State.REFUSED, who, reason)
    return approval


def member_of_slack(organization_id: int, slack_id: str) -> int:
    """Which member (user id) somebody in Slack is. Raises NotYours."""
    with reachable():
        rows = SlackPerson.objects.filter(organization_id=organization_id, slack_id=slack_id)
        found: int | None = rows.values_list("user_id", flat=True).first()
    if found is None:
        raise NotYours("Slack does not tell us who you are", fix="have an owner add your Slack member id in Settings")
    return found


def covers(facts: PurchaseFacts, key: str) -> Verdict:
    """Whether the question about `key` was granted for this amount."""
    with reachable():
        rows = Approval.objects.filter(organization_id=facts.organization_id, subject_id=key, state=State.GRANTED)
        granted: Approval | None = rows.order_by("-pk").first()
    if granted is None:
        return Verdict("deny", (Reason("approval", "Nobody approved this."),))
    if granted.currency == facts.currency and facts.amount_minor <= granted.amount_minor:
        return ALLOWED
    price, was = money(facts.amount_minor, facts.currency), money(granted.amount_minor, granted.currency)
    words = f"“{facts.plan_name}” costs {price} now, and {was} was approved: ask again."
    return Verdict(
        "deny", (Reason("approval", words, {"price": facts.amount_minor, "approved": granted.amount_minor}),)
    )


@needs_transaction
def due(approval_id: int) -> str:
    """Its time has come: others are asked, or it expires. Returns `escalated`, `expired` or `nothing`."""
    now = clock.now()
    with reachable():
        rows = Approval.objects.select_for_update().filter(pk=approval_id, state=State.OPEN)
        approval: Approval | None = rows.first()
        if approval is None:
            return "nothing"
        if approval.expires_at <= now:
            _end(approval, State.EXPIRED, "", LATE)
            return "expired"
        if approval.escalated_at is not None:
            return "nothing"
        approval.escalated_at, approval.due_at = now, approval.expires_at
        approval.save(update_fields=["escalated_at", "due_at"])
    events.record(ApprovalAsked(organization_id=approval.organization_id, approval_id=approval.pk))
    return "escalated"


@needs_transaction
def _end(approval: Approval, state: Approval.State, who: str, reason: str) -> None:
    approval.state, approval.decided_by, approval.decided_at = state, who, clock.now()
    approval.reason, approval.due_at = reason[:300], None
    approval.save(update_fields=["state", "decided_by", "decided_at", "reason", "due_at"])
    company, kind, subject = approval.organization_id, approval.kind, approval.subject_id
    if state == State.GRANTED:
        events.record(ApprovalGranted(organization_id=company, kind=kind, subject_id=subject))
    else:
        why = approval.reason or "it was not approved"
        events.record(ApprovalRefused(organization_id=company, kind=kind, subject_id=subject, why=why))
    after = {"state": str(state), "by": who}
    audit.note(
        "approval.decided",
        "approval",
        approval.public_id,
        after=after,
        reason=approval.reason,
        organization_id=company,
    )


def _decider(approval: Approval, user_id: int) -> str:
    """The member as an actor. Raises NotYours when they may not answer this."""
    rows = _members(approval).filter(user_id=user_id)
    member = rows.only("role", "user_id", "user__email").select_related("user").first()
    if member is None or not (_may(member) or user_id in _leads(approval)):
        raise NotYours("you may not answer this", fix="ask an owner, or the lead of the team")
    return f"user:{user_id} {member.user.email}"


def _members(approval: Approval) -> QuerySet[Membership]:
    rows = Membership.objects.filter(organization_id=approval.organization_id, user__is_active=True)
    return rows.filter(~logins.left())


def _may(member: Membership) -> bool:
    return member.role in (CompanyRole.OWNER, CompanyRole.FINANCE)


def _leads(approval: Approval) -> Iterable[int]:
    """The lead of the team, where they are a manager here."""
    managers = Membership.objects.filter(organization_id=approval.organization_id, role=CompanyRole.MANAGER)
    teams: QuerySet[Team] = Team.objects.filter(pk=approval.team_id, lead__user__isnull=False)
    leads = set(teams.values_list("lead__user_id", flat=True))
    return leads & set(managers.values_list("user_id", flat=True))


def _check_price(approval: Approval) -> None:
    now = ports.price_now(approval.organization_id, approval.kind, approval.subject_id)
    if now is not None and now > approval.amount_minor:
        was, price = money(approval.amount_minor, approval.currency), money(now, approval.currency)
        raise PriceRose(f"it costs {price} by now, not {was}", fix="refuse this one and have it asked again")


def _same(actor: str, user_id: int) -> bool:
    return actor.split(" ", maxsplit=1)[0] == f"user:{user_id}"


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

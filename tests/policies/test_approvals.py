"""Questions that a second person answers: once, in time, never their own, by link, page or Slack."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from slack_sdk.signature import SignatureVerifier

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.core.errors import BadInput
from simplane.core.foureyes import SecondPersonNeeded
from simplane.core.models import AuditEntry
from simplane.organizations.models import Organization, User
from simplane.policies import actions, approvals, company_settings, jobs, rule_acts, slack_buttons
from simplane.policies.errors import BadRule, NotOpen, NotYours, PriceRose
from simplane.policies.models import Approval
from simplane.policies.ports import ports
from simplane.policies.reading import settings_of
from simplane.policies.slack_buttons import NotSlack
from simplane.workforce.actions import leave, rejoin
from simplane.workforce.models import Team
from tests.companies import company, employee, team
from tests.policies.conftest import Time, member, purchase

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.fixture
def boss(acme: Organization) -> User:
    with tenancy.scope(acme.pk):
        rule_acts.make(acme.pk, "approval_above", {"amount_minor": 1000, "currency": "EUR"})
    return member(acme, "boss", "owner")


def test_a_granted_question_lets_the_purchase_through_up_to_its_amount(
    acme: Organization, boss: User, news: Callable[[], Any]
) -> None:
    asked = ask(acme)
    assert ask(acme).pk == asked.pk
    _, _, token = link(asked, boss)
    assert approvals.by_token(token) == (asked, boss.pk)
    assert approvals.by_token(token) == (asked, boss.pk), "looking at it decides nothing"
    assert reserve(acme, approved=True).words == "Nobody approved this."

    granted = approvals.decide(token, True, "", "fine")
    assert (granted.state, granted.decided_by, granted.reason) == ("granted", f"user:{boss.pk} {boss.email}", "fine")
    with pytest.raises(NotOpen, match="answered already"):
        approvals.decide(token, False, "")
    assert reserve(acme, approved=True, amount_minor=2000).words.endswith(
        "costs €20.00 now, and €19.00 was approved: ask again."
    )
    assert [reserve(acme).outcome, reserve(acme, approved=True).outcome] == ["needs_approval", "allow"]
    told = [(one["name"], one.get("subject_id")) for one in news()]
    assert told == [("ApprovalAsked", None), ("ApprovalGranted", "op_1")]
    with tenancy.scope(acme.pk):
        assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
            "policy.made",
            "approval.asked",
            "approval.decided",
        ]


def test_nobody_answers_their_own_question_or_another_ones_link(acme: Organization, boss: User) -> None:
    second = member(acme, "second", "finance")
    viewer = member(acme, "viewer", "viewer")
    stranger = member(company("beta"), "stranger", "owner")
    asked = ask(acme, by=boss)
    assert approvals.asked_now(asked.organization_id, asked.pk) == (asked, [second.pk])
    assert approvals.fresh_link(asked.organization_id, asked.pk, boss.pk) is None
    _, _, token = link(asked, second)
    with pytest.raises(NotYours, match="sent to somebody else"):
        approvals.decide(token, True, f"user:{boss.pk} {boss.email}")
    with pytest.raises(SecondPersonNeeded):
        approvals.decide_as(acme.pk, asked.public_id, boss.pk, approve=True)
    for other in (viewer, stranger):
        with pytest.raises(NotYours, match="you may not"):
            approvals.decide_as(acme.pk, asked.public_id, other.pk, approve=True)
    with pytest.raises(NotOpen):
        approvals.decide("guessed", True, "")
    with tenancy.scope(company("gamma").pk), pytest.raises(NotOpen):
        approvals.decide(token, True, "")
    person = employee(acme, "Sec Ond", email=second.email.upper(), user_name=second.email)
    with tenancy.scope(acme.pk):
        leave(person.public_id)
        with pytest.raises(NotOpen, match="no member here"):
            approvals.decide(token, True, "")
        with pytest.raises(NotYours, match="you may not"):
            approvals.decide_as(acme.pk, asked.public_id, second.pk, approve=True)
        assert approvals.asked_now(asked.organization_id, asked.pk) == (asked, [])
        rejoin(person.public_id)
    assert approvals.decide(token, False, f"user:{second.pk} {second.email}").state == "refused"


def test_the_lead_is_asked_first_then_all_then_it_expires(
    acme: Organization, boss: User, time: Time, news: Callable[[], Any]
) -> None:
    lead = member(acme, "lead", "manager")
    other = member(acme, "other", "manager")
    sales = team(acme, lead=employee(acme, "Lea Der", user=lead))
    asked = ask(acme, team_id=sales.pk)
    assert approvals.asked_now(asked.organization_id, asked.pk) == (asked, [lead.pk])
    with pytest.raises(NotYours):
        approvals.decide_as(acme.pk, asked.public_id, other.pk, approve=True)
    _, _, token = link(asked, lead)
    time.after(hours=24)
    assert [jobs.policies_due() for _ in range(2)] == [due(escalated=1), due()]
    assert approvals.asked_now(asked.organization_id, asked.pk) == (asked, [boss.pk])
    assert approvals.by_token(token) == (asked, lead.pk)
    time.after(hours=48)
    with pytest.raises(NotOpen):
        approvals.decide(token, True, "")
    assert jobs.policies_due() == due(expired=1)
    assert approvals.asked_now(asked.organization_id, asked.pk) is None
    names = [(one["name"], one.get("why")) for one in news()]
    assert names[-2:] == [("ApprovalAsked", None), ("ApprovalRefused", "nobody answered in time")]
    with tenancy.scope(acme.pk):
        assert Team.objects.get().lead.user_id == lead.pk


def test_a_price_that_rose_since_is_not_granted(acme: Organization, boss: User, lines: dict[int, Any]) -> None:
    asked = ask(acme)
    ports.price_now = lambda *_: 2100
    with pytest.raises(PriceRose, match=r"it costs €21\.00 by now, not €19\.00"):
        approvals.decide_as(acme.pk, asked.public_id, boss.pk, approve=True)
    ports.price_now = lambda *_: 1900
    with tenancy.scope(acme.pk):
        assert approvals.decide_as(acme.pk, asked.public_id, boss.pk, approve=True).state == "granted"


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_decides(time: Time) -> None:
    acme = company("acme")
    people = [member(acme, f"p{number}", "owner") for number in range(6)]
    asked = ask(acme)
    ready, said = threading.Barrier(6), list[str]()

    def decide(number: int) -> None:
        ready.wait()
        try:
            approvals.decide_as(acme.pk, asked.public_id, people[number].pk, approve=number % 2 == 0)
            said.append(people[number].email)
        except NotOpen:
            said.append("")
        connection.close()

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with tenancy.scope(acme.pk):
        decided = Approval.objects.get()
    assert [one for one in said if one] == [decided.decided_by.split(" ")[1]]


def test_a_press_in_slack_is_proved_and_its_bearer_known(acme: Organization, boss: User) -> None:
    asked = ask(acme)
    body = press(slack_buttons.GRANT, asked.public_id)
    with pytest.raises(NotSlack, match="signing secret"):
        slack_buttons.decide(acme.pk, signed(body), body)
    with tenancy.scope(acme.pk):
        company_settings.change(acme.pk, slack_signing_secret=SECRET, time_zone="Europe/Berlin")
        company_settings.change(acme.pk, approval_hours=48)
        for senseless in ({"time_zone": "Mars/Base"}, {"approval_hours": 0}, {"escalate_hours": 10_000}):
            with pytest.raises(BadRule):
                company_settings.change(acme.pk, **senseless)
        found = settings_of(acme.pk)
        assert (found.time_zone, found.approval_hours, found.escalate_hours) == ("Europe/Berlin", 48, 24)
    with pytest.raises(NotYours, match="Slack does not tell us who you are"):
        slack_buttons.decide(acme.pk, signed(body), body)
    company_settings.know_in_slack(acme.pk, boss.pk, "U2147483697")
    for user_id, slack_id in ((boss.pk, "boss"), (0, "U2147483698"), (member(acme, "x", "owner").pk, "U2147483697")):
        with pytest.raises(BadInput):
            company_settings.know_in_slack(acme.pk, user_id, slack_id)

    old = clock.now() - timedelta(minutes=6)
    for headers, sent in [
        (signed(body), body + b" "),
        (signed(body, at=old), body),
        ({**signed(body), "X-Slack-Signature": "v0=" + "0" * 64}, body),
        ({}, body),
    ]:
        with pytest.raises(NotSlack):
            slack_buttons.decide(acme.pk, headers, sent)
    for wrong in (b"payload=%7B", b"x=1", press("other", "x"), press(slack_buttons.GRANT, "x", kind="view_closed")):
        with pytest.raises(BadInput):
            slack_buttons.decide(acme.pk, signed(wrong), wrong)
    assert slack_buttons.decide(acme.pk, signed(body), body).state == "granted"
    with pytest.raises(NotOpen):
        slack_buttons.decide(acme.pk, signed(body), body)


def test_the_signature_is_the_one_of_slacks_own_example(time: Time) -> None:
    """The example of docs.slack.dev, verifying requests from Slack."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url="
        b"https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    time.at(clock.parse_time("2018-07-12T18:37:00Z"))
    headers = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    slack_buttons.verify(SECRET, headers, body)


def ask(of: Organization, *, by: User | None = None, **facts: Any) -> Approval:
    with tenancy.scope(of.pk), transaction():
        wanted = purchase(of, **facts)
        who = f"user:{by.pk} {by.email}" if by else "user:0 ana@acme.example"
        return actions.ask_approval("operation", "op_1", wanted, actions.check(wanted), who)


def link(asked: Approval, to: User) -> Any:
    found = approvals.fresh_link(asked.organization_id, asked.pk, to.pk)
    assert found is not None
    return found


def reserve(of: Organization, *, approved: bool = False, **facts: Any) -> Any:
    with tenancy.scope(of.pk), transaction():
        return actions.reserve(purchase(of, **facts), "op_1", approved=approved)


def due(**figures: int) -> dict[str, int]:
    return {"escalated": 0, "expired": 0, "alerts": 0, **figures}


def press(action: str, value: str, *, kind: str = "block_actions") -> bytes:
    payload = {"type": kind, "user": {"id": "U2147483697"}, "actions": [{"action_id": action, "value": value}]}
    return urlencode({"payload": json.dumps(payload)}).encode()


def signed(body: bytes, *, at: Any = None) -> dict[str, str]:
    stamp = str(int((at or clock.now()).timestamp()))
    made = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body)
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(made)}

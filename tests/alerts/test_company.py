"""Companies are told by their own ways: each telling once, signed where that is asked for, and questions with buttons."""

from __future__ import annotations

import asyncio

import pytest
from slack_sdk.models.blocks import Block
from standardwebhooks import Webhook

from sandbox.slack.vendor import HOOK
from simplane.alerts import company as telling
from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.core.errors import BadInput
from simplane.core.jobs import Temporary
from simplane.core.reach import AddressRefused
from simplane.organizations.models import Organization
from simplane.policies import alerting, approvals, routes
from simplane.policies.alert_models import Alert, AlertSent
from simplane.policies.models import Approval
from simplane.policies.values import Reason, Verdict
from simplane.webhooks.signing import new_secret
from tests.alerts.conftest import Channels
from tests.companies import company
from tests.policies.conftest import member, purchase
from tests.standins import free_port, receiving


@pytest.fixture
def acme(channels: Channels) -> Organization:
    channels.change(allow_loopback_targets=True)
    return company("acme")


def test_an_alert_goes_each_way_once_and_what_failed_is_tried_again(acme: Organization, channels: Channels) -> None:
    secret = new_secret()
    with receiving() as receiver:
        routes.add(acme.pk, "email", "it@acme.example", severity="info")
        routes.add(acme.pk, "slack", f"{channels.slack.url}/services/{HOOK}", kinds=["data_cap"])
        routes.add(acme.pk, "webhook", receiver.url, secret=secret)
        routes.add(acme.pk, "email", "billing@acme.example", kinds=["billing"])
        pk = raise_one(acme)
        receiver.answers.put(503)
        asyncio_all(acme, pk, 1, retries=1)
        asyncio_all(acme, pk, 1)
        asyncio_all(acme, pk, 1)

        (mail,) = channels.mails()
        assert (mail["To"], mail["Subject"]) == ("it@acme.example", "100 % of the data of <a> person is used")
        assert "http" in mail.get_content()
        (post,) = channels.posts()
        assert post["text"] == "100 % of the data of &lt;a&gt; person is used"
        _, second = receiver.take(2)
        body = Webhook(secret).verify(second.body, dict(second.headers))
        assert receiver.empty
        assert (body["kind"], body["severity"], body["count"]) == ("data_cap", "critical", 1)

        channels.after(hours=24)
        with transaction():
            assert alerting.escalate(pk, clock.now())
        asyncio_all(acme, pk, 1)
        asyncio_all(acme, pk, 2)
        assert sorted(str(one["To"]) for one in channels.mails()) == ["billing@acme.example"] + ["it@acme.example"] * 2
        assert channels.texts()[1].startswith("Still open: ")
    with tenancy.scope(acme.pk):
        assert set(AlertSent.objects.values_list("state", flat=True)) == {"told"}


def test_a_way_that_leads_nowhere_is_refused_or_given_up(acme: Organization, channels: Channels) -> None:
    for channel, target, refusal in [
        ("email", "nobody", BadInput),
        ("fax", "x@acme.example", BadInput),
        ("webhook", "ftp://acme.example", AddressRefused),
        ("webhook", "https://10.0.0.1/x", AddressRefused),
    ]:
        with pytest.raises(refusal):
            routes.add(acme.pk, channel, target)
    with pytest.raises(BadInput, match="kinds are"):
        routes.add(acme.pk, "email", "x@acme.example", kinds=["weather"])
    made = routes.add(acme.pk, "webhook", f"http://127.0.0.1:{free_port()}/hook?token=secret")
    assert "secret" not in made.shown
    pk = raise_one(acme)
    asyncio_all(acme, pk, 1, retries=1)
    channels.after(minutes=31)
    asyncio_all(acme, pk, 1)
    routes.remove(acme.pk, made.public_id)
    with tenancy.scope(acme.pk):
        assert [(one.state, one.problem) for one in AlertSent.objects.all()] == [("failed", "NotSent")]
        assert routes.matching(Alert.objects.get()) == []


def test_a_question_is_asked_by_mail_and_with_buttons(acme: Organization, channels: Channels) -> None:
    boss = member(acme, "boss", "owner")
    routes.add(acme.pk, "slack", f"{channels.slack.url}/services/{HOOK}", approvals=True, kinds=["billing"])
    verdict = Verdict("needs_approval", (Reason("approval_above", "It costs more than <€10.00>."),))
    with tenancy.scope(acme.pk), transaction():
        asked = approvals.ask("operation", "op_1", purchase(acme), verdict, "user:0 ana@acme.example")
    asyncio.run(telling.question(acme.pk, asked.pk))
    telling.question_mail(asked.organization_id, asked.pk, boss.pk)

    (post,) = channels.posts()
    assert post["text"] == "Please decide: Europe 5 GB for €19.00"
    assert "more than &lt;€10.00&gt;" in post["blocks"][1]["text"]["text"]
    buttons = post["blocks"][2]["elements"]
    assert [(one["action_id"], one["value"]) for one in buttons] == [
        ("approval.grant", asked.public_id),
        ("approval.refuse", asked.public_id),
    ]
    for block in post["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    (mail,) = channels.mails()
    assert mail["To"] == "Boss <boss@acme.example>"
    token = mail.get_content().partition("/approvals/")[2].partition("/")[0]
    assert approvals.decide(token, True, "").state == "granted"
    telling.question_mail(asked.organization_id, asked.pk, boss.pk)
    asyncio.run(telling.question(acme.pk, asked.pk))
    assert (len(channels.mails()), len(channels.posts())) == (1, 1)
    with tenancy.scope(acme.pk):
        assert Approval.objects.get().decided_by == f"user:{boss.pk} boss@acme.example"


def raise_one(of: Organization) -> int:
    raised = alerting.Raised(
        organization_id=of.pk,
        kind="data_cap",
        severity="critical",
        dedupe="cap:1",
        title="100 % of the data of <a> person is used",
        text="5 GB of 5 GB in 2026-11.",
    )
    with transaction():
        return alerting.raise_alert(raised)


def asyncio_all(of: Organization, alert_id: int, step: int, *, retries: int = 0) -> None:
    """What the jobs of one step do; so many of them ask to be tried again."""
    with transaction():
        due = routes.tellings(alert_id, step)
    again = 0
    for pk in due:
        try:
            asyncio.run(telling.send(of.pk, pk))
        except Temporary:
            again += 1
    assert again == retries

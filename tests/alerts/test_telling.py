"""How people are told: Slack within its limits, mail when Slack is dead, and nothing secret on the way."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.models.blocks import Block

from simplane.alerts import actions, slack
from simplane.alerts.models import Alert
from simplane.alerts.values import Notice
from simplane.core.db import transaction
from tests import factories
from tests.alerts.conftest import Channels


def raise_one(**given: Any) -> Alert:
    """One alert, not told yet."""
    fields = {"level": "critical", "title": "Trouble", "text": "", "link": ""} | given
    return Alert.objects.get(pk=actions.raise_alert("rule", fields.pop("subject", "x"), **fields))


def tell(alert: Alert) -> Alert:
    """Try to tell it now."""
    asyncio.run(actions.tell(alert.pk))
    alert.refresh_from_db()
    return alert


def test_slack_shows_what_is_known(channels: Channels) -> None:
    tell(raise_one(title="Float is low", text="Top it up.", link="https://simplane.example/console/suppliers/"))
    (post,) = channels.posts()
    assert post["text"] == "CRITICAL: Float is low"
    header, facts, text, key = post["blocks"]
    assert header["text"]["text"] == "CRITICAL: Float is low"
    assert [one["text"] for one in facts["fields"]] == [
        "*Times*\n1",
        "*First*\n2026-11-20 12:00:00Z",
        "*Last*\n2026-11-20 12:00:00Z",
        "*Open*\n<https://simplane.example/console/suppliers/|console>",
    ]
    assert (text["text"]["text"], key["elements"][0]["text"]) == ("Top it up.", "`rule:x`")


def test_nobody_can_shout_through_us(channels: Channels) -> None:
    tell(raise_one(title="<!channel> & <@U1>", text="<!here> <https://evil.example|click>", subject="<!everyone>"))
    (post,) = channels.posts()
    shown = [post["text"], post["blocks"][2]["text"]["text"], post["blocks"][3]["elements"][0]["text"]]
    assert shown == [
        "CRITICAL: &lt;!channel&gt; &amp; &lt;@U1&gt;",
        "&lt;!here&gt; &lt;https://evil.example|click&gt;",
        "`rule:&lt;!everyone&gt;`",
    ]


@pytest.mark.parametrize("letter", ["x", "&", "<", "Ü", "🚀"])
def test_whatever_its_length_slack_takes_it(channels: Channels, letter: str) -> None:
    tell(
        raise_one(title=letter * 5000, text=letter * 5000, link="https://x.example/?" + "&" * 500, subject=letter * 300)
    )
    (post,) = channels.posts()
    assert len(post["blocks"]) == 4
    for block in post["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    assert len(post["blocks"][0]["text"]["text"]) <= 150
    assert len(post["blocks"][2]["text"]["text"]) <= 3000


def test_no_escaped_character_is_cut_in_two() -> None:
    assert slack.cut("&amp;" * 3, 8) == "&amp;…"
    assert slack.cut("&amp;" * 3, 15) == "&amp;" * 3
    assert slack.cut("abcdef", 4) == "abc…"


def test_no_code_and_no_key_reaches_the_channel(channels: Channels) -> None:
    tell(raise_one(title="LPA:1$rsp.example.com$K2-1 failed", text='{"api_key": "K2-2"} Bearer K2-3-aaaaaaaa\x00'))
    assert "K2" not in str(channels.posts())
    assert "K2" not in str(Alert.objects.values().get())


@pytest.mark.parametrize("state", ["channel_is_archived", "channel_not_found", "invalid_token", "action_prohibited"])
def test_a_dead_slack_is_replaced_by_mail_at_once(channels: Channels, state: str) -> None:
    channels.slack.settings(state=state)
    alert = tell(raise_one(title="Überfällig", text="Bitte ansehen.", link="https://simplane.example/console/"))
    assert (alert.told_by, alert.due_at) == (["mail"], None)
    (mail,) = channels.mails()
    assert mail["Subject"] == "[Simplane] CRITICAL: Überfällig"
    assert mail["To"] == "ops@simplane.example"
    text = mail.get_content()
    assert "Bitte ansehen." in text
    assert "Open: https://simplane.example/console/" in text
    assert state in text
    assert "not-a-real-hook" not in mail.as_string()


def test_a_slack_that_keeps_failing_is_replaced_by_mail_at_the_third_try(channels: Channels) -> None:
    channels.slack.settings(state="rollup_error")
    alert = tell(raise_one())
    assert alert.due_at == channels.now + timedelta(seconds=30)
    for _ in range(2):
        assert channels.mails() == []
        channels.after(seconds=30)
        assert channels.tell_due() == 1
    alert.refresh_from_db()
    assert (alert.told_by, alert.attempts) == (["mail"], 0)
    assert len(channels.mails()) == 1
    assert channels.calls() == 3


def test_a_slack_nobody_can_reach_is_replaced_too(channels: Channels) -> None:
    channels.change(slack_webhook_url="http://127.0.0.1:9/services/T0/B0/shh-this-is-secret")
    alert = tell(raise_one())
    assert alert.problem == "Slack: URLError"
    for _ in range(2):
        channels.after(seconds=30)
        channels.tell_due()
    assert len(channels.mails()) == 1
    assert "shh-this-is-secret" not in str(channels.mails()[0])


def test_a_page_of_html_is_no_ok(channels: Channels) -> None:
    channels.slack.fault("post", "html", status=200)
    alert = tell(raise_one())
    assert alert.told_by == ["mail"]


def test_slack_is_left_alone_for_as_long_as_it_asks(channels: Channels) -> None:
    channels.slack.fault("post", "throttle", retry_after=90)
    first, second = raise_one(subject="a"), raise_one(subject="b")
    assert tell(first).due_at == channels.now + timedelta(seconds=90)
    second = tell(second)
    assert second.due_at is not None
    assert second.due_at > channels.now + timedelta(seconds=85)
    assert channels.calls() == 1
    slack.forget_pause()
    channels.after(seconds=91)
    assert channels.tell_due() == 2
    assert len(channels.posts()) == 2


def test_many_alerts_at_once_keep_slacks_pace(channels: Channels) -> None:
    channels.slack.settings(posts_per_second=1, burst=4)
    alerts = [raise_one(subject=str(n)) for n in range(6)]

    async def together() -> None:
        await asyncio.gather(*(actions.tell(alert.pk) for alert in alerts))

    asyncio.run(together())
    assert len(channels.posts()) == 6
    assert channels.calls() == 6


def test_without_slack_it_is_a_mail(channels: Channels) -> None:
    channels.change(slack_webhook_url="", alert_mail_to=["a@simplane.example", "b@simplane.example"])
    tell(raise_one())
    assert [one["To"] for one in channels.mails()] == ["a@simplane.example", "b@simplane.example"]
    assert "Slack is not set up" in channels.mails()[0].get_content()


def test_one_dead_address_does_not_hide_the_others(channels: Channels) -> None:
    channels.change(slack_webhook_url="", alert_mail_to=["bounce@simplane.example", "b@simplane.example"])
    alert = tell(raise_one())
    assert alert.told_by == ["mail"]
    assert "No such mailbox" in alert.problem


def test_when_nobody_can_be_told_it_is_tried_until_somebody_is(channels: Channels) -> None:
    channels.change(slack_webhook_url="", mail_url="smtp://127.0.0.1:9")
    alert = tell(raise_one())
    assert (alert.told_at, alert.attempts, alert.due_at) == (None, 1, channels.now + timedelta(seconds=60))
    channels.change(mail_url=f"smtp://127.0.0.1:{channels.smtp_port}")
    channels.after(seconds=60)
    assert channels.tell_due() == 1
    assert len(channels.mails()) == 1


def test_without_any_address_it_stays_owed(channels: Channels) -> None:
    channels.change(slack_webhook_url="", alert_mail_to=[])
    alert = tell(raise_one())
    assert (alert.told_at, alert.due_at) == (None, channels.now + timedelta(seconds=300))
    assert "SIMPLANE_ALERT_MAIL_TO is empty" in alert.problem


def test_a_subject_line_stays_one_line(channels: Channels) -> None:
    channels.change(slack_webhook_url="")
    tell(raise_one(title="Trouble\r\nBcc: all@simplane.example"))
    (mail,) = channels.mails()
    assert mail["Subject"] == "[Simplane] CRITICAL: Trouble Bcc: all@simplane.example"
    assert mail["Bcc"] is None


def test_nobody_is_told_inside_a_transaction(channels: Channels) -> None:
    notice = Notice.of(factories.alert())
    with transaction(), pytest.raises(RuntimeError, match="inside a transaction"):
        slack.post(notice)
    assert channels.calls() == 0

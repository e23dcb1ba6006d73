"""Slack by incoming webhook. Everything is cut to Slack's limits before sending; the address is a secret."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from slack_sdk.webhook import WebhookClient

from simplane.alerts.values import Notice, Telling
from simplane.core.db import refuse_inside_transaction

_HEADER, _SECTION, _FIELD = 150, 3000, 2000
"""Characters Slack accepts (docs.slack.dev, block kit)."""


def post(notice: Notice) -> Telling:
    """Post one notice. A repeat posts twice, which is better than nobody knowing."""
    url: str = settings.SIMPLANE.slack_webhook_url
    if not url:
        return Telling(told=False, problem="Slack is not set up")
    refuse_inside_transaction("a post to Slack")
    try:
        answer = WebhookClient(url, timeout=10).send(text=escape(notice.headline)[:_SECTION], blocks=blocks(notice))
    except Exception as error:
        return Telling(told=False, retry=True, retry_after=30, problem=f"Slack: {type(error).__name__}")
    if answer.status_code == 200:
        return Telling(told=True)
    if answer.status_code == 429 or answer.status_code >= 500:
        wait = str(answer.headers.get("Retry-After", "30"))
        return Telling(
            told=False,
            retry=True,
            retry_after=float(wait) if wait.isdigit() else 30.0,
            problem=f"Slack answered {answer.status_code}",
        )
    return Telling(told=False, problem=f"Slack refuses: {answer.status_code} {answer.body[:80]}")


def blocks(notice: Notice) -> list[dict[str, Any]]:
    """Header, facts, text, context; never more than a handful of blocks."""
    made: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(notice.headline, _HEADER), "emoji": False}}
    ]
    facts = [("Times", str(notice.count)), ("First", notice.first_at), ("Last", notice.last_at)]
    if notice.link:
        facts.append(("Open", f"<{notice.link}|console>"))
    made.append({"type": "section", "fields": [_field(name, value) for name, value in facts]})
    if notice.text:
        made.append({"type": "section", "text": {"type": "mrkdwn", "text": cut(escape(notice.text), _SECTION)}})
    made.append({"type": "context", "elements": [{"type": "mrkdwn", "text": cut(f"`{escape(notice.key)}`", _FIELD)}]})
    return made


def _field(name: str, value: str) -> dict[str, str]:
    shown = value if value.startswith("<http") else escape(value)
    return {"type": "mrkdwn", "text": cut(f"*{name}*\n{shown}", _FIELD)}


def escape(text: str) -> str:
    """The three characters Slack gives a meaning; makes `<!channel>` in somebody's name harmless."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, most: int) -> str:
    """At most `most` characters; Slack refuses the whole message otherwise."""
    return text if len(text) <= most else text[: most - 1] + "…"

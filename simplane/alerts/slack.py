"""Slack by incoming webhook. Everything is cut to Slack's limits before sending; the address is a secret."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from django.conf import settings

from simplane.alerts.values import Notice, Telling
from simplane.core.db import refuse_inside_transaction
from simplane.core.late import Late

if TYPE_CHECKING:
    from slack_sdk import webhook
else:
    webhook = Late("slack_sdk.webhook")

_HEADER, _SECTION, _FIELD = 150, 3000, 2000
"""Characters Slack accepts (docs.slack.dev, block kit); one over and nothing of a message is shown."""
_TIMEOUT_SECONDS = 10
_LONGEST_PAUSE = 900.0
_ENTITY_CUT_OFF = re.compile(r"&[a-z]{0,3}$")
_quiet_until = 0.0
"""Monotonic time until which Slack asked this process to be quiet."""


def post(notice: Notice) -> Telling:
    """Post one notice. A repeat posts twice, which is better than nobody knowing."""
    url: str = settings.SIMPLANE.slack_webhook_url
    if not url:
        return Telling(told=False, problem="Slack is not set up")
    refuse_inside_transaction("a post to Slack")
    quiet = _quiet_until - time.monotonic()
    if quiet > 0:
        return Telling(told=False, retry=True, retry_after=quiet, problem="Slack asked us to wait")
    try:
        client = webhook.WebhookClient(url, timeout=_TIMEOUT_SECONDS, retry_handlers=[])
        answer = client.send(text=cut(escape(notice.headline), _SECTION), blocks=blocks(notice))
    except Exception as error:
        # Its text may hold the address.
        return Telling(told=False, retry=True, problem=f"Slack: {type(error).__name__}")
    return _judged(answer)


def _judged(answer: webhook.WebhookResponse) -> Telling:
    global _quiet_until  # noqa: PLW0603  one channel, one pause
    said = " ".join(str(answer.body).split())[:80]
    if answer.status_code == 200 and said == "ok":
        return Telling(told=True)
    if answer.status_code == 429:
        pause = _retry_after(answer)
        _quiet_until = time.monotonic() + pause
        return Telling(told=False, retry=True, retry_after=pause, problem="Slack answered 429")
    if answer.status_code >= 500:
        return Telling(told=False, retry=True, problem=f"Slack answered {answer.status_code}")
    return Telling(told=False, problem=f"Slack refuses: {answer.status_code} {said}")


def _retry_after(answer: webhook.WebhookResponse) -> float:
    """Seconds; header names come in any case."""
    found = {str(name).lower(): str(value) for name, value in answer.headers.items()}.get("retry-after", "")
    return min(float(found), _LONGEST_PAUSE) if found.isdigit() else 30.0


def blocks(notice: Notice) -> list[dict[str, Any]]:
    """Header, facts, text, context; never more than a handful of blocks."""
    made: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(notice.headline, _HEADER), "emoji": False}}
    ]
    facts = [_field("Times", str(notice.count)), _field("First", notice.first_at), _field("Last", notice.last_at)]
    if notice.link:
        facts.append({"type": "mrkdwn", "text": f"*Open*\n<{escape(notice.link)}|console>"})
    made.append({"type": "section", "fields": facts})
    if notice.text:
        made.append({"type": "section", "text": {"type": "mrkdwn", "text": cut(escape(notice.text), _SECTION)}})
    made.append({"type": "context", "elements": [{"type": "mrkdwn", "text": cut(f"`{escape(notice.key)}`", _FIELD)}]})
    return made


def _field(name: str, value: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": cut(f"*{name}*\n{escape(value)}", _FIELD)}


def escape(text: str) -> str:
    """The three characters Slack gives a meaning; makes `<!channel>` in somebody's name harmless."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, most: int) -> str:
    """At most `most` characters, no escaped character cut in two; Slack refuses the whole message otherwise."""
    return text if len(text) <= most else _ENTITY_CUT_OFF.sub("", text[: most - 1]) + "…"


def forget_pause() -> None:
    """Talk to Slack again at once (a new address was set)."""
    global _quiet_until  # noqa: PLW0603
    _quiet_until = 0.0

"""What companies read: alerts and questions as mail, Slack blocks and JSON, cut to what each of them takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simplane.alerts.slack import cut, escape
from simplane.policies.alert_models import Alert
from simplane.policies.models import Approval
from simplane.policies.slack_buttons import GRANT, REFUSE
from simplane.policies.words import money

_HEADER, _SECTION, _BUTTON = 150, 3000, 75
"""Characters Slack accepts (docs.slack.dev, block kit)."""
_ALERT = """Hello,

{title}.

{text}

First seen {first:%Y-%m-%d %H:%M} UTC, {count} so far. Look at it, and say that you have it:

{link}

{company} chose to be told of such things here; an owner can change that in Settings.
"""
_DIGEST = """Hello,

{parts}
Look at them, and say what you have:

{link}

You asked {company} for this mail every morning; on the same page you end it.
"""
_QUESTION = """Hello,

{who} asks for “{what}” for {price}.

Why you are asked: {why}

Look at it and decide, before {until:%-d %B %Y %H:%M} UTC:

{link}

Opening the link decides nothing. It is yours alone: do not pass it on.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of what happened, a line each, and how much there is in all."""

    shown: list[str]
    total: int


def mail_alert(alert: Alert, company: str, link: str) -> tuple[str, str]:
    """Subject and text."""
    text = _ALERT.format(
        title=alert.title, text=alert.text, first=alert.first_at, count=alert.count, link=link, company=company
    )
    return f"{_head(alert)}", text


def slack_alert(alert: Alert, link: str) -> dict[str, object]:
    """A message with a link, no buttons."""
    head = _head(alert)
    blocks = [_header(head), _section(f"{escape(alert.text)}\n<{escape(link)}|Open>")]
    return {"text": cut(escape(head), _SECTION), "blocks": blocks}


def webhook_alert(alert: Alert, link: str) -> dict[str, object]:
    """The body of a webhook. `count`: how often it was seen since `first_at`."""
    return {
        "type": "alert.raised",
        "id": alert.public_id,
        "kind": alert.kind,
        "severity": alert.severity,
        "title": alert.title,
        "text": alert.text,
        "count": alert.count,
        "first_at": alert.first_at.isoformat(),
        "last_at": alert.last_at.isoformat(),
        "escalated": alert.escalated_at is not None,
        "link": link,
    }


def mail_question(asked: Approval, link: str) -> tuple[str, str]:
    """Subject and text of a question; the link opens a page that decides nothing by itself."""
    what, price = str(asked.facts.get("plan_name", "")), money(asked.amount_minor, asked.currency)
    text = _QUESTION.format(who=_who(asked), what=what, price=price, why=_why(asked), until=asked.expires_at, link=link)
    return f"Please decide: {what} for {price}", text


def mail_digest(company: str, going_on: Part, over: Part, ended: Part, link: str) -> tuple[str, str]:
    """Subject and text of the daily mail; what there is nothing of is left out."""
    parts = [("Going on", going_on), ("Over since the last mail", over), ("Lines that ended", ended)]
    text = "\n".join(_listed(title, part) for title, part in parts if part.total)
    subject = f"{company}: {going_on.total} alert{'' if going_on.total == 1 else 's'} going on"
    return subject, _DIGEST.format(parts=text, link=link, company=company)


def slack_question(asked: Approval, address: str) -> dict[str, object]:
    """A question with two buttons. What a press says is proved by Slack's signature, not by the message."""
    what, price = str(asked.facts.get("plan_name", "")), money(asked.amount_minor, asked.currency)
    head = f"Please decide: {what} for {price}"
    asks = (
        f"{escape(_who(asked))} asks for “{escape(what)}” for {price}.\n{escape(_why(asked))}\n<{escape(address)}|Open>"
    )
    buttons = [
        _button("Approve", GRANT, asked.public_id, "primary"),
        _button("Refuse", REFUSE, asked.public_id, "danger"),
    ]
    blocks = [_header(head), _section(asks), {"type": "actions", "elements": buttons}]
    return {"text": cut(escape(head), _SECTION), "blocks": blocks}


def _listed(title: str, part: Part) -> str:
    more = part.total - len(part.shown)
    rows = [*part.shown, *([f"and {more} more"] if more else [])]
    return f"{title}: {part.total}\n" + "".join(f"- {one}\n" for one in rows)


def _head(alert: Alert) -> str:
    return f"{'Still open: ' if alert.escalated_at else ''}{alert.title}"


def _who(asked: Approval) -> str:
    """Without the number by which we know them."""
    return asked.asked_by.partition(" ")[2] or asked.asked_by


def _why(asked: Approval) -> str:
    return " ".join(str(one["words"]) for one in asked.reasons)


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, _HEADER), "emoji": False}}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, _SECTION)}}


def _button(text: str, action: str, value: str, style: str) -> dict[str, Any]:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": cut(text, _BUTTON)},
        "action_id": action,
        "value": value,
        "style": style,
    }

"""Alerts by e-mail: when Slack is not set up, or when Slack itself is dead."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr

from django.conf import settings

from simplane.alerts.values import Notice, Telling
from simplane.core import clock
from simplane.core.db import refuse_inside_transaction
from simplane.delivery import smtp
from simplane.delivery.values import Accepted, Envelope

_SEVEN_BITS = policy.SMTP.clone(cte_type="7bit")


def post(notice: Notice, *, why_not_slack: str) -> Telling:
    """Send one notice to each of SIMPLANE_ALERT_MAIL_TO; told when one of them was reached."""
    to: list[str] = settings.SIMPLANE.alert_mail_to
    if not to:
        problem = f"{why_not_slack}; nobody to mail: SIMPLANE_ALERT_MAIL_TO is empty"
        return Telling(told=False, retry=True, retry_after=300, problem=problem)
    refuse_inside_transaction("a mail")
    try:
        outcomes = [smtp.post(_envelope(notice, one, why_not_slack)) for one in to]
    finally:
        smtp.close()
    failed = "; ".join(f"mail: {one.reason}" for one in outcomes if not isinstance(one, Accepted))
    problem = "; ".join(part for part in (why_not_slack, failed) if part)
    if any(isinstance(one, Accepted) for one in outcomes):
        return Telling(told=True, problem=problem)
    return Telling(told=False, retry=True, retry_after=60, problem=problem)


def _envelope(notice: Notice, to: str, why_not_slack: str) -> Envelope:
    data = _message(notice, to, why_not_slack).as_bytes()
    return Envelope(sender=parseaddr(settings.SIMPLANE.mail_from)[1], recipient=to, data=data)


def _message(notice: Notice, to: str, why_not_slack: str) -> EmailMessage:
    message = EmailMessage(policy=_SEVEN_BITS)
    message["From"] = settings.SIMPLANE.mail_from
    message["To"] = to
    message["Subject"] = " ".join(f"[Simplane] {notice.headline}".split())
    message["Date"] = formatdate(clock.now().timestamp())
    message["Message-ID"] = make_msgid(domain=parseaddr(settings.SIMPLANE.mail_from)[1].rpartition("@")[2] or None)
    message["Auto-Submitted"] = "auto-generated"
    lines = [
        notice.headline,
        "",
        *([notice.text, ""] if notice.text else []),
        f"Times: {notice.count} (first {notice.first_at}, last {notice.last_at})",
        *([f"Open: {notice.link}"] if notice.link else []),
        f"Key: {notice.key}",
        "",
        f"(By mail because: {why_not_slack}.)",
    ]
    message.set_content("\n".join(lines))
    return message

"""Alerts by e-mail: when Slack is not set up, or when Slack itself is dead."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from django.conf import settings

from simplane.alerts.values import Notice, Telling
from simplane.core.db import refuse_inside_transaction

_PORTS = {"smtp": 25, "smtps": 465, "smtp+tls": 587}


def post(notice: Notice, *, why_not_slack: str) -> Telling:
    """Send one notice to SIMPLANE_ALERT_MAIL_TO."""
    to: list[str] = settings.SIMPLANE.alert_mail_to
    if not to:
        return Telling(told=False, retry=True, retry_after=300, problem="nobody to mail: SIMPLANE_ALERT_MAIL_TO is empty")
    refuse_inside_transaction("a mail")
    try:
        with _server() as server:
            server.send_message(_message(notice, to, why_not_slack))
    except (OSError, smtplib.SMTPException) as error:
        return Telling(told=False, retry=True, retry_after=60, problem=f"{why_not_slack}; mail: {type(error).__name__}")
    return Telling(told=True, problem=why_not_slack)


def _message(notice: Notice, to: list[str], why_not_slack: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = settings.SIMPLANE.mail_from
    message["To"] = ", ".join(to)
    message["Subject"] = " ".join(f"[Simplane] {notice.headline}".split())
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="alerts.simplane")
    lines = [
        notice.headline,
        "",
        notice.text,
        "",
        f"Times: {notice.count} (first {notice.first_at}, last {notice.last_at})",
        f"Open: {notice.link}" if notice.link else "",
        f"Key: {notice.key}",
        "",
        f"(By mail because: {why_not_slack}.)",
    ]
    message.set_content("\n".join(lines))
    return message


def _server() -> smtplib.SMTP:
    parts = urlsplit(settings.SIMPLANE.mail_url)
    host, port = parts.hostname or "127.0.0.1", parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=15, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=15)
        if parts.scheme == "smtp+tls":
            server.starttls(context=context)
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server

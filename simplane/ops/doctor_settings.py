"""The settings, and the parties they name: mail server, Slack, traces, error reports."""

from __future__ import annotations

import os
import smtplib
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings as django_settings

from simplane.config.env import DEFAULT_SECRET, Env, unknown
from simplane.delivery.smtp import Server, server
from simplane.ops import static_files
from simplane.ops.doctor_machine import Said

SECONDS = 5
EXAMPLE = (".example", ".invalid", ".test")


def _env() -> Env:
    found: Env = django_settings.SIMPLANE
    return found


def settings() -> Iterator[Said]:
    """What is set and should not be so, or is not set and should be."""
    env = _env()
    yield "ok", f"environment: {env.environment}", ""
    for name in unknown(os.environ):
        yield "warn", f"{name} is no setting of ours", "is it misspelt? docs and `simplane/config/env.py` list all"
    if env.secret_key == DEFAULT_SECRET:
        yield "note", "SIMPLANE_SECRET_KEY is the default", "set your own before anything real is stored"
    if env.clock_freeze or env.clock_shift_seconds:
        yield "warn", "the clock is frozen or shifted by a setting", "unset SIMPLANE_CLOCK_FREEZE and _SHIFT_SECONDS"
    if not env.production and "*" in env.allowed_hosts:
        yield "warn", "SIMPLANE_ALLOWED_HOSTS is *: companies' hosts show our own pages", "name our own hosts"
    if env.debug:
        yield "warn", "SIMPLANE_DEBUG is on: pages of errors show settings", "switch it off when others can reach it"
    if env.production:
        yield from _production(env)


def _production(env: Env) -> Iterator[Said]:
    host = urlsplit(env.base_url).hostname or ""
    if not any(_matches(host, one) for one in env.allowed_hosts):
        yield "fail", f"SIMPLANE_BASE_URL names {host}, which SIMPLANE_ALLOWED_HOSTS refuses", "add it there"
    if any(address.rpartition("@")[2].endswith(EXAMPLE) for address in env.alert_mail_to) or not env.alert_mail_to:
        yield "fail", "SIMPLANE_ALERT_MAIL_TO names nobody real", "set the address of whoever must know"
    if env.mail_from.rstrip(">").endswith(EXAMPLE):
        yield "fail", "SIMPLANE_MAIL_FROM is an example", "set the sender that your domain's SPF and DKIM cover"
    if not env.trusted_proxies:
        fix = (
            "put one in front that ends TLS, buffers requests and sets X-Forwarded-For and -Proto, and name its address"
        )
        yield (
            "warn",
            "SIMPLANE_TRUSTED_PROXIES names no proxy: slow clients hold threads, all callers look like one",
            fix,
        )
    if static_files.up_to_date(env.static_root):
        yield "ok", "the files of the pages are made from this version", ""
    else:
        yield (
            "warn",
            "the files of the pages are missing or of another version",
            "start `simplane web` anew: it makes them",
        )
    if not env.slack_webhook_url:
        yield "note", "alerts go by mail only", "set SIMPLANE_SLACK_WEBHOOK_URL to have them in Slack"
    if not env.metrics_token:
        yield "note", "/metrics answers only to this machine", "set SIMPLANE_METRICS_TOKEN for a Prometheus elsewhere"


def _matches(host: str, allowed: str) -> bool:
    return host == allowed or (allowed.startswith(".") and (host + "/").endswith(allowed + "/"))


def mail() -> Iterator[Said]:
    """Whether the mail server lets us in; nothing is sent."""
    wanted = server(_env().mail_url)
    try:
        _knock(wanted)
    except (OSError, smtplib.SMTPException) as problem:
        said = str(problem) or type(problem).__name__
        yield (
            "fail",
            f"the mail server {wanted!r} does not serve us: {said}",
            "look at SIMPLANE_MAIL_URL and the server",
        )
    else:
        yield "ok", f"the mail server {wanted!r} answers" + (" and knows us" if wanted.user else ""), ""


def _knock(wanted: Server) -> None:
    context = ssl.create_default_context()
    if wanted.scheme == "smtps":
        client: smtplib.SMTP = smtplib.SMTP_SSL(wanted.host, wanted.port, timeout=SECONDS, context=context)
    else:
        client = smtplib.SMTP(wanted.host, wanted.port, timeout=SECONDS)
    with client:
        if wanted.scheme == "smtp+tls":
            client.starttls(context=context)
        if wanted.user:
            client.login(wanted.user, wanted.password)
        client.noop()


def others() -> Iterator[Said]:
    """Slack, collector and error tracker: whether a connection can be made. Nothing is posted."""
    env = _env()
    named = {
        "Slack": env.slack_webhook_url,
        "the OpenTelemetry collector": env.otlp_endpoint,
        "Sentry": env.sentry_dsn,
    }
    for name, address in named.items():
        if not address:
            continue
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname or "", port), SECONDS).close()
        except OSError as problem:
            said = problem.strerror or type(problem).__name__
            yield "warn", f"{name} at {parts.hostname}:{port} can not be reached: {said}", "look at the address"
        else:
            yield "ok", f"{name} at {parts.hostname}:{port} can be reached", ""

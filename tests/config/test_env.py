"""A wrong setting stops the start with one clear line and exit code 2, and never shows its value."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simplane.config import env

ROOT = Path(__file__).resolve().parents[2]
STEPS = ": four growing numbers of seconds are needed, for example 30,60,300,900"
ADDRESS = " must be an http:// or https:// address"
COMPANIES = (
    "SIMPLANE_ALLOWED_HOSTS must name no host of companies (*, or below SIMPLANE_COMPANY_DOMAIN):"
    " our own pages would be served there"
)
PRODUCTION = {
    "SIMPLANE_ENVIRONMENT": "production",
    "SIMPLANE_SECRET_KEY": "a-secret-of-this-house-and-of-no-other",
    "SIMPLANE_ALLOW_STAND_INS": "false",
    "SIMPLANE_ALLOWED_HOSTS": "esim.example",
    "SIMPLANE_BASE_URL": "https://esim.example",
    "DATABASE_URL": "postgresql://simplane:db-password@db.example/simplane",
}


def refusal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: dict[str, str]
) -> list[str]:
    """What a start with exactly these variables says before it ends with exit code 2."""
    only(monkeypatch, variables)
    with pytest.raises(SystemExit) as ended:
        env.read()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert not any(value in said for value in variables.values() if len(value) > 12)
    return said.splitlines()


def only(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name in list(os.environ):
        if name.startswith("SIMPLANE_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("SIMPLANE_DEBUG", "true", "SIMPLANE_DEBUG must be off in production"),
        ("SIMPLANE_SECRET_KEY", env.DEFAULT_SECRET, "SIMPLANE_SECRET_KEY is the default: set a secret of your own"),
        ("SIMPLANE_ALLOW_STAND_INS", "true", "SIMPLANE_ALLOW_STAND_INS must be false in production"),
        ("SIMPLANE_ALLOWED_HOSTS", "esim.example, *", COMPANIES),
        ("SIMPLANE_ALLOWED_HOSTS", "esim.example, acme.localhost", COMPANIES),
        ("SIMPLANE_ALLOWED_HOSTS", ".localhost", COMPANIES),
        ("SIMPLANE_COMPANY_DOMAIN", "example", COMPANIES),
        (
            "SIMPLANE_ALLOW_LOOPBACK_TARGETS",
            "true",
            "SIMPLANE_ALLOW_LOOPBACK_TARGETS must be false where others can reach this installation",
        ),
        ("DATABASE_URL", "", "DATABASE_URL is missing: production never uses the embedded database"),
        ("SIMPLANE_ALLOWED_HOSTS", "", "SIMPLANE_ALLOWED_HOSTS is empty"),
        ("SIMPLANE_BASE_URL", "http://esim.example", "SIMPLANE_BASE_URL must be https:// in production"),
        ("SIMPLANE_CLOCK_FREEZE", "2026-11-20T12:00:00Z", "the clock can not be moved in production"),
        ("SIMPLANE_CLOCK_SHIFT_SECONDS", "-60", "the clock can not be moved in production"),
        ("SIMPLANE_REQUIRE_MFA", "false", "SIMPLANE_REQUIRE_MFA can not be switched off in production"),
    ],
)
def test_production_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, line: str
) -> None:
    assert refusal(monkeypatch, capsys, PRODUCTION | {name: value}) == [f"settings: {line}"]


def test_staging_refuses_the_default_secret_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(monkeypatch, capsys, {"SIMPLANE_ENVIRONMENT": "staging"}) == [
        "settings: SIMPLANE_SECRET_KEY is the default: set a secret of your own"
    ]


def test_production_refuses_what_nobody_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = refusal(monkeypatch, capsys, {"SIMPLANE_ENVIRONMENT": "production"})
    assert [line.split()[1] for line in lines] == [
        "SIMPLANE_SECRET_KEY",
        "SIMPLANE_ALLOW_STAND_INS",
        "DATABASE_URL",
        "SIMPLANE_ALLOWED_HOSTS",
        "SIMPLANE_BASE_URL",
    ]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("SIMPLANE_ENVIRONMENT", "prod", ": Input should be 'development', 'test', 'staging' or 'production'"),
        ("SIMPLANE_SECRET_KEY", "short", ": String should have at least 32 characters"),
        ("SIMPLANE_DEBUG", "perhaps", ": Input should be a valid boolean, unable to interpret input"),
        ("DATABASE_URL", "mysql://root:db-password-1@db/simplane", f" must be {env.DATABASE_FORM}"),
        ("DATABASE_URL", "postgresql://u:db-password-1@db:port/simplane", f" must be {env.DATABASE_FORM}"),
        ("SIMPLANE_MAIL_URL", "http://mail.example", f" must be {env.MAIL_FORM}"),
        ("SIMPLANE_MAIL_URL", "smtp://u:mail-password@mail:port", f" must be {env.MAIL_FORM}"),
        ("SIMPLANE_BASE_URL", "esim.example", ADDRESS),
        ("SIMPLANE_SLACK_WEBHOOK_URL", "hooks.slack.com/services/T/B/x", ADDRESS),
        ("SIMPLANE_SENTRY_DSN", "not-an-address-at-all", ADDRESS),
        ("SIMPLANE_OTLP_ENDPOINT", "grpc://collector:4317", ADDRESS),
        ("SIMPLANE_METRICS_TOKEN", "tooshort", " must have 16 characters or more"),
        ("SIMPLANE_WORKER_METRICS_PORT", "70000", ": Input should be less than or equal to 65535"),
        ("SIMPLANE_WEB_WORKERS", "0", ": Input should be greater than 0"),
        ("SIMPLANE_LOG_FORMAT", "xml", ": Input should be 'auto', 'json' or 'console'"),
        ("SIMPLANE_CLOCK_FREEZE", "noon", ": Input should be a valid datetime or date, input is too short"),
        ("SIMPLANE_DELIVERY_CLOCK_SECONDS", "30,60", STEPS),
        ("SIMPLANE_DELIVERY_CLOCK_SECONDS", "30,300,60,900", STEPS),
    ],
)
def test_every_start_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, line: str
) -> None:
    assert refusal(monkeypatch, capsys, {name: value}) == [f"settings: {name}{line}"]


def test_production_with_everything_set_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, PRODUCTION)
    found = env.read()
    assert (found.production, found.json_logs, found.allowed_hosts) == (True, True, ["esim.example"])


def test_a_newcomer_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, {})
    found = env.read()
    assert (found.environment, found.json_logs, found.delivery_clock_seconds) == (
        "development",
        False,
        (30, 60, 300, 900),
    )


@pytest.mark.parametrize("written", ["a.example,b.example", " a.example , b.example ", '["a.example", "b.example"]'])
def test_lists_are_written_as_people_do(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    only(monkeypatch, {"SIMPLANE_ALLOWED_HOSTS": written, "SIMPLANE_DELIVERY_CLOCK_SECONDS": "1,2,3,4"})
    found = env.read()
    assert (found.allowed_hosts, found.delivery_clock_seconds) == (["a.example", "b.example"], (1, 2, 3, 4))


def test_the_clock_is_frozen_by_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, {"SIMPLANE_CLOCK_FREEZE": "2026-11-20T12:00:00Z"})
    assert env.read().clock_freeze == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_secrets_are_known_so_that_they_can_be_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "SIMPLANE_METRICS_TOKEN": "metrics-token-0001",
        "SIMPLANE_SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T/B/x",
        "SIMPLANE_SENTRY_DSN": "https://key@sentry.example/1",
        "SIMPLANE_MAIL_URL": "smtp://user:mail%40password@mail.example",
    }
    only(monkeypatch, PRODUCTION | secrets)
    found = env.read().secret_texts
    assert {"metrics-token-0001", "db-password", "mail%40password", "mail@password"} < set(found)
    assert PRODUCTION["SIMPLANE_SECRET_KEY"] in found


def test_a_slip_of_the_pen_is_found() -> None:
    written = {"SIMPLANE_ALOW_STAND_INS": "false", "SIMPLANE_DEBUG": "1", "SIMPLANE_SPECS": "x", "PATH": "x"}
    assert env.unknown(written) == ["SIMPLANE_ALOW_STAND_INS"]


@pytest.mark.parametrize("command", ["web", "worker", "migrate"])
def test_commands_do_not_start(command: str, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIMPLANE_")}
    variables = {**kept, **PRODUCTION, "SIMPLANE_DEBUG": "true", "SIMPLANE_STATE_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "simplane.cli", command],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == "settings: SIMPLANE_DEBUG must be off in production\n"
    assert ended.stdout == ""

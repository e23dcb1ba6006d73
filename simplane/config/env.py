"""Typed settings, read from the environment once. A wrong one stops the start with a line that says which and why."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, PositiveInt, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_SECRET = "development-only-secret-never-used-in-production"  # noqa: S105  refused by a production start


class Env(BaseSettings):
    """Every setting, its variable being SIMPLANE_ + the name in capitals (DATABASE_URL also without the prefix)."""

    model_config = SettingsConfigDict(env_prefix="SIMPLANE_", extra="ignore", frozen=True, populate_by_name=True)

    environment: Literal["development", "test", "staging", "production"] = "development"
    debug: bool = False
    secret_key: str = Field(default=DEFAULT_SECRET, min_length=32)
    previous_secret_keys: list[str] = []
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    state_dir: Path = ROOT / ".simplane"
    base_url: str = "http://127.0.0.1:8000"
    allowed_hosts: list[str] = []
    trusted_proxies: list[str] = []
    """Addresses of our own proxies; only from them is X-Forwarded-For believed."""
    allow_stand_ins: bool = True
    """Stand-in suppliers and shops (sandbox/) may be used; a production start refuses True."""

    mail_url: str = "smtp://127.0.0.1:8025"
    mail_from: str = "Simplane <esim@simplane.example>"
    alert_mail_to: list[str] = ["ops@simplane.example"]
    slack_webhook_url: str = ""
    sentry_dsn: str = ""
    otlp_endpoint: str = ""
    """Base address of an OpenTelemetry collector (OTLP over HTTP), for example http://127.0.0.1:4318. Empty: no traces."""
    metrics_token: str = ""
    """Whoever shows it as `Authorization: Bearer …` may read /metrics from elsewhere; this machine may always."""
    worker_metrics_port: int = Field(default=0, ge=0, le=65_535)
    """A port for the worker's own /metrics and /healthz. 0: its figures are part of the web process' /metrics."""
    log_format: Literal["json", "console"] = Field(
        default_factory=lambda known: "json" if known.get("environment") == "production" else "console"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    clock_freeze: datetime | None = None
    clock_shift_seconds: int = 0

    web_workers: PositiveInt = 2
    web_threads: PositiveInt = 16
    worker_concurrency: PositiveInt = 240
    worker_db_threads: PositiveInt = 6
    max_webhook_bytes: PositiveInt = 4 * 1024 * 1024
    delivery_clock_seconds: tuple[int, int, int, int] = (30, 60, 300, 900)
    """Late after: shown as late, customer told, a person paged, refund proposed (or done, by shop setting)."""
    require_mfa: bool = True
    """The console asks every member of staff for a second factor."""

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def secret_texts(self) -> list[str]:
        """Every value here that must appear in no log line, page or report."""
        passwords = [urlsplit(address).password or "" for address in (self.database_url, self.mail_url)]
        whole = [
            self.secret_key,
            *self.previous_secret_keys,
            self.metrics_token,
            self.slack_webhook_url,
            self.sentry_dsn,
        ]
        return [text for text in [*whole, *passwords, *map(unquote, passwords)] if text]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = list(self._always_wrong()) + (list(self._wrong_in_production()) if self.production else [])
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _always_wrong(self) -> list[str]:
        found = []
        if self.database_url and urlsplit(self.database_url).scheme not in ("postgres", "postgresql"):
            found.append("DATABASE_URL must start with postgresql://")
        if urlsplit(self.mail_url).scheme not in ("smtp", "smtps", "smtp+tls"):
            found.append("SIMPLANE_MAIL_URL must be smtp://, smtps:// or smtp+tls://user:password@host:port")
        if self.metrics_token and len(self.metrics_token) < 16:
            found.append("SIMPLANE_METRICS_TOKEN must have 16 characters or more")
        addresses = {name: getattr(self, name) for name in ("otlp_endpoint", "sentry_dsn", "slack_webhook_url")}
        found += [
            f"SIMPLANE_{name.upper()} must be an http:// or https:// address"
            for name, value in addresses.items()
            if value and not (urlsplit(value).scheme in ("http", "https") and urlsplit(value).hostname)
        ]
        if list(self.delivery_clock_seconds) != sorted(self.delivery_clock_seconds):
            found.append("SIMPLANE_DELIVERY_CLOCK_SECONDS must grow from step to step")
        return found

    def _wrong_in_production(self) -> list[str]:
        checks = [
            (self.debug, "SIMPLANE_DEBUG must be off in production"),
            (self.secret_key == DEFAULT_SECRET, "SIMPLANE_SECRET_KEY is the default: set a secret of your own"),
            (self.allow_stand_ins, "SIMPLANE_ALLOW_STAND_INS must be false in production"),
            (not self.database_url, "DATABASE_URL is missing: production never uses the embedded database"),
            (not self.allowed_hosts, "SIMPLANE_ALLOWED_HOSTS is empty"),
            (not self.base_url.startswith("https://"), "SIMPLANE_BASE_URL must be https:// in production"),
            (bool(self.clock_freeze or self.clock_shift_seconds), "the clock can not be moved in production"),
            (not self.require_mfa, "SIMPLANE_REQUIRE_MFA can not be switched off in production"),
        ]
        return [text for wrong, text in checks if wrong]


def read() -> Env:
    """The settings of this process. Ends the process with exit code 2 and one line a problem when any is wrong."""
    try:
        return Env()
    except ValidationError as error:
        for problem in error.errors():
            where = "_".join(str(part) for part in problem["loc"]).upper()
            name = f"SIMPLANE_{where}: " if where and where != "DATABASE_URL" else f"{where}: " if where else ""
            print(f"settings: {name}{problem['msg'].removeprefix('Value error, ')}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None


env = read()

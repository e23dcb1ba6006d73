"""Typed settings, read from the environment once. A wrong one stops the start with a line that says which and why."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

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
    log_format: Literal["json", "console"] = "console"
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

"""Typed settings, read from the environment once. A wrong one stops the start with a line that says which and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, PositiveInt, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from simplane.config import database

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_SECRET = "development-only-secret-never-used-in-production"  # noqa: S105  refused by a production start


def _listed(given: Any) -> Any:
    """`a, b` or `["a", "b"]` as a list."""
    if not isinstance(given, str):
        return given
    return json.loads(given) if given.lstrip().startswith("[") else [part.strip() for part in given.split(",") if part]


def _steps(given: Any) -> Any:
    try:
        steps = tuple(int(one) for one in _listed(given))
    except (TypeError, ValueError):
        steps = ()
    if len(steps) != 4 or min(steps) < 1 or list(steps) != sorted(set(steps)):
        raise ValueError("four growing numbers of seconds are needed, for example 30,60,300,900")
    return steps


Names = Annotated[list[str], NoDecode, BeforeValidator(_listed)]
Steps = Annotated[tuple[int, int, int, int], NoDecode, BeforeValidator(_steps)]


class Env(BaseSettings):
    """Every setting, its variable being SIMPLANE_ + the name in capitals (DATABASE_URL also without the prefix)."""

    model_config = SettingsConfigDict(env_prefix="SIMPLANE_", extra="ignore", frozen=True, populate_by_name=True)

    environment: Literal["development", "test", "staging", "production"] = "development"
    debug: bool = False
    secret_key: str = Field(default=DEFAULT_SECRET, min_length=32)
    previous_secret_keys: Names = []
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    state_dir: Path = ROOT / ".simplane"
    base_url: str = "http://127.0.0.1:8000"
    allowed_hosts: Names = []
    company_domain: str = "localhost"
    """Companies have their pages at `<slug>.` of this domain; every name below it must lead here."""
    trusted_proxies: Names = []
    """Addresses of our own proxies; only from them is X-Forwarded-For believed."""
    allow_stand_ins: bool = True
    """Stand-in suppliers and shops (sandbox/) may be used; a production start refuses True."""
    allow_loopback_targets: bool = False
    """Webhooks may go to this machine, on any port (tests, trying out); staging and production refuse True."""
    dns_server: str = Field(default="", pattern=r"^(\[?[0-9a-f.:]+\]?:\d{1,5})?$")
    """Address and port of the name server that proofs of companies' domains are asked of; empty: the machine's own."""

    vies_url: str = Field(default="", pattern=r"^(https?://\S+[^/])?$")
    """Base address of the register of VAT ids; empty: the official one in production, and nobody is asked elsewhere."""

    mail_url: str = "smtp://127.0.0.1:8025"
    mail_from: str = "Simplane <esim@simplane.example>"
    alert_mail_to: Names = ["ops@simplane.example"]
    slack_webhook_url: str = ""
    sentry_dsn: str = ""
    otlp_endpoint: str = ""
    """Base address of an OpenTelemetry collector (OTLP over HTTP), for example http://127.0.0.1:4318. Empty: no traces."""
    metrics_token: str = ""
    """Whoever shows it as `Authorization: Bearer …` may read /metrics from elsewhere; this machine may always."""
    worker_metrics_port: int = Field(default=0, ge=0, le=65_535)
    """A port for the worker's own /metrics and /healthz. 0: its figures are part of the web process' /metrics."""
    log_format: Literal["auto", "json", "console"] = "auto"
    """auto: JSON in production, lines for people elsewhere."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    clock_freeze: datetime | None = None
    clock_shift_seconds: int = 0

    web_workers: PositiveInt = 2
    web_threads: PositiveInt = 16
    worker_concurrency: PositiveInt = 240
    worker_db_threads: PositiveInt = 6
    max_webhook_bytes: PositiveInt = 4 * 1024 * 1024
    mails_an_hour: PositiveInt = 600
    """That leave for one reseller, unless the console says otherwise of it."""
    order_batch: PositiveInt = 64
    """Wholesale orders that share a commit at most; 1: each has its own."""
    delivery_clock_seconds: Steps = (30, 60, 300, 900)
    """Late after: shown as late, customer told, a person paged, refund proposed (or done, by shop setting)."""
    require_mfa: bool = True
    """The console asks every member of staff for a second factor."""

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def on_show(self) -> bool:
        """Whether others than its developer can reach this installation."""
        return self.environment in ("staging", "production")

    @property
    def static_root(self) -> Path:
        """Where production keeps the files of the pages (ops/static_files.py makes them)."""
        return self.state_dir / "static"

    @property
    def json_logs(self) -> bool:
        return self.production if self.log_format == "auto" else self.log_format == "json"

    @property
    def secret_texts(self) -> list[str]:
        """Every value here that must appear in no log line, page or report."""
        mail = urlsplit(self.mail_url).password or ""
        whole = [
            self.secret_key,
            *self.previous_secret_keys,
            self.metrics_token,
            self.slack_webhook_url,
            self.sentry_dsn,
        ]
        return [text for text in [*whole, *database.passwords(self.database_url), mail, unquote(mail)] if text]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = self._always_wrong() + (self._wrong_in_production() if self.production else [])
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _always_wrong(self) -> list[str]:
        checks = [
            (
                self.on_show and self.secret_key == DEFAULT_SECRET,
                "SIMPLANE_SECRET_KEY is the default: set a secret of your own",
            ),
            (
                self.on_show and self.allow_loopback_targets,
                "SIMPLANE_ALLOW_LOOPBACK_TARGETS must be false where others can reach this installation",
            ),
            (
                bool(self.database_url) and not database.is_database(self.database_url),
                f"DATABASE_URL must be {DATABASE_FORM}",
            ),
            (not _is_address(self.mail_url, MAILS), f"SIMPLANE_MAIL_URL must be {MAIL_FORM}"),
            (not _is_address(self.base_url, WEB), "SIMPLANE_BASE_URL must be an http:// or https:// address"),
            (0 < len(self.metrics_token) < 16, "SIMPLANE_METRICS_TOKEN must have 16 characters or more"),
            *(
                (
                    not _is_address(getattr(self, name), WEB, empty=True),
                    f"SIMPLANE_{name.upper()} must be an http:// or https:// address",
                )
                for name in ("otlp_endpoint", "sentry_dsn", "slack_webhook_url")
            ),
        ]
        return [text for wrong, text in checks if wrong]

    def _wrong_in_production(self) -> list[str]:
        checks = [
            (self.debug, "SIMPLANE_DEBUG must be off in production"),
            (self.allow_stand_ins, "SIMPLANE_ALLOW_STAND_INS must be false in production"),
            (not self.database_url, "DATABASE_URL is missing: production never uses the embedded database"),
            (not self.allowed_hosts, "SIMPLANE_ALLOWED_HOSTS is empty"),
            (
                any(_covers_companies(one, self.company_domain) for one in self.allowed_hosts),
                "SIMPLANE_ALLOWED_HOSTS must name no host of companies (*, or below SIMPLANE_COMPANY_DOMAIN):"
                " our own pages would be served there",
            ),
            (not self.base_url.startswith("https://"), "SIMPLANE_BASE_URL must be https:// in production"),
            (bool(self.clock_freeze or self.clock_shift_seconds), "the clock can not be moved in production"),
            (not self.require_mfa, "SIMPLANE_REQUIRE_MFA can not be switched off in production"),
        ]
        return [text for wrong, text in checks if wrong]


WEB, MAILS = ("http", "https"), ("smtp", "smtps", "smtp+tls")
DATABASE_FORM = "postgresql://user:password@host:port/name, with libpq's options after a question mark"
MAIL_FORM = "smtp://, smtps:// or smtp+tls://user:password@host:port"


def _covers_companies(allowed: str, domain: str) -> bool:
    """Whether an allowed host, or all below one that begins with a dot, lies where companies have their pages."""
    name = allowed.lower()
    return name == "*" or name.endswith(f".{domain}") or (name.startswith(".") and f".{domain}".endswith(name))


def _is_address(found: str, schemes: tuple[str, ...], *, empty: bool = False) -> bool:
    if not found:
        return empty
    try:
        parts = urlsplit(found)
        return parts.scheme in schemes and parts.hostname is not None and parts.port != 0
    except ValueError:
        return False


def problems(error: ValidationError) -> list[str]:
    """One line a wrong setting, without its value (it may be a secret)."""
    found = []
    for one in error.errors(include_input=False, include_url=False):
        said = one["msg"].removeprefix("Value error, ")
        found += [f"{_variable(one['loc'])}{line}" for line in said.splitlines()]
    return found


def _variable(where: tuple[int | str, ...]) -> str:
    if not where:
        return ""
    name = str(where[0]).upper()
    return f"{name}: " if name == "DATABASE_URL" else f"SIMPLANE_{name}: "


def unknown(variables: Mapping[str, str]) -> list[str]:
    """Variables that look like settings of ours and are none: most often a slip of the pen."""
    known = {f"SIMPLANE_{name.upper()}" for name in Env.model_fields}
    ours = {name for name in variables if name.startswith("SIMPLANE_") and not name.startswith(FOR_TESTS)}
    return sorted(ours - known)


FOR_TESTS = ("SIMPLANE_TEST_", "SIMPLANE_REQUIRE_", "SIMPLANE_SPECS", "SIMPLANE_CHROMIUM")
"""Read by the tests, not by the application (SIMPLANE_REQUIRE_MFA is one of ours and known)."""


def read() -> Env:
    """The settings of this process. Ends the process with exit code 2 and one line a problem when any is wrong."""
    try:
        return Env()
    except ValidationError as error:
        for line in problems(error):
            print(f"settings: {line}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None


env = read()

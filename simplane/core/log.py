"""Logs: a constant event name and ids as fields; JSON in production. Request and order ids travel in contextvars.

Everything passes `core.redact` last, so no line holds a key, a token or a code that installs an eSIM, whatever was logged.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

from simplane.core import redact

_NOISY = ("procrastinate", "httpx2", "httpcore2", "asyncio", "urllib3", "opentelemetry", "sentry_sdk.errors")
_OURS = frozenset({"_record", "_from_structlog", "_logger", "timestamp", "level", "logger"})
Event = MutableMapping[str, Any]


def configure_logging(*, level: str, json: bool, secrets: Iterable[str] = ()) -> None:
    """Route structlog and the standard library through one chain to standard error.

    `secrets` are texts that must appear in no line (our own keys, addresses that hold one).
    """
    redact.hide(secrets)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redacted,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


def redacted(_: object, __: str, event: Event) -> Event:
    """The last processor before rendering."""
    for name, found in event.items():
        if name in _OURS:
            continue
        hidden = found and redact.names_a_secret(name)
        event[name] = redact.HIDDEN if hidden else redact.value(found)
    return event


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one module: `log = logger(__name__)`; call as `log.warning("supplier.purchase_unknown", ...)`."""
    made: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return made

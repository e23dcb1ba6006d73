"""gunicorn's hooks: its lines go through our log, and what a worker that ended said of its present is forgotten."""

from __future__ import annotations

from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from simplane.config.env import env
from simplane.core.log import configure_logging

configure_logging(level=env.log_level, json=env.json_logs, secrets=env.secret_texts)


class logger_class(Logger):  # type: ignore[misc]  # noqa: N801  gunicorn looks for a setting of this name
    """gunicorn's own lines in our format, not in a second one beside it."""

    def setup(self, cfg: Config) -> None:
        """As gunicorn does, then hand everything to the root logger."""
        super().setup(cfg)
        self.error_log.handlers[:] = []
        self.error_log.propagate = True


def child_exit(_: Any, worker: Any) -> None:
    """Called in the master when a worker process ended."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

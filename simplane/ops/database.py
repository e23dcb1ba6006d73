"""Which database a command talks to: DATABASE_URL, else the embedded server of this checkout, started when it rests."""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path

from simplane.ops import postgres

ROOT = Path(__file__).resolve().parents[2]


def state_dir() -> Path:
    """The one git-ignored folder that holds all state of this checkout."""
    return Path(os.environ.get("SIMPLANE_STATE_DIR", ROOT / ".simplane"))


def ensure_database() -> None:
    """Set DATABASE_URL. A server that this command had to start is stopped when the command ends."""
    if os.environ.get("DATABASE_URL") or os.environ.get("SIMPLANE_ENVIRONMENT") == "production":
        return
    data = state_dir() / "postgres"
    try:
        resting = not postgres.is_running(data)
        cluster = postgres.start(data)
    except postgres.EmbeddedPostgresError as error:
        print(f"database: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    if resting:
        atexit.register(postgres.stop, cluster)
    os.environ["DATABASE_URL"] = cluster.url

"""A database server's files with our tables already in them: made once for each state of the migrations, then copied.

Django takes 7 to 13 s of CPU to migrate an empty database, a copy of the files half a second. `migrate` still runs on the
copy: it finds nothing to do, or what is newer. Knows nothing of Django, like the server's own module.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from simplane.ops import postgres
from simplane.ops.database import ROOT, state_dir

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For data that may be lost in a power cut."""


def copy_to(data: Path) -> None:
    """Make `data`, which must not exist, the files of a resting server with our tables. Safe when several ask at once.

    Raises EmbeddedPostgresError when the server or the migrations fail.
    """
    shelf = state_dir() / "ready-made"
    shelf.mkdir(parents=True, exist_ok=True)
    made = shelf / fingerprint()
    with postgres.locked(shelf / "lock"):
        if not made.is_dir():
            _make(made)
        data.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", made, data], check=True)


def fingerprint() -> str:
    """Names the state of all migrations: ours by their text, those of libraries by the locked versions."""
    seen = hashlib.sha256()
    for path in sorted([*ROOT.glob("simplane/*/migrations/*.py"), *ROOT.glob("requirements/*.txt")]):
        seen.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return seen.hexdigest()[:16]


def _make(made: Path) -> None:
    for old in made.parent.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    cluster = postgres.start(made.with_suffix(".new"), settings=FAST)
    try:
        words = [sys.executable, "-m", "simplane.cli", "migrate", "--verbosity", "0"]
        done = subprocess.run(
            words,
            env={**os.environ, "DATABASE_URL": cluster.url},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        postgres.stop(cluster)
    if done.returncode:
        raise postgres.EmbeddedPostgresError(f"the tables could not be made: {done.stderr.strip()[-2000:]}")
    cluster.data.rename(made)

"""The files that pages load, as production serves them: collected once into the state folder, with hashed names.

`simplane web` makes them at its start, so that an installation or an update needs no step of its own for them.
"""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path

from simplane.ops import frontend

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = "staticfiles.json"
STAMP = "made-from"


class StaticFilesMissing(Exception):
    """The files can not be made; the message says what to do."""


def fingerprint() -> str:
    """Of all that they are made from: the static folders of our packages and the versions of others' packages."""
    made = hashlib.sha256((ROOT / "requirements" / "base.txt").read_bytes())
    for path in sorted(path for path in (ROOT / "simplane").glob("*/static/**/*") if path.is_file()):
        made.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return made.hexdigest()


def up_to_date(folder: Path) -> bool:
    """Whether the static folder holds what this version of the code needs."""
    stamp = folder / STAMP
    return (folder / MANIFEST).is_file() and stamp.is_file() and stamp.read_text() == fingerprint()


def make(folder: Path) -> bool:
    """Collect them when they are missing or of another version; returns whether that was needed.

    Processes that start together wait for the one that does it. Raises StaticFilesMissing.
    """
    if missing := frontend.missing():
        raise StaticFilesMissing(f"front-end files are missing: {', '.join(missing)}; run `simplane frontend`")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if up_to_date(folder):
                return False
            _collect(folder)
            return True
    except OSError as problem:
        raise StaticFilesMissing(
            f"the files of the pages can not be written to {folder}: {problem.strerror}; let this user write to"
            " SIMPLANE_STATE_DIR"
        ) from problem


def _collect(folder: Path) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    # Cleared, because a file of an older date than the one it replaces would be left out.
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    (folder / STAMP).write_text(fingerprint())

"""Whether an environment was prepared with exactly this code, setup and database, so that it need not be done again."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAMP = "prepared.stamp"


def fingerprint(cluster: Path, setup: str) -> str:
    """Of all that preparing depends on: our code and what it is built on, the setup file's text, and which database
    folder it is (one that was made anew has another number on disk).
    """
    made = hashlib.sha256(setup.encode())
    version = (cluster / "PG_VERSION").stat()
    made.update(f"{version.st_ino} {version.st_mtime_ns}".encode())
    for path in sorted([*(ROOT / "simplane").rglob("*.py"), ROOT / "requirements" / "base.txt"]):
        found = path.stat()
        made.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return made.hexdigest()


def is_done(folder: Path, mark: str) -> bool:
    """Whether the last preparing that came to its end in this state folder had this fingerprint."""
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text() == mark


def note_done(folder: Path, mark: str) -> None:
    """Preparing came to its end."""
    (folder / STAMP).write_text(mark)


def forget(folder: Path) -> None:
    """Preparing begins: until it came to its end nothing is known of its outcome."""
    (folder / STAMP).unlink(missing_ok=True)

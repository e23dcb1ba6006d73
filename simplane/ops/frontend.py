"""Front-end files: `npm ci`, then an allow-list of built files into the git-ignored folder that pages load from."""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "simplane" / "ui" / "static" / "vendor"
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "echarts/dist/echarts.common.min.js": "echarts.common.min.js",
}
"""What is taken from a package, and its name here. Everything else of a package stays out of reach of a browser."""
_SOURCE_MAP = re.compile(rb"\s*/\*# sourceMappingURL=[^*]*\*/\s*$")


class FrontendMissing(Exception):
    """The front-end files can not be had; the message says what to do."""


def main(argv: Sequence[str] | None = None) -> int:
    """Install when the lock file changed (or `--force`), then copy. Returns 0, or 1 with one line on standard error."""
    parser = argparse.ArgumentParser(prog="simplane frontend", description=__doc__)
    parser.add_argument("--copy-only", action="store_true", help="the packages are installed already")
    parser.add_argument("--force", action="store_true", help="install again although nothing changed")
    wanted = parser.parse_args(argv)
    try:
        if not wanted.copy_only and (wanted.force or not up_to_date()):
            install()
        copied = copy()
    except FrontendMissing as problem:
        print(f"front-end files: {problem}", file=sys.stderr)
        return 1
    print(f"front-end files: {copied} in {VENDOR.relative_to(ROOT)}")
    return 0


def up_to_date(root: Path = ROOT) -> bool:
    """Whether the packages installed are those of the lock file."""
    stamp = root / "node_modules" / ".simplane-lock"
    return stamp.is_file() and stamp.read_text() == _lock_hash(root)


def install(root: Path = ROOT) -> None:
    """`npm ci` without any package's scripts. Raises FrontendMissing when npm is missing or fails."""
    npm = shutil.which("npm")
    if npm is None:
        raise FrontendMissing("npm is not installed: install Node.js 20 or newer")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, cwd=root, check=False).returncode:
        raise FrontendMissing("npm ci failed: see its message above")
    (root / "node_modules" / ".simplane-lock").write_text(_lock_hash(root))


def copy(root: Path = ROOT, vendor: Path = VENDOR) -> int:
    """Copy the allow-list and take away what is no longer on it. Returns how many files there are now."""
    vendor.mkdir(parents=True, exist_ok=True)
    for stale in {path.name for path in vendor.iterdir()} - set(FILES.values()):
        (vendor / stale).unlink()
    for source, name in FILES.items():
        found = root / "node_modules" / source
        if not found.is_file():
            raise FrontendMissing(f"{source} is not installed: run npm ci --ignore-scripts")
        # The hashed storage follows the link to the source map, and that file is not ours to ship.
        (vendor / name).write_bytes(_SOURCE_MAP.sub(b"\n", found.read_bytes()))
    return len(FILES)


def missing() -> list[str]:
    """Files on the allow-list that are not there."""
    return [name for name in FILES.values() if not (VENDOR / name).is_file()]


def _lock_hash(root: Path) -> str:
    return hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()


if __name__ == "__main__":
    raise SystemExit(main())

"""`simplane web`: gunicorn with threads; webhooks by the fast lane, pages by Django."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from simplane.ops import figures, stand_ins, static_files


def main(argv: list[str]) -> int:
    """`--bind host:port` (127.0.0.1:8000). Replaces this process; SIGTERM stops it gracefully."""
    from simplane.config.env import env

    if stand_ins.refused("web"):
        raise SystemExit(2)
    if env.production:
        _make_static_files(env.static_root)
    figures.clear(figures.share(env.state_dir))
    bind = argv[argv.index("--bind") + 1] if "--bind" in argv else "127.0.0.1:8000"
    options = {
        "--config": "python:simplane.ops.gunicorn_conf",
        "--bind": bind,
        "--workers": str(env.web_workers),
        "--threads": str(env.web_threads),
        "--worker-class": "simplane.ops.hurry.HurriedWorker",
        "--keep-alive": "30",
        "--timeout": "60",
        # Only these may say that a request came by https.
        "--forwarded-allow-ips": ",".join(env.trusted_proxies) or "127.0.0.1",
        # And nobody may say under which prefix we stand or who is signed in: gunicorn believes SCRIPT_NAME and PATH_INFO.
        "--forwarder-headers": "",
        "--graceful-timeout": "20",
        "--limit-request-field_size": "16384",
        "--log-level": "warning",
    }
    words = [word for pair in options.items() for word in pair]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *words, "simplane.config.wsgi:application"])


def _make_static_files(folder: Path) -> None:
    try:
        static_files.make(folder)
    except static_files.StaticFilesMissing as problem:
        print(f"web: {problem}", file=sys.stderr)
        raise SystemExit(2) from None

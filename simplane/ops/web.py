"""`simplane web`: gunicorn with threads; webhooks by the fast lane, pages by Django."""

from __future__ import annotations

import os
import sys

import django
from django.conf import settings


def main(argv: list[str]) -> int:
    """`--bind host:port` (127.0.0.1:8000). Replaces this process; SIGTERM stops it gracefully."""
    django.setup()
    bind = argv[argv.index("--bind") + 1] if "--bind" in argv else "127.0.0.1:8000"
    options = {
        "--bind": bind,
        "--workers": str(settings.SIMPLANE.web_workers),
        "--threads": str(settings.SIMPLANE.web_threads),
        "--worker-class": "gthread",
        "--keep-alive": "30",
        "--timeout": "60",
        "--graceful-timeout": "20",
        "--limit-request-field_size": "16384",
        "--log-level": "warning",
    }
    words = [word for pair in options.items() for word in pair]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *words, "simplane.config.wsgi:application"])

"""The web process: webhooks and wholesale orders by their fast lanes, everything else by Django."""

from __future__ import annotations

import os
from typing import cast

from django.core.wsgi import get_wsgi_application

from simplane.config.env import env
from simplane.core import telemetry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simplane.config.settings")
telemetry.start(  # before Django reads its middleware
    "simplane-web", otlp_endpoint=env.otlp_endpoint, sentry_dsn=env.sentry_dsn, environment=env.environment
)
_django = get_wsgi_application()
if env.on_show:
    # The code of all pages is read before the first request, not by it.
    from django.urls import get_resolver

    get_resolver().url_patterns  # noqa: B018

from simplane.api.intake import WSGI, with_fast_lane  # noqa: E402  needs Django set up

application = with_fast_lane(cast("WSGI", _django))

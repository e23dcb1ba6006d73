"""The web process: webhooks by the fast lane, everything else by Django."""

from __future__ import annotations

import os
from typing import cast

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simplane.config.settings")
_django = get_wsgi_application()

from simplane.api.intake import WSGI, with_fast_lane  # noqa: E402  needs Django set up

application = with_fast_lane(cast("WSGI", _django))

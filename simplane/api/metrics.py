"""/metrics for Prometheus: the counters of all our processes on this machine, and the state of the business from the database.

Not for the public: it is served to this machine itself and to whoever shows SIMPLANE_METRICS_TOKEN; in staging and
production everybody else is told that there is no such page.
"""

from __future__ import annotations

import hmac
import os
from ipaddress import ip_address
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from simplane.api.gauges import BUSINESS
from simplane.core.processes import lives

_NOT_HERE = "there is no such page\n"


def metrics(request: HttpRequest) -> HttpResponse:
    """The figures as text, or 404 for those who may not see them."""
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"))
    address = request.META.get("REMOTE_ADDR", "")
    if not may_read(address, forwarded=forwarded, authorization=request.headers.get("Authorization", "")):
        return HttpResponse(_NOT_HERE, status=404, content_type="text/plain; charset=utf-8")
    return HttpResponse(page(), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def may_read(address: str, *, forwarded: bool, authorization: str) -> bool:
    """Whether a caller may see figures. `forwarded`: a proxy speaks for somebody else, so its address proves nothing."""
    token: str = settings.SIMPLANE.metrics_token
    if token and hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
        return True
    return not settings.SIMPLANE.on_show or (_is_this_machine(address) and not forwarded)


def _is_this_machine(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def page() -> bytes:
    """Everything this process can tell, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(BUSINESS)
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is None:
        return generate_latest(REGISTRY) + generate_latest(registry)
    forget_the_dead(Path(folder))
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def forget_the_dead(folder: Path) -> None:
    """Take away what processes that are gone said of their present; what they counted stays counted.

    gunicorn's hook does it for its own children; a worker ended by kill -9 can tell nobody.
    """
    for path in folder.glob("gauge_live*_*.db"):
        if not lives(int(path.stem.rpartition("_")[2])):
            path.unlink(missing_ok=True)

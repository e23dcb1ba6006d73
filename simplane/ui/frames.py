"""What the shells of the console, the hub and companies share: whole pages and parts of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django_htmx.http import HttpResponseClientRedirect


def is_part(request: HttpRequest) -> bool:
    """Whether only the content is asked for, without the frame around it."""
    return request.headers.get("HX-Request") == "true"


def led_elsewhere(request: HttpRequest, target: HttpResponseRedirect) -> HttpResponse:
    """To another page, whole: a refresh in the background must not put it into the middle of this one."""
    return HttpResponseClientRedirect(target.url) if is_part(request) else target


def may_of(permissions: Iterable[str], may: Callable[[str], bool]) -> dict[str, bool]:
    """Which permissions somebody holds, by names that a template can say: `may.orders_write`."""
    return {name.replace(":", "_"): may(name) for name in permissions}

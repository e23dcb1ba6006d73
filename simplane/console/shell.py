"""What every page shares: the frame around it, and how an action's outcome is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from simplane.console.menu import GROUPS
from simplane.core.errors import BadInput, Refusal
from simplane.core.models import DeadLetter


def page(
    request: HttpRequest, template: str, section: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render `console/<template>.html`; a partial update gets the content without the frame."""
    frame = "console/fragment.html" if request.headers.get("HX-Request") == "true" else "console/frame.html"
    shared: dict[str, Any] = {"frame": frame, "section": section}
    if frame == "console/frame.html":
        shared |= {
            "menu": GROUPS,
            "stuck_count": DeadLetter.objects.filter(resolved_at__isnull=True).count(),
            "environment": settings.SIMPLANE.environment,
        }
    answer = render(request, f"console/{template}.html", shared | context, status=status)
    # These pages show people's data: no cache but the browser's own history may keep them.
    answer["Cache-Control"] = "private, no-store"
    return answer


def attempt(request: HttpRequest, done: str, verb: Callable[[], object]) -> bool:
    """Call an action and leave a note of what came of it. False when it was refused; then nothing was changed."""
    try:
        verb()
    except Refusal as refusal:
        messages.error(request, f"Refused: {refusal}")
        return False
    messages.success(request, done)
    return True


def given(reason: str) -> str:
    """The reason somebody typed. Raises BadInput when there is none."""
    if not reason:
        raise BadInput("a reason is missing", fix="say why; it stands in the audit trail")
    return reason


def back(request: HttpRequest, fallback: str) -> HttpResponseRedirect:
    """To the page the form says it came from (ours only), else to `fallback`."""
    wanted = request.POST.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return HttpResponseRedirect(wanted)
    return HttpResponseRedirect(fallback)

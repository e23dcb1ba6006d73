"""What every page shares: the frame around it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from simplane.console.menu import GROUPS
from simplane.console.waiting import waiting_count
from simplane.ordering.letters import waiting
from simplane.ui.frames import is_part


def page(
    request: HttpRequest, template: str, section: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render `console/<template>.html`; a partial update gets the content without the frame."""
    frame = "console/fragment.html" if is_part(request) else "console/frame.html"
    shared: dict[str, Any] = {"frame": frame, "section": section}
    if frame == "console/frame.html":
        shared |= {
            "menu": GROUPS,
            "badges": (("stuck", waiting().count(), "open"), ("approvals", waiting_count(), "waiting")),
            "environment": settings.SIMPLANE.environment,
        }
    answer = render(request, f"console/{template}.html", shared | context, status=status)
    # These pages show people's data: no cache but the browser's own history may keep them.
    answer["Cache-Control"] = "private, no-store"
    return answer

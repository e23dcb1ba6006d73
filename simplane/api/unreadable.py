"""Requests that no page can understand, refused before any page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.template.loader import render_to_string

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class RefuseNul:
    """Middleware: PostgreSQL has no text with a NUL in it, so an address or a form with one can name nothing: 400."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query: str = request.META.get("QUERY_STRING", "")
        if "\0" in request.path or "\0" in query or "%00" in query:
            return _refused()
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_: object) -> HttpResponse | None:
        """Forms of pages only: the others are exempt from the check of CSRF and read their bodies themselves."""
        if request.content_type not in FORMS or getattr(view, "csrf_exempt", False):
            return None
        names_and_values = (text for name, values in request.POST.lists() for text in (name, *values))
        return _refused() if any("\0" in str(text) for text in names_and_values) else None


def _refused() -> HttpResponse:
    return HttpResponseBadRequest(render_to_string("400.html"))

"""The edge of the API: who calls is found out once, and whatever happens behind it ends as JSON with a request id."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from simplane.api.problems import CONTENT_TYPE, Refused
from simplane.api.v1.access import Call, caller_key
from simplane.api.v1.answers import problem
from simplane.core import context
from simplane.core.ids import new_id
from simplane.core.log import logger

PREFIX = "/api/v1/"
log = logger(__name__)
_BY_STATUS = {400: "not_understood", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class ApiEdge:
    """Middleware of every address under /api/v1/."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self._get_response(request)
        call = Call(new_id("req"), None)
        setattr(request, "call", call)  # noqa: B010  Django's own requests know no such attribute
        structlog.contextvars.bind_contextvars(request_id=call.request_id)
        try:
            call.key = caller_key(request)
        except DatabaseError as error:
            log.error("api.database_silent", problem=type(error).__name__)
            return _finished(problem(request, Refused("unavailable")), call)
        who = f"api_key:{call.key.public_id}" if call.key else "api"
        with context.acting(who):
            return _finished(_readable(request, self._get_response(request)), call)


def _readable(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Django's own pages for errors become problems."""
    kind = answer.headers.get("Content-Type", "")
    if answer.status_code < 400 or kind.startswith((CONTENT_TYPE, "application/json")):
        return answer
    made = problem(request, Refused(_BY_STATUS.get(answer.status_code, "internal")))
    if "Allow" in answer.headers:
        made["Allow"] = answer.headers["Allow"]
    return made


def _finished(answer: HttpResponse, call: Call) -> HttpResponse:
    answer["Request-Id"] = call.request_id
    answer.headers.setdefault("Cache-Control", "no-store")
    for name, value in call.headers.items():
        answer[name] = value
    return answer

"""Answers that are no resource: problems, and what stands in the headers of every answer."""

from __future__ import annotations

import hashlib
import math

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from pydantic import BaseModel

from simplane.api import problems
from simplane.api.problems import PROBLEMS, Refused
from simplane.core.errors import Refusal


def cached(request: HttpRequest, shown: BaseModel) -> HttpResponse:
    """JSON with an ETag of its content; 304 to a caller who has it already."""
    raw = msgspec.json.encode(shown.model_dump())
    etag = f'"{hashlib.sha256(raw).hexdigest()[:32]}"'
    answer = HttpResponse(raw, content_type="application/json")
    answer["ETag"], answer["Cache-Control"] = etag, "private, no-cache"
    conditional = get_conditional_response(request, etag=etag, response=answer)
    assert isinstance(conditional, HttpResponse)
    return conditional


def problem(request: HttpRequest, refused: Refused) -> HttpResponse:
    """A refusal of the table as problem+json."""
    status, body = problems.render(refused.code, request_id(request), detail=refused.detail, extra=refused.extra)
    answer = HttpResponse(body, status=status, content_type=problems.CONTENT_TYPE)
    if status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="simplane"'
    if status in (429, 503):
        answer["Retry-After"] = str(max(1, math.ceil(refused.retry_after or 1)))
    return answer


def refusal(request: HttpRequest, told: Refusal) -> HttpResponse:
    """A refusal of a package below. Its code is stable too; one outside the table has a title of its own."""
    detail = f"{told.message.rstrip('.')}: {told.fix}" if told.fix else told.message
    if told.code in PROBLEMS:
        return problem(request, Refused(told.code, detail))
    body = {
        "type": f"urn:simplane:problem:{told.code}",
        "title": (type(told).__doc__ or "Refused").strip().splitlines()[0].rstrip("."),
        "status": told.status,
        "code": told.code,
        "detail": detail,
        "request_id": request_id(request),
    }
    return HttpResponse(msgspec.json.encode(body), status=told.status, content_type=problems.CONTENT_TYPE)


def request_id(request: HttpRequest) -> str:
    """The id of the answer's Request-Id header."""
    call = getattr(request, "call", None)
    return call.request_id if call else ""

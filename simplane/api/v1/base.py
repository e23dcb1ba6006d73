"""The API itself: how its answers are written and what its refusals look like. Addresses are added in `routes.py`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.renderers import BaseRenderer
from pydantic import BaseModel

from simplane.api.problems import Refused
from simplane.api.v1.answers import problem, refusal
from simplane.core.errors import Refusal
from simplane.core.log import logger
from simplane.fleet.errors import AgainstPolicy

log = logger(__name__)
VERSION = "1"


class Json(BaseRenderer):
    """JSON by msgspec; the schemas have turned every value into a plain one."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:  # noqa: ARG002
        return msgspec.json.encode(data)


class Body(Parser):
    """Reads a JSON body. Raises Refused for what is none."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            found = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refused("bad_json", str(error)[:200]) from None
        if not isinstance(found, dict):
            raise Refused("bad_json", "the body is not a JSON object: send one")
        return found


api = NinjaAPI(
    title="Simplane",
    version=VERSION,
    openapi_url=None,
    docs_url=None,
    urls_namespace="api-v1",
    renderer=Json(),
    parser=Body(),
)


def _only_known(view: Callable[..., Any]) -> Callable[..., Any]:
    """A parameter that nobody reads is a mistake of the caller: `?refernce=PO-7` must not list every order."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **given: Any) -> Any:
        shapes = [type(value) for value in given.values() if isinstance(value, BaseModel)]
        known = set(given).union(*(shape.model_fields for shape in shapes))
        unknown = next((name for name in request.GET if name not in known), None)
        if unknown is not None:
            raise Refused("bad_parameter", f"there is no parameter {unknown[:80]!r} here: leave it out")
        return view(request, *args, **given)

    return checked


api.add_decorator(_only_known, mode="operation")


@api.exception_handler(Refused)
def _refused(request: HttpRequest, told: Refused) -> HttpResponse:
    return problem(request, told)


@api.exception_handler(Refusal)
def _refusal(request: HttpRequest, told: Refusal) -> HttpResponse:
    return refusal(request, told)


@api.exception_handler(AgainstPolicy)
def _against_policy(request: HttpRequest, told: AgainstPolicy) -> HttpResponse:
    reasons = [{"rule": one.rule, "words": one.words, "facts": dict(one.facts)} for one in told.reasons]
    return problem(request, Refused(told.code, str(told)[:500], extra={"reasons": reasons}))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, told: ValidationError) -> HttpResponse:
    in_body = any(error["loc"][0] == "body" for error in told.errors)
    fields = [{"field": _field(error["loc"]), "problem": error["msg"]} for error in told.errors[:20]]
    detail = "; ".join(f"{one['field']}: {one['problem']}" for one in fields[:3])
    return problem(
        request, Refused("bad_request" if in_body else "bad_parameter", detail[:500], extra={"fields": fields})
    )


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, told: Http404) -> HttpResponse:  # noqa: ARG001
    return problem(request, Refused("not_found"))


@api.exception_handler(HttpError)
def _http(request: HttpRequest, told: HttpError) -> HttpResponse:
    if isinstance(told.__cause__, Refused | SuspiciousOperation):  # of our own parser, or a body that is too large
        return api.on_exception(request, told.__cause__)
    return problem(request, Refused("unauthorized" if told.status_code == 401 else "not_understood", told.message))


@api.exception_handler(SuspiciousOperation)
def _suspicious(request: HttpRequest, told: SuspiciousOperation) -> HttpResponse:
    return problem(request, Refused("not_understood", str(told)[:200]))


@api.exception_handler(OperationalError)
def _silent(request: HttpRequest, told: OperationalError) -> HttpResponse:
    log.error("api.database_silent", problem=type(told).__name__)
    return problem(request, Refused("unavailable"))


@api.exception_handler(Exception)
def _broken(request: HttpRequest, told: Exception) -> HttpResponse:
    log.exception("api.failed", exc_info=told, path=request.path)
    return problem(request, Refused("internal"))


def _field(place: tuple[Any, ...]) -> str:
    """`lines.0.sku` of (`body`, `order`, `lines`, 0, `sku`): what the caller wrote, without where we keep it."""
    inner = place[2:] if place[0] == "body" and len(place) > 2 else place[1:]
    return ".".join(str(part) for part in inner) or "body"

"""SCIM 2.0 (RFC 7644) for companies' HR systems and identity providers: `/scim/v2/…` with a token of the company."""

from __future__ import annotations

import json
from http import HTTPStatus

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from scim2_models import SCIMException, UnauthorizedException
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from simplane.api.scim.service import SERVICE, BadText, Busy, TooLarge
from simplane.api.scim.storage import CompanyStorage
from simplane.core import context, tenancy
from simplane.core.addresses import source_ip
from simplane.core.log import logger
from simplane.core.ratelimit import take
from simplane.workforce.models import ScimToken
from simplane.workforce.tokens import find_token

log = logger(__name__)
HANDLER = ScimHandler(SERVICE, CompanyStorage())
MOST_BYTES = 1024 * 1024
PER_SECOND, BURST = 50.0, 200
"""Of a company. Entra ID asks for 25 a second at least."""
GUESSES_PER_SECOND, GUESSES = 1.0, 30
"""Of an address, without a good token."""
OVERTAKEN = 5
"""How often a change is tried again when another one came between; identity providers send several at once."""


def scim(request: HttpRequest, path: str = "") -> HttpResponse:
    """Whatever happens ends as a SCIM answer."""
    wait = 0.0
    try:
        token = _token(request)
        with context.acting(f"scim:{token.public_id}"):
            _within_rate(f"scim:{token.organization_id}", PER_SECOND, BURST)
            answer = _served(token, _asked(request, path))
    except Busy as busy:
        wait, answer = busy.seconds, SERVICE.error_response(busy)
    except SCIMException as why:
        answer = SERVICE.error_response(why)
    except Exception as error:  # a bug, or no database: the caller gets SCIM's own error and nothing of ours
        log.exception("scim.failed", silent=isinstance(error, DatabaseError))
        answer = SERVICE.error_response(error)
    return _sent(answer, wait)


def _served(token: ScimToken, asked: ScimRequest) -> ScimResponse:
    """In the scope of the token's company; tried again when somebody else's change came between."""
    with tenancy.scope(token.organization_id):
        for tries in range(OVERTAKEN):
            try:
                return HANDLER.handle(asked)
            except SCIMException as why:
                if why.status != HTTPStatus.PRECONDITION_FAILED or asked.header("If-Match") or tries == OVERTAKEN - 1:
                    raise
    raise AssertionError("the loop returns or raises")


def _token(request: HttpRequest) -> ScimToken:
    """The living token of the request; on a company's host only that company's own. Raises UnauthorizedException, Busy."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    found = find_token(secret.strip()) if scheme.lower() == "bearer" and secret.strip() else None
    tenant = getattr(request, "tenant", None)
    if found is not None and tenant is not None and tenant.pk != found.organization_id:
        found = None
    if found is None:
        _within_rate(f"scim-guess:{source_ip(request.META)}", GUESSES_PER_SECOND, GUESSES)
        raise UnauthorizedException(detail="send a living token: Authorization: Bearer scim_…")
    return found


def _within_rate(key: str, per_second: float, burst: int) -> None:
    wait = take(key, per_second=per_second, burst=burst)
    if wait < 0:
        raise Busy(-wait)


def _asked(request: HttpRequest, path: str) -> ScimRequest:
    """The request as scim2-server reads it. Raises TooLarge, BadText."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        raise TooLarge(detail=f"more than {MOST_BYTES} bytes: send fewer members at once")
    try:
        body = request.read(MOST_BYTES + 1)
    except (OSError, RawPostDataException) as error:
        raise BadText(detail="the body could not be read: send it again") from error
    if len(body) > MOST_BYTES:
        raise TooLarge(detail=f"more than {MOST_BYTES} bytes: send fewer members at once")
    if b"\\u0000" in body:
        raise BadText(detail="a text holds a NUL, which is none: send it without")
    return ScimRequest(
        method=request.method or "GET",
        base_url=request.build_absolute_uri("/scim/v2"),
        path=path or "/",
        query=request.GET.dict(),
        headers=dict(request.headers),
        body=body,
    )


def _sent(answer: ScimResponse, wait: float) -> HttpResponse:
    body = b"" if answer.body is None else json.dumps(answer.body).encode()
    sent = HttpResponse(body, status=answer.status, headers=answer.headers)
    sent["Cache-Control"] = "no-store"
    if wait:
        sent["Retry-After"] = str(max(1, round(wait)))
    return sent

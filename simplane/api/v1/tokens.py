"""POST /oauth/token: OAuth2 client credentials (RFC 6749 section 4.4), for programs that want no lasting secret in use."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import Field

from simplane.api.v1.values import examples
from simplane.core.addresses import source_ip
from simplane.core.errors import BadInput
from simplane.core.ratelimit import take
from simplane.organizations.tokens import InvalidClient, issue_token

router = Router(tags=["Access"], auth=None)
PER_MINUTE, BURST = 60, 20
"""Calls of one address. Tokens last an hour, so nobody needs many."""
MOST = 1024
FORM = "application/x-www-form-urlencoded"
FIELDS = {
    "grant_type": {"type": "string", "const": "client_credentials"},
    "client_id": {"type": "string", "description": "The key's id; or send both by HTTP Basic."},
    "client_secret": {"type": "string", "description": "The key itself.", "format": "password"},
    "scope": {"type": "string", "description": "Scopes separated by blanks; without it all of the key's."},
}
EXAMPLE = {
    "grant_type": "client_credentials",
    "client_id": "key_06b3x8tk1m4q7rznw2v5c9",
    "client_secret": "sk_test_0123456789abcdefghijABCDEFGHIJ01",
    "scope": "catalogue:read orders:write",
}

REFUSED = {
    "application/json": {
        "schema": {
            "type": "object",
            "description": "RFC 6749 section 5.2.",
            "required": ["error", "error_description"],
            "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
        },
        "example": {"error": "invalid_client", "error_description": "client_id is the key's id (key_…)"},
    }
}


class TokenOut(Schema):
    """Send it as `Authorization: Bearer at_…` until it expires."""

    model_config = examples(
        {
            "access_token": "at_test_0123456789abcdefghijABCDEFGHIJ0123456789",
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "catalogue:read orders:write",
        }
    )
    access_token: str
    token_type: str
    expires_in: Annotated[int, Field(description="Seconds.")]
    scope: str


class OAuthError(Exception):
    """A refusal in the format of RFC 6749 section 5.2."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        self.code, self.description, self.status = code, description, status
        super().__init__(code)


@router.post(
    "/oauth/token",
    response=TokenOut,
    summary="Get an access token",
    openapi_extra={
        "responses": {
            400: {"description": "A field is wrong", "content": REFUSED},
            401: {"description": "The client is not known", "content": REFUSED},
            429: {"description": "Too many requests from this address", "content": REFUSED},
        },
        "requestBody": {
            "required": True,
            "content": {
                FORM: {
                    "schema": {"type": "object", "properties": FIELDS, "required": ["grant_type"]},
                    "examples": {"default": {"value": EXAMPLE}},
                }
            },
        },
    },
)
def create_token(request: HttpRequest) -> HttpResponse:
    """OAuth2 client credentials: a token for one hour with some or all scopes of a key. It ends with its key."""
    try:
        return _json(200, _issued(request))
    except OAuthError as told:
        answer = _json(told.status, {"error": told.code, "error_description": told.description})
        if told.status == 401:
            answer["WWW-Authenticate"] = 'Basic realm="simplane"'
        if told.status == 429:
            answer["Retry-After"] = str(60 // PER_MINUTE)
        return answer


def _issued(request: HttpRequest) -> dict[str, object]:
    address = source_ip(request.META)
    if take(f"oauth:{address}", per_second=PER_MINUTE / 60, burst=BURST) < 0:
        raise OAuthError("temporarily_unavailable", "too many requests from this address: wait a moment", 429)
    if request.content_type != FORM:
        raise OAuthError("invalid_request", f"send a form: Content-Type: {FORM}")
    if _field(request, "grant_type") != "client_credentials":
        raise OAuthError("unsupported_grant_type", "grant_type is client_credentials")
    client, secret = _credentials(request)
    try:
        token = issue_token(client, secret, _field(request, "scope").split(), address=address)
    except InvalidClient as told:
        raise OAuthError("invalid_client", f"{told.message.rstrip('.')}: {told.fix}", 401) from None
    except BadInput as told:
        raise OAuthError("invalid_scope", str(told)) from None
    scope = " ".join(token.scopes)
    return {"access_token": token.secret, "token_type": "Bearer", "expires_in": token.seconds, "scope": scope}


def _credentials(request: HttpRequest) -> tuple[str, str]:
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return _field(request, "client_id"), _field(request, "client_secret")
    try:
        client, _, secret = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise OAuthError("invalid_client", "the Authorization header can not be read", 401) from None
    if "\0" in client:
        raise OAuthError("invalid_client", "client_id is the key's id (key_…)", 401)
    return client, secret


def _field(request: HttpRequest, name: str) -> str:
    """Of the form; RFC 6749: none may be there twice."""
    values = request.POST.getlist(name)
    if len(values) > 1 or any(len(value) > MOST or "\0" in value for value in values):
        raise OAuthError("invalid_request", f"{name} stands there twice, is too long, or holds a NUL")
    return values[0] if values else ""


def _json(status: int, told: dict[str, object]) -> HttpResponse:
    answer = HttpResponse(msgspec.json.encode(told), status=status, content_type="application/json")
    answer["Cache-Control"], answer["Pragma"] = "no-store", "no-cache"
    return answer

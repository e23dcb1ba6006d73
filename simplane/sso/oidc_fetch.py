"""What an OpenID provider publishes, and what it answers: fetched at addresses that a company wrote, so by core/outside.

Sources: OpenID Connect Discovery 1.0 sections 3 and 4; RFC 8414; RFC 6749 sections 2.3.1 and 4.1.3; RFC 9207.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.core.cache import cache

from simplane.core import outside, reach
from simplane.core.http import NoAnswer, NotSent
from simplane.sso import patience
from simplane.sso.errors import BadAnswer, ProviderDown

MOST_BYTES = 256 * 1024
KEPT_SECONDS = 600
"""Published facts are believed for so long."""
KEYS_AGAIN_SECONDS = 60
"""Keys are asked for again before that only when one is named that nobody knows, and not oftener than so."""
JSON = {"Accept": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An OpenID provider as it describes itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    secret_in_header: bool
    """The client proves itself by HTTP Basic, not in the form."""
    names_itself: bool
    """It puts `iss` beside the code (RFC 9207)."""
    groups_scope: bool
    """It has a scope `groups`."""


def provider(issuer: str, *, fresh: bool = False) -> Provider:
    """What it publishes. `fresh`: ask now. Raises BadAnswer, ProviderDown, AddressRefused."""
    found = _kept(f"provider:{issuer}", lambda: asdict(_discover(issuer)), fresh=fresh)
    return Provider(**found)


def keys(of: Provider, *, fresh: bool = False) -> list[Any]:
    """Its public keys (JWK), not checked. `fresh`: ask again, unless that was done a minute ago. Raises as `provider`."""
    again = fresh and cache.add(_name(f"asked:{of.jwks_uri}"), 1, KEYS_AGAIN_SECONDS)
    found = _kept(f"keys:{of.jwks_uri}", lambda: _fetch(of.issuer, "GET", of.jwks_uri, JSON), fresh=again)
    listed = found.get("keys")
    if not isinstance(listed, list):
        raise BadAnswer("the provider publishes no keys", fix="look at the jwks_uri of its discovery document")
    return listed


def redeem(of: Provider, *, code: str, verifier: str, redirect_uri: str, client: tuple[str, str]) -> dict[str, Any]:
    """The tokens for a code, once. `client`: id and secret. Raises BadAnswer, ProviderDown, AddressRefused."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
        "client_id": client[0],
    }
    headers = {**JSON, "Content-Type": "application/x-www-form-urlencoded"}
    if of.secret_in_header:
        pair = f"{quote_plus(client[0])}:{quote_plus(client[1])}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form["client_secret"] = client[1]
    return _fetch(of.issuer, "POST", of.token_endpoint, headers, urlencode(form).encode())


def userinfo(of: Provider, access_token: str) -> dict[str, Any]:
    """The claims that are not in the ID token. Raises BadAnswer, ProviderDown, AddressRefused."""
    return _fetch(of.issuer, "GET", of.userinfo_endpoint, {**JSON, "Authorization": f"Bearer {access_token}"})


def _discover(issuer: str) -> Provider:
    told = _fetch(issuer, "GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration", JSON)
    if told.get("issuer") != issuer:
        named = str(told.get("issuer", ""))[:200]
        raise BadAnswer(
            f"the provider calls itself {named or 'nothing'}, not {issuer}", fix="write its issuer exactly so"
        )
    methods = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Provider(
        issuer=issuer,
        authorization_endpoint=_address(told, "authorization_endpoint"),
        token_endpoint=_address(told, "token_endpoint"),
        jwks_uri=_address(told, "jwks_uri"),
        userinfo_endpoint=_address(told, "userinfo_endpoint") if told.get("userinfo_endpoint") else "",
        secret_in_header="client_secret_basic" in methods,
        names_itself=told.get("authorization_response_iss_parameter_supported") is True,
        groups_scope="groups" in (told.get("scopes_supported") or []),
    )


def _address(told: Mapping[str, Any], field: str) -> str:
    found = told.get(field)
    if not isinstance(found, str):
        raise BadAnswer(f"the provider's discovery document has no {field}", fix="check the issuer")
    reach.read_target(found)
    return found


def _fetch(issuer: str, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> dict[str, Any]:
    """A JSON object. Raises BadAnswer, ProviderDown, AddressRefused."""
    host, most = reach.read_target(url).host, MOST_BYTES + 1
    with patience.asking(issuer):
        call = outside.call(method, url, headers=headers, body=body, most_bytes=most, seconds=patience.SECONDS)
        try:
            answer = asyncio.run(call)
        except (NotSent, NoAnswer) as problem:
            raise ProviderDown(f"{host} does not answer: {problem}", fix="try again in half a minute") from None
    told = _object(answer.body)
    if answer.status != 200 or told is None:
        said = str((told or {}).get("error", ""))[:100]
        why = (
            f"answered {answer.status}{f' ({said})' if said else ''}" if answer.status != 200 else "sent no JSON object"
        )
        raise BadAnswer(f"{host} {why}", fix="check the connection's settings, then sign in again")
    return told


def _object(body: bytes) -> dict[str, Any] | None:
    if len(body) > MOST_BYTES:
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _kept(name: str, ask: Callable[[], dict[str, Any]], *, fresh: bool) -> dict[str, Any]:
    known: dict[str, Any] | None = None if fresh else cache.get(_name(name))
    if known is None:
        known = ask()
        cache.set(_name(name), known, KEPT_SECONDS)
    return known


def _name(what: str) -> str:
    return f"oidc:{hashlib.sha256(what.encode()).hexdigest()}"

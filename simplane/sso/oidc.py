"""OpenID Connect: the authorization code with PKCE, state and nonce (OpenID Connect Core 1.0 section 3.1, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from simplane.sso import claims, id_token, oidc_fetch
from simplane.sso.errors import BadAnswer
from simplane.sso.here import address
from simplane.sso.journeys import Journey
from simplane.sso.models import Connection
from simplane.sso.oidc_fetch import Provider
from simplane.sso.values import Told, Way

FIX = "sign in again; if it stays so, show this to your administrator"


def way_out(request: HttpRequest, connection: Connection) -> Way:
    """To the provider. Raises BadAnswer, ProviderDown, AddressRefused."""
    provider = oidc_fetch.provider(connection.issuer)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    asked = {
        "response_type": "code",
        "client_id": connection.client_id,
        "redirect_uri": address(request, connection, "return"),
        "scope": "openid email profile groups" if provider.groups_scope else "openid email profile",
        "state": state,
        "nonce": nonce,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    to = provider.authorization_endpoint
    url = f"{to}{'&' if '?' in to else '?'}{urlencode(asked)}"
    return Way(url=url, key=state, kept={"nonce": nonce, "verifier": verifier})


def who_came(request: HttpRequest, connection: Connection, journey: Journey) -> Told:
    """Who came back with this request. Raises BadAnswer, ProviderDown, AddressRefused."""
    if "error" in request.GET:
        said = request.GET.get("error_description") or request.GET["error"]
        raise BadAnswer(f"{connection.name} says: {said[:200]}", fix="ask your administrator whether you may use this")
    provider = oidc_fetch.provider(connection.issuer)
    _check_sender(request, provider)
    tokens = oidc_fetch.redeem(
        provider,
        code=_code(request),
        verifier=journey.kept["verifier"],
        redirect_uri=address(request, connection, "return"),
        client=(connection.client_id, connection.client_secret["secret"]),
    )
    proved = _proved(tokens, provider, connection, journey.kept["nonce"])
    return claims.told(connection, _completed(proved, tokens, provider, connection))


def _check_sender(request: HttpRequest, provider: Provider) -> None:
    """A code of another provider is not taken to this one (RFC 9207)."""
    sender = request.GET.get("iss")
    if sender != provider.issuer and (sender is not None or provider.names_itself):
        raise BadAnswer("the answer comes from another provider", fix=FIX)


def _code(request: HttpRequest) -> str:
    code = request.GET.get("code", "")
    if not 0 < len(code) <= 4096:
        raise BadAnswer("the provider sent no code", fix=FIX)
    return code


def _proved(tokens: dict[str, Any], provider: Provider, connection: Connection, nonce: str) -> dict[str, Any]:
    wanted = {"issuer": connection.issuer, "client_id": connection.client_id, "nonce": nonce}
    token = tokens.get("id_token")
    try:
        return id_token.claims(token, oidc_fetch.keys(provider), **wanted)
    except id_token.UnknownKey:
        return id_token.claims(token, oidc_fetch.keys(provider, fresh=True), **wanted)


def _completed(
    proved: dict[str, Any], tokens: dict[str, Any], provider: Provider, connection: Connection
) -> dict[str, Any]:
    """With what the provider tells only when it is asked for it: some put no address into the token."""
    access = tokens.get("access_token")
    if claims.has_address(connection, proved) or not provider.userinfo_endpoint or not isinstance(access, str):
        return proved
    more = oidc_fetch.userinfo(provider, access)
    if more.get("sub") != proved["sub"]:
        raise BadAnswer("the provider's user information is about somebody else", fix=FIX)
    return {**more, **proved}


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

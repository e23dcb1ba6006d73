"""Whether an ID token proves who somebody is (OpenID Connect Core 1.0 section 3.1.3.7), by the one clock."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from simplane.core import clock
from simplane.sso.errors import BadAnswer

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures by a private key. Never `none`, never HS256: its key would be the client's secret, or a public one."""
LEEWAY_SECONDS = 60
LONGEST = 64 * 1024
FIX = "sign in again; if it stays so, show this to your administrator"


class UnknownKey(BadAnswer):
    """The token names a key that the provider did not publish when it was asked."""


def claims(token: object, keys: Sequence[Any], *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """What a token says, when it was signed by one of the keys (JWK), for us, now, for this very sign-in.

    Raises BadAnswer; UnknownKey when newer keys may help.
    """
    if not isinstance(token, str) or not 0 < len(token) <= LONGEST:
        raise BadAnswer("the provider sent no ID token", fix=FIX)
    told = _signed(token, keys)
    _check_whose(told, issuer, client_id)
    _check_when(told)
    sent = told.get("nonce")
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), nonce.encode()):
        raise BadAnswer("the ID token belongs to another sign-in", fix=FIX)
    return told


def _signed(token: str, keys: Sequence[Any]) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise BadAnswer(f"the ID token is signed by {str(algorithm)[:20]}", fix=f"use {', '.join(ALGORITHMS)}")
        return jwt.decode(
            token,
            _key(keys, header).key,
            algorithms=[algorithm],
            options={
                "enforce_minimum_key_length": True,
                "verify_aud": False,
                "verify_exp": False,
                "verify_iat": False,
                "verify_iss": False,
                "verify_nbf": False,
                "verify_sub": False,
            },
        )
    except jwt.PyJWTError as problem:
        raise BadAnswer(f"the ID token proves nothing: {str(problem)[:200]}", fix=FIX) from None


def _key(keys: Sequence[Any], header: Mapping[str, Any]) -> jwt.PyJWK:
    """The key that the token names; without a name the only one there is."""
    signing = [one for one in keys if isinstance(one, dict) and one.get("use", "sig") == "sig"]
    named = [one for one in signing if one.get("kid") == header["kid"]] if "kid" in header else signing
    if not named:
        raise UnknownKey("the ID token is signed by a key that the provider does not publish", fix=FIX)
    if len(named) > 1:
        raise BadAnswer("the ID token does not say by which key it is signed", fix=FIX)
    return jwt.PyJWK(named[0], algorithm=header["alg"])


def _check_whose(told: Mapping[str, Any], issuer: str, client_id: str) -> None:
    if told.get("iss") != issuer:
        raise BadAnswer("the ID token comes from another provider", fix="check the issuer of the connection")
    meant = told.get("aud")
    readers = [meant] if isinstance(meant, str) else meant if isinstance(meant, list) else []
    party = told.get("azp")
    if client_id not in readers or (len(readers) > 1 and party is None) or party not in (None, client_id):
        raise BadAnswer("the ID token is meant for another application", fix="check the client ID of the connection")
    subject = told.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or "\0" in subject:
        raise BadAnswer("the ID token names nobody", fix=FIX)


def _check_when(told: Mapping[str, Any]) -> None:
    now = clock.now().timestamp()
    end, begun, since = (told.get(one) for one in ("exp", "iat", "nbf"))
    if not _is_time(end) or not _is_time(begun) or (since is not None and not _is_time(since)):
        raise BadAnswer("the ID token does not say when it is valid", fix=FIX)
    if end <= now - LEEWAY_SECONDS:  # type: ignore[operator]
        raise BadAnswer("the ID token has expired", fix="check the clock of the provider, then sign in again")
    if max(begun, since or 0) > now + LEEWAY_SECONDS:  # type: ignore[type-var, operator]
        raise BadAnswer("the ID token is not valid yet", fix="check the clock of the provider, then sign in again")


def _is_time(found: object) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)

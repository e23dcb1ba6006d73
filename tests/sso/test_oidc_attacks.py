"""What a hostile or broken OpenID provider sends, and what somebody does with another's answer: refused, nothing changed."""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django import db
from django.test import Client

from simplane.core.errors import Refusal
from simplane.core.models import AuditEntry
from simplane.organizations.models import Organization
from simplane.sso import oidc_fetch, patience
from simplane.sso.landing import NOTED_AN_HOUR
from simplane.sso.models import Connection
from tests.companies import company
from tests.sso.liar import Liar, lying
from tests.sso.world import SECRET, asked_of, browser, connected, everything, owns_mail, who

Token = Callable[[Liar, str], Any]


def saying(**changed: Any) -> Token:
    """A token that is signed well and says something else."""
    return lambda it, own: it.signed(it.says(own, **changed))


def sent(what: Any) -> Token:
    """Just that."""
    return lambda *_: what


def tampered(liar: Liar, nonce: str) -> str:
    """The signature of one token under the claims of another."""
    head, _, sealed = liar.signed(liar.says(nonce)).split(".")
    return ".".join((head, liar.signed(liar.says(nonce, sub="the-owner")).split(".")[1], sealed))


TOKENS: dict[str, tuple[Token, str]] = {
    "another issuer": (saying(iss="http://127.0.0.1:1"), "another provider"),
    "no issuer": (saying(iss=None), "another provider"),
    "not signed": (lambda it, n: jwt.encode(it.says(n), None, algorithm="none"), "signed by none"),  # type: ignore[arg-type]
    "HS256 by the public key": (lambda it, n: it.signed_by_text(it.says(n), it.public_pem), "signed by HS256"),
    "HS256 by our secret": (lambda it, n: it.signed_by_text(it.says(n), SECRET.encode()), "signed by HS256"),
    "another's key of the same name": (
        lambda it, n: it.signed(it.says(n), key=rsa.generate_private_key(65537, 2048)),
        "Signature verification failed",
    ),
    "a key that nobody published": (lambda it, n: it.signed(it.says(n), kid="k9"), "does not publish"),
    "claims of another token": (tampered, "Signature verification failed"),
    "another audience": (saying(aud="payroll"), "another application"),
    "two audiences, no party": (saying(aud=["simplane", "payroll"]), "another application"),
    "another party": (saying(aud=["simplane", "payroll"], azp="payroll"), "another application"),
    "expired": (saying(exp=1_700_000_000), "has expired"),
    "no end": (saying(exp=None), "when it is valid"),
    "issued tomorrow": (saying(iat=4_000_000_000, exp=4_000_000_300), "not valid yet"),
    "not before tomorrow": (saying(nbf=4_000_000_000), "not valid yet"),
    "another nonce": (saying(nonce="old"), "another sign-in"),
    "no nonce": (saying(nonce=None), "another sign-in"),
    "nobody": (saying(sub=None), "names nobody"),
    "a number": (saying(sub=7), "names nobody"),
    "no token": (sent(None), "no ID token"),
    "no JWT": (sent("a.b.c"), "proves nothing"),
}


@pytest.fixture(scope="module")
def liar() -> Iterator[Liar]:
    with lying() as made:
        yield made


def test_no_token_but_an_honest_one_signs_anybody_in(acme: Organization, liar: Liar) -> None:
    connection = connected(acme, liar.url)
    owns_mail(acme, "acme.example")
    before = everything()
    for number, (name, (token, words)) in enumerate(TOKENS.items()):
        client = Client(HTTP_HOST="acme.localhost", REMOTE_ADDR=f"192.0.2.{number}")
        asked = away(client, connection)
        liar.tokens = {"id_token": token(liar, asked["nonce"]), "access_token": "a"}
        answer = returned(client, connection, asked["state"])
        assert (name, answer.status_code, words in text(answer)) == (name, 400, True), text(answer)
        assert (name, who(client), everything()) == (name, "", before)
    told = AuditEntry.objects.filter(organization_id=acme.pk, action="sign_in.refused")
    assert told.count() == min(len(TOKENS), NOTED_AN_HOUR)
    honest = browser(acme)
    asked = away(honest, connection)
    liar.tokens = {"id_token": liar.signed(liar.says(asked["nonce"])), "access_token": "a"}
    assert returned(honest, connection, asked["state"]).status_code == 302
    assert who(honest) == "mallory@acme.example"
    form = liar.asked[-1]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert (challenge, asked["code_challenge_method"]) == (asked["code_challenge"], "S256")
    secret = base64.b64decode(form["authorization"].removeprefix("Basic ")).decode().partition(":")[2]
    assert (unquote(secret), "client_secret" in form) == (SECRET, False)


def test_an_answer_serves_the_browser_that_began_once_at_the_company_and_connection_it_left_for(
    acme: Organization, liar: Liar
) -> None:
    connection, other = connected(acme, liar.url), connected(acme, liar.url)
    owns_mail(acme, "acme.example")
    beta = company("beta")
    theirs = connected(beta, liar.url)
    client, thief = browser(acme), browser(acme)
    asked = away(client, connection)
    liar.tokens = {"id_token": liar.signed(liar.says(asked["nonce"])), "access_token": "a"}
    before, calls = everything(), len(liar.asked)

    assert returned(client, connection, "another").status_code == 400
    assert returned(thief, connection, asked["state"]).status_code == 400
    assert returned(client, other, asked["state"]).status_code == 400
    assert client.get(f"/sign-in/{theirs.public_id}/").status_code == 404
    assert browser(beta).get(f"/sign-in/{connection.public_id}/return/?state={asked['state']}").status_code == 404
    assert Client(HTTP_HOST="localhost").get(f"/sign-in/{connection.public_id}/").status_code == 404
    assert (everything(), len(liar.asked)) == (before, calls), "nobody was asked anything"

    again = away(client, connection)
    elsewhere = returned(client, connection, again["state"], iss="http://127.0.0.1:1")
    assert (elsewhere.status_code, "another provider" in text(elsewhere)) == (400, True)
    assert "not begun in this browser" in text(returned(client, connection, again["state"])), "a refusal uses it up"
    denied = client.get(
        f"/sign-in/{connection.public_id}/return/?state={away(client, connection)['state']}&error=access_denied"
    )
    assert (denied.status_code, "Acme ID says: access_denied" in text(denied)) == (400, True)
    assert everything() == before

    assert returned(client, connection, asked["state"]).status_code == 302
    was = everything()
    assert returned(client, connection, asked["state"]).status_code == 400
    late = away(thief, connection)
    liar.tokens = {"id_token": liar.signed(liar.says(late["nonce"])), "access_token": "a"}
    session = thief.session
    session["sso_journeys"][late["state"]]["at"] -= 601
    session.save()
    assert returned(thief, connection, late["state"]).status_code == 400
    assert (everything(), who(thief)) == (was, "")
    statuses = {client.get(f"/sign-in/{connection.public_id}/return/").status_code for _ in range(60)}
    assert statuses == {400, 429}, "one address may try only so often"


def test_what_a_provider_publishes_is_fetched_from_public_addresses_and_must_agree_with_itself(
    acme: Organization, liar: Liar, settings: Any
) -> None:
    connection = connected(acme, liar.url)
    client = browser(acme)
    before = everything()
    asked = away(client, connection)
    liar.tokens = {"id_token": "x" * 10_000_000}
    large = returned(client, connection, asked["state"])
    assert (large.status_code, "sent no JSON object" in text(large), everything()) == (400, True, before)
    asked = away(client, connection)
    claims = liar.says(asked["nonce"], email=None)
    liar.tokens, liar.userinfo = (
        {"id_token": liar.signed(claims), "access_token": "a"},
        {"sub": "x", "email": "o@x.example"},
    )
    assert "about somebody else" in text(returned(client, connection, asked["state"]))

    def refused() -> str:
        with pytest.raises(Refusal) as found:
            oidc_fetch.provider(liar.url, fresh=True)
        return str(found.value)

    liar.discovery = {"issuer": "https://login.example"}
    assert "calls itself https://login.example" in refused()
    liar.discovery = {"token_endpoint": "http://10.0.0.7/token"}
    assert "10.0.0.7 is not a public address" in refused()
    liar.discovery = {"jwks_uri": None}
    assert "has no jwks_uri" in refused()
    liar.discovery, liar.moved_to = {}, "http://10.0.0.7/"
    assert "answered 302" in refused()
    liar.moved_to = ""
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"allow_loopback_targets": False})
    assert "is not a public address" in refused()
    assert everything() == before


def test_a_provider_that_never_answers_holds_two_requests_for_seconds_and_is_left_alone_for_half_a_minute(
    acme: Organization, monkeypatch: pytest.MonkeyPatch, liar: Liar
) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.7)
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(5) as people:
        connection = connected(acme, f"http://127.0.0.1:{silent.getsockname()[1]}")
        pages = list(people.map(lambda _: begun(connection), range(5)))
        assert [(status, "try again in half a minute" in words) for status, words in pages] == [(502, True)] * 5
        assert begun(connection)[0] == 502
        silent.setblocking(False)
        assert len(accepted(silent)) == 2, "no more were asked"
    assert begun(connected(acme, liar.url))[0] == 302, "others are"


def begun(connection: Connection) -> tuple[int, str]:
    """Set out in a browser of its own, maybe in a thread of its own: the status and the page."""
    try:
        answer = browser(Organization(slug="acme")).get(f"/sign-in/{connection.public_id}/")
        return answer.status_code, text(answer)
    finally:
        db.connection.close()


def accepted(server: socket.socket) -> list[socket.socket]:
    """The connections that came."""
    found: list[socket.socket] = []
    with suppress(BlockingIOError):
        while True:
            found.append(server.accept()[0])
    return found


def away(client: Client, connection: Connection) -> dict[str, str]:
    """Begin; what the provider is asked."""
    return asked_of(client.get(f"/sign-in/{connection.public_id}/"))


def returned(client: Client, connection: Connection, state: str, *, iss: str = "") -> Any:
    """Come back with a code."""
    return client.get(
        f"/sign-in/{connection.public_id}/return/?code=c&state={state}{f'&iss={quote(iss)}' if iss else ''}"
    )


def text(answer: Any) -> str:
    """The page."""
    return str(answer.content.decode())

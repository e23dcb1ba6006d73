"""An OpenID provider that says whatever a test wants, over real HTTP: what a stolen or hostile one could send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from simplane.core import clock

CLIENT = "simplane"


class Liar:
    """`tokens`: what the token endpoint answers next; `discovery`: what is changed in its description."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = "k1"
        self.tokens: Any = {}
        self.userinfo: Any = {}
        self.discovery: dict[str, Any] = {}
        self.moved_to = ""
        self.asked: list[dict[str, str]] = []
        """Forms that came to the token endpoint."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def says(self, nonce: str, /, **changed: Any) -> dict[str, Any]:
        """The claims of an honest token, but for what is changed; None leaves one out."""
        now = int(clock.now().timestamp())
        told = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "mallory",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "email": "mallory@acme.example",
            "email_verified": True,
        }
        return {name: value for name, value in {**told, **changed}.items() if value is not None}

    def signed(self, claims: dict[str, Any], *, key: Any = None, kid: str = "") -> str:
        """As it signs, or with another key."""
        return jwt.encode(claims, key or self.key, algorithm="RS256", headers={"kid": kid or self.kid})

    def signed_by_text(self, claims: dict[str, Any], secret: bytes) -> str:
        """HS256 by any text, which libraries refuse to do with a public key."""
        head = {"alg": "HS256", "typ": "JWT", "kid": self.kid}
        body = b".".join(_b64(json.dumps(part).encode()) for part in (head, claims))
        return (body + b"." + _b64(hmac.digest(secret, body, hashlib.sha256))).decode()

    @property
    def public_pem(self) -> bytes:
        """The key that everybody may read."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def answer(self, path: str) -> Any:
        """What stands at an address."""
        if path == "/.well-known/openid-configuration":
            ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            told = {"issuer": self.url, **{name: f"{self.url}{end}" for name, end in ends.items()}}
            return {**told, "userinfo_endpoint": f"{self.url}/userinfo", **self.discovery}
        if path == "/keys":
            return {"keys": [{**json.loads(RSAAlgorithm.to_jwk(self.key.public_key())), "kid": self.kid, "use": "sig"}]}
        return self.userinfo if path == "/userinfo" else self.tokens

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(liar: Liar) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(liar.answer(self.path)).encode()
            self.send_response(302 if liar.moved_to else 200)
            if liar.moved_to:
                self.send_header("location", liar.moved_to)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # who asked has read enough

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers.get("content-length") or 0)).decode())
            sent = {"authorization": self.headers.get("authorization", "")}
            liar.asked.append({**{name: values[0] for name, values in form.items()}, **sent})
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            """Keep test output quiet."""

    return Handler


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@contextmanager
def lying() -> Iterator[Liar]:
    """A `Liar`, listening."""
    made = Liar()
    try:
        yield made
    finally:
        made.close()

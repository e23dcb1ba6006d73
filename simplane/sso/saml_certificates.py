"""Certificates that identity providers sign with: read, judged, told to people."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simplane.core import clock
from simplane.core.errors import BadInput

LEAST_RSA_BITS = 2048
MOST = 5
"""Of one connection; two are usual while a provider changes them."""
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A certificate in words. `fingerprint`: SHA-256 in hex."""

    subject: str
    ends_at: datetime
    fingerprint: str


def read(text: str) -> list[str]:
    """All certificates of a text, as PEM: pasted with or without BEGIN and END. Raises BadInput.

    What has ended is refused here, where somebody looks; at a sign-in the key counts, not the date, and the alert 30 days
    before says when to change it (SAML metadata interoperability profile 1.0 section 2.6.1).
    """
    bodies = _BLOCK.findall(text) or ([text] if text.strip() else [])
    found = list(dict.fromkeys(_pem(_loaded(body)) for body in bodies))
    if not 1 <= len(found) <= MOST:
        raise BadInput(
            "there is no certificate" if not found else "these are many certificates", fix=f"give 1 to {MOST}"
        )
    return found


def facts(pem: str) -> CertificateFacts:
    """What a stored certificate says."""
    found = x509.load_pem_x509_certificate(pem.encode())
    subject = found.subject.rfc4514_string() or "no name"
    return CertificateFacts(subject, found.not_valid_after_utc, found.fingerprint(hashes.SHA256()).hex())


def _loaded(body: str) -> x509.Certificate:
    try:
        found = x509.load_der_x509_certificate(base64.b64decode("".join(body.split()), validate=True))
        key = found.public_key()
    except (binascii.Error, ValueError, TypeError):
        raise BadInput("this is no certificate", fix="paste the provider's signing certificate (X.509, PEM)") from None
    strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA_BITS) or isinstance(
        key, ec.EllipticCurvePublicKey
    )
    if not strong:
        raise BadInput("the certificate's key is weak", fix=f"use RSA of {LEAST_RSA_BITS} bits or an elliptic curve")
    if found.not_valid_after_utc <= clock.now():
        raise BadInput(
            f"the certificate ended on {found.not_valid_after_utc:%Y-%m-%d}", fix="make a new one at your provider"
        )
    return found


def _pem(found: x509.Certificate) -> str:
    return found.public_bytes(serialization.Encoding.PEM).decode()

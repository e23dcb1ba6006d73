"""An identity provider for tests: answers that it signs for real, and the parts out of which forged ones are made."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree  # type: ignore[import-untyped]

from simplane.core import clock

xmlsec: Any = import_module("xmlsec")
"""Its own types are not true."""
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
_NAMESPACES = {"saml": SAML[1:-1], "samlp": SAMLP[1:-1]}
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Keys:
    """A private key and its certificate, as PEM."""

    private: bytes
    certificate: str


@lru_cache(maxsize=8)
def keys(name: str = "next", *, days: int = 365, bits: int = 0) -> Keys:
    """The same ones for a name all through a test run. `bits`: RSA; 0: the elliptic curve P-256, which is quick to make."""
    private = rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(who, who, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(private, hashes.SHA256())
    )
    pem, encoding = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    secret = private.private_bytes(encoding, pem, serialization.NoEncryption())
    return Keys(secret, made.public_bytes(encoding).decode())


@dataclass(frozen=True, slots=True)
class Asked:
    """An AuthnRequest, as the provider reads it."""

    id: str
    issuer: str
    acs: str

    @classmethod
    def at(cls, url: str) -> Asked:
        """Out of the address that a browser was sent to."""
        (packed,) = parse_qs(urlsplit(url).query)["SAMLRequest"]
        root = etree.fromstring(zlib.decompress(base64.b64decode(packed), wbits=-15))
        return cls(root.get("ID"), root.findtext(f"{SAML}Issuer"), root.get("AssertionConsumerServiceURL"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Idp:
    """A provider of one company; its clock is half a minute ahead."""

    entity_id: str = "https://idp.example/saml"
    sign_in_url: str = "https://idp.example/saml/sign-in?tenant=1&app=simplane"
    signing: Keys = field(default_factory=lambda: keys("idp", bits=2048))

    def metadata(self, *, attributes: str = "", certificates: Sequence[str] = ()) -> str:
        """What it says about itself."""
        blocks = "".join(
            f'<KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{DS[1:-1]}"><ds:X509Data><ds:X509Certificate>{body(one)}'
            "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>"
            for one in certificates or [self.signing.certificate]
        )
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"'
            f' entityID="{self.entity_id}"><IDPSSODescriptor {attributes}'
            f' protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{blocks}'
            '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
            f' Location="{self.sign_in_url.replace("&", "&amp;")}"/></IDPSSODescriptor></EntityDescriptor>'
        )

    def answer(self, asked: Asked, **told: Any) -> str:
        """A good answer (or one with other facts, see `response`), its assertion signed, as it goes into the form."""
        return encoded(self.signed(self.response(asked, **told)))

    def response(self, asked: Asked, **told: Any) -> Any:
        """The unsigned tree of a response. Each fact can be another one; None leaves it out."""
        now = clock.now()
        facts: dict[str, Any] = {
            "destination": asked.acs,
            "recipient": asked.acs,
            "audience": asked.issuer,
            "in_response_to": asked.id,
            "issuer": self.entity_id,
            "name_id": "person-1",
            "name_format": PERSISTENT,
            "said": {"email": ["ana.lima@acme.example"], "displayName": ["Ana Lima"]},
            "starts": now + MINUTE / 2,
            "ends": now + 5 * MINUTE,
            "id": f"_a{asked.id[1:]}",
            "status": "Success",
            **told,
        }
        root = _element(
            None, f"{SAMLP}Response", {"ID": f"_r{asked.id[1:]}", "Version": "2.0", "IssueInstant": _written(now)}
        )
        _set(root, {"Destination": facts["destination"], "InResponseTo": facts["in_response_to"]})
        _element(root, f"{SAML}Issuer", text=facts["issuer"])
        status = _element(root, f"{SAMLP}Status")
        _element(status, f"{SAMLP}StatusCode", {"Value": f"urn:oasis:names:tc:SAML:2.0:status:{facts['status']}"})
        _assertion(root, facts, _written(now))
        return root

    def signed(
        self,
        root: Any,
        *,
        signs: Sequence[str] = ("Assertion",),
        with_keys: Keys | None = None,
        method: Any = xmlsec.Transform.RSA_SHA256,
        digest: Any = xmlsec.Transform.SHA256,
    ) -> Any:
        """The tree with signatures over these elements, the inner one first."""
        for name in sorted(signs):
            owner = root if name == "Response" else root.find(f"{SAML}Assertion")
            sign(owner, with_keys or self.signing, method=method, digest=digest)
        # What xmlsec made lxml does not find by name until it has read it itself.
        return etree.fromstring(etree.tostring(root))


def sign(
    owner: Any, with_keys: Keys, *, method: Any = xmlsec.Transform.RSA_SHA256, digest: Any = xmlsec.Transform.SHA256
) -> None:
    """Put an enveloped signature into the element, after its issuer; it includes a prefix, as Okta's do."""
    template = xmlsec.template.create(owner, xmlsec.Transform.EXCL_C14N, method, ns="ds")
    reference = xmlsec.template.add_reference(template, digest, uri=f"#{owner.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    exclusive = xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    xmlsec.template.transform_add_c14n_inclusive_namespaces(exclusive, "xs")
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(template))
    owner.insert(1, template)
    xmlsec.tree.add_ids(owner.getroottree().getroot(), ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(with_keys.private, xmlsec.KeyFormat.PEM)
    context.key.load_cert_from_memory(with_keys.certificate.encode(), xmlsec.KeyFormat.PEM)
    context.sign(template)


def encoded(root: Any) -> str:
    """As it goes into the form field SAMLResponse."""
    return packed(etree.tostring(root))


def packed(xml: bytes) -> str:
    """The same of bytes."""
    return base64.b64encode(xml).decode()


def body(pem: str) -> str:
    """The base64 of a certificate without its first and last line."""
    return "".join(pem.strip().splitlines()[1:-1])


def _assertion(root: Any, facts: Mapping[str, Any], now: str) -> None:
    made = _element(root, f"{SAML}Assertion", {"ID": facts["id"], "Version": "2.0", "IssueInstant": now})
    _element(made, f"{SAML}Issuer", text=facts["issuer"])
    subject = _element(made, f"{SAML}Subject")
    _element(subject, f"{SAML}NameID", {"Format": facts["name_format"]}, facts["name_id"])
    confirmed = _element(subject, f"{SAML}SubjectConfirmation", {"Method": "urn:oasis:names:tc:SAML:2.0:cm:bearer"})
    data = _element(confirmed, f"{SAML}SubjectConfirmationData")
    confirmed_by = facts.get("confirmed_by", facts["in_response_to"])
    _set(data, {"InResponseTo": confirmed_by, "Recipient": facts["recipient"], "NotOnOrAfter": _maybe(facts["ends"])})
    conditions = _element(made, f"{SAML}Conditions")
    _set(conditions, {"NotBefore": _maybe(facts["starts"]), "NotOnOrAfter": _maybe(facts["ends"])})
    if facts["audience"] is not None:
        restriction = _element(conditions, f"{SAML}AudienceRestriction")
        _element(restriction, f"{SAML}Audience", text=facts["audience"])
    authenticated = _element(made, f"{SAML}AuthnStatement", {"AuthnInstant": now, "SessionIndex": facts["id"]})
    context = _element(authenticated, f"{SAML}AuthnContext")
    _element(context, f"{SAML}AuthnContextClassRef", text="urn:oasis:names:tc:SAML:2.0:ac:classes:Password")
    _statement(made, facts["said"])


def _statement(assertion: Any, said: Mapping[str, Sequence[str]]) -> None:
    if not said:
        return
    statement = _element(assertion, f"{SAML}AttributeStatement")
    for name, values in said.items():
        attribute = _element(statement, f"{SAML}Attribute", {"Name": name})
        for value in values:
            _element(attribute, f"{SAML}AttributeValue", text=value)


def _element(parent: Any, tag: str, attributes: Mapping[str, str] | None = None, text: str | None = None) -> Any:
    given = dict(attributes or {})
    made = etree.Element(tag, given, _NAMESPACES) if parent is None else etree.SubElement(parent, tag, given)
    made.text = text
    return made


def _set(node: Any, attributes: Mapping[str, str | None]) -> None:
    for name, value in attributes.items():
        if value is not None:
            node.set(name, value)


def _maybe(moment: datetime | None) -> str | None:
    return None if moment is None else _written(moment)


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"

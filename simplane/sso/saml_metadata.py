"""What an identity provider says about itself: its SAML metadata, pasted or fetched."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.conf import settings
from lxml import etree  # type: ignore[import-untyped]

from simplane.core import outside, reach
from simplane.core.errors import BadInput
from simplane.core.http import NoAnswer, NotSent
from simplane.sso import patience, saml_certificates
from simplane.sso.errors import ProviderDown
from simplane.sso.saml_xml import DS, MD, parse, text_of

MOST_BYTES = 512 * 1024
"""Entra ID sends about 60 kB."""
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
SAML2 = "urn:oasis:names:tc:SAML:2.0:protocol"
_TYPE = "application/samlmetadata+xml, application/xml, text/xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdpFacts:
    """What a connection must know of a provider."""

    entity_id: str
    sign_in_url: str
    certificates: tuple[str, ...]
    """PEM, one to `saml_certificates.MOST`."""


def fetched(url: str) -> IdpFacts:
    """Ask the provider for its metadata. Never in a transaction. Raises AddressRefused, ProviderDown, BadInput."""
    headers, seconds = {"Accept": _TYPE}, patience.SECONDS
    with patience.asking(reach.read_target(url).host):
        try:
            answer = async_to_sync(outside.call)("GET", url, headers=headers, most_bytes=MOST_BYTES, seconds=seconds)
        except (NotSent, NoAnswer) as problem:
            raise ProviderDown(
                f"the metadata could not be fetched: {problem}", fix="try again in half a minute, or paste it"
            ) from None
    if answer.status != 200:
        raise ProviderDown(f"the provider answered {answer.status} instead of its metadata", fix="check the address")
    return read(answer.body)


def read(metadata: str | bytes) -> IdpFacts:
    """The facts in metadata. Raises BadInput (UnsafeXml for what is not read at all)."""
    given = metadata.encode() if isinstance(metadata, str) else metadata
    if len(given) >= MOST_BYTES:
        raise BadInput("the metadata is too large", fix=f"give one provider's own, under {MOST_BYTES // 1024} kB")
    root, _ = parse(given)
    entity, described = _provider(root)
    if described.get("WantAuthnRequestsSigned", "false").strip().lower() in ("true", "1"):
        raise BadInput(
            "this provider wants requests to be signed, and Simplane does not sign them",
            fix="switch that off for this application at your provider; answers are always signed",
        )
    return facts(
        entity_id=entity.get("entityID", ""), sign_in_url=_sign_in_url(described), certificates=_keys(described)
    )


def facts(*, entity_id: str, sign_in_url: str, certificates: str) -> IdpFacts:
    """The same typed by hand. Raises BadInput."""
    entity_id = entity_id.strip()
    if not 1 <= len(entity_id) <= 500:
        raise BadInput("the provider's entity ID is missing", fix="it is a URL or URN of up to 500 characters")
    return IdpFacts(
        entity_id=entity_id,
        sign_in_url=_checked(sign_in_url.strip()),
        certificates=tuple(saml_certificates.read(certificates)),
    )


def _provider(root: etree._Element) -> tuple[etree._Element, etree._Element]:
    found = [
        (entity, described)
        for entity in root.iter(f"{MD}EntityDescriptor")
        for described in entity.iterchildren(f"{MD}IDPSSODescriptor")
        if SAML2 in described.get("protocolSupportEnumeration", SAML2)
    ]
    if len(found) != 1:
        what = "no identity provider" if not found else "several identity providers"
        raise BadInput(f"the metadata describes {what}", fix="copy the metadata of your one provider (IdP, not SP)")
    return found[0]


def _sign_in_url(described: etree._Element) -> str:
    for service in described.iterchildren(f"{MD}SingleSignOnService"):
        if service.get("Binding") == REDIRECT:
            return str(service.get("Location", ""))
    raise BadInput("the provider offers no HTTP-Redirect sign-in", fix="switch that binding on at your provider")


def _keys(described: etree._Element) -> str:
    blocks = [
        text_of(certificate)
        for key in described.iterchildren(f"{MD}KeyDescriptor")
        if key.get("use", "signing") == "signing"
        for certificate in key.iter(f"{DS}X509Certificate")
    ]
    return "\n".join(f"-----BEGIN CERTIFICATE-----{one}-----END CERTIFICATE-----" for one in blocks)


def _checked(url: str) -> str:
    """People's browsers go there, never we: it may lie inside the company's own network."""
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and parts.username is None and not parts.fragment and parts.port != 0
    except ValueError:
        known = False
    secure = known and (parts.scheme == "https" or (parts.scheme == "http" and not settings.SIMPLANE.production))
    if not secure or len(url) > 500 or not url.isascii() or any(char in url for char in ' \\"<>\t\r\n'):
        raise BadInput("the provider's sign-in URL is none", fix="it begins with https:// and has up to 500 characters")
    return url

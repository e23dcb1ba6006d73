"""What a SAML response must look like before any library sees it.

python3-saml 1.16 runs whatever transforms a signature names (XSLT, XPath: unbounded work) before it knows who signed, and
its reading of wrapped signatures has been wrong before. So a response passes only in the one shape that identity
providers really send, by lists of what is allowed: one assertion, signatures over exactly what holds them, and in a
signature nothing but the plain elements and strong algorithms (W3C xmldsig-core1, SAML core 2.0 section 5.4).
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree  # type: ignore[import-untyped]

from simplane.sso.errors import BadAnswer
from simplane.sso.saml_xml import DS, EC, SAML, SAMLP, XENC, XENC11, UnsafeXml, parse

MOST_BYTES = 256 * 1024
"""Of a response, decoded."""
MOST_ELEMENTS = 5000
MOST_ATTRIBUTES = 20
"""Of one element: checking them against the schema takes their number squared."""
MOST_PREFIXES = 500
"""Characters of a PrefixList, which every element is compared with."""
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNATURES = frozenset(f"{_MORE}{kind}-sha{bits}" for kind in ("rsa", "ecdsa") for bits in (256, 384, 512))
DIGESTS = frozenset(
    ("http://www.w3.org/2001/04/xmlenc#sha256", f"{_MORE}sha384", "http://www.w3.org/2001/04/xmlenc#sha512")
)
_SIGNED = ("CanonicalizationMethod", "SignatureMethod", "Reference")
_KEYS = (
    *("KeyName", "KeyValue", "RSAKeyValue", "Modulus", "Exponent", "X509Data", "X509Certificate", "X509SubjectName"),
    *("X509SKI", "X509IssuerSerial", "X509IssuerName", "X509SerialNumber"),
)
_IN_SIGNATURES = frozenset(
    DS + name
    for name in (
        *("Signature", "SignedInfo", "SignatureValue", *_SIGNED, "Transforms", "Transform", "DigestMethod"),
        *("DigestValue", "KeyInfo", *_KEYS),
    )
) | {f"{EC}InclusiveNamespaces"}
_ALONE = "make one with the usual settings of your provider"


@dataclass(frozen=True, slots=True)
class Shaped:
    """A response of the right shape, nothing of it proved yet. `xml`: UTF-8 without declaration."""

    xml: bytes
    assertion_id: str
    in_response_to: str
    """Of the envelope; empty: the provider began by itself."""


def shaped(encoded: str) -> Shaped:
    """Look at a base64 response as it came in the form. Raises BadAnswer."""
    try:
        root, xml = parse(_decoded(encoded))
    except UnsafeXml as problem:
        raise BadAnswer(problem.message, fix=problem.fix) from None
    _only_known_parts(root)
    (assertion,) = root.iterchildren(f"{SAML}Assertion")
    signed = [node for node in (root, assertion) if _signature(node) is not None]
    if assertion not in signed:
        raise BadAnswer("the assertion is not signed", fix="have your provider sign assertions, not only the response")
    _unique_ids(root)
    return Shaped(xml, assertion.get("ID", ""), root.get("InResponseTo", ""))


def _decoded(encoded: str) -> bytes:
    packed = "".join(encoded.split())
    if len(packed) > MOST_BYTES * 4 // 3 + 4:
        raise BadAnswer(
            "the response is too large", fix=f"have the provider send fewer groups: at most {MOST_BYTES // 1024} kB"
        )
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise BadAnswer("the response is not base64", fix="use the HTTP POST binding") from None


def _only_known_parts(root: etree._Element) -> None:
    if root.tag != f"{SAMLP}Response":
        raise BadAnswer("this is no SAML response", fix="begin again at the sign-in page")
    nodes = list(_bounded(root))
    if any(node.tag.startswith((XENC, XENC11)) or node.tag.startswith(f"{SAML}Encrypted") for node in nodes):
        raise BadAnswer("the assertion is encrypted", fix="switch assertion encryption off at your provider")
    found = Counter(node.tag for node in nodes)
    if found[f"{SAML}Assertion"] != 1 or len(list(root.iterchildren(f"{SAML}Assertion"))) != 1:
        raise BadAnswer("the response must hold one assertion", fix=_ALONE)
    if found[f"{SAMLP}Response"] != 1 or found[f"{SAMLP}Extensions"] or found[f"{SAML}Advice"]:
        raise BadAnswer("the response holds more than an answer", fix=_ALONE)


def _bounded(root: etree._Element) -> Iterator[etree._Element]:
    for count, node in enumerate(root.iter()):
        if count >= MOST_ELEMENTS or len(node.attrib) > MOST_ATTRIBUTES:
            raise BadAnswer("the response has too many parts", fix="have the provider send fewer groups")
        in_signature = node.tag.startswith(DS) or node.tag.startswith(EC)
        if in_signature and node.tag not in _IN_SIGNATURES:
            raise BadAnswer(f"a signature holds {etree.QName(node).localname}", fix=_ALONE)
        yield node


def _signature(owner: etree._Element) -> etree._Element | None:
    """The one signature that stands in the response or the assertion and signs just that."""
    inside = list(owner.iterchildren(f"{DS}Signature"))
    nested = sum(len(list(child.iter(f"{DS}Signature"))) for child in owner if child.tag != f"{SAML}Assertion")
    if len(inside) > 1 or nested != len(inside):
        raise BadAnswer("a signature stands where none belongs", fix=_ALONE)
    if not inside:
        return None
    _plain_signature(inside[0], owner.get("ID", ""))
    return inside[0]


def _plain_signature(signature: etree._Element, signed_id: str) -> None:
    if any(not node.tag.startswith((DS, EC)) for node in signature.iter()):
        raise BadAnswer("a signature holds something strange", fix=_ALONE)
    if _parts(signature) not in (["SignedInfo", "SignatureValue"], ["SignedInfo", "SignatureValue", "KeyInfo"]):
        raise BadAnswer("a signature is not built as one", fix=_ALONE)
    if _parts(signature[0]) != list(_SIGNED):
        raise BadAnswer("a signature signs more than one thing", fix=_ALONE)
    canonical, method, reference = signature[0]
    _only_prefixes(canonical)
    if canonical.get("Algorithm") != EXC_C14N:
        raise _weak(canonical.get("Algorithm"))
    if method.get("Algorithm") not in SIGNATURES or len(method):
        raise _weak(method.get("Algorithm"))
    if not signed_id or reference.get("URI") != f"#{signed_id}":
        raise BadAnswer("a signature signs something else than what it stands in", fix=_ALONE)
    _plain_reference(reference)


def _parts(node: etree._Element) -> list[str]:
    return [etree.QName(child).localname for child in node]


def _plain_reference(reference: etree._Element) -> None:
    if _parts(reference) != ["Transforms", "DigestMethod", "DigestValue"]:
        raise BadAnswer("a signature's reference is not built as one", fix=_ALONE)
    transforms, digest = reference[0], reference[1]
    used = [node.get("Algorithm") for node in transforms]
    if used not in ([ENVELOPED], [ENVELOPED, EXC_C14N]):
        raise BadAnswer(f"a signature asks for the transforms {used}"[:300], fix=_ALONE)
    for node in transforms:
        _only_prefixes(node)
    if digest.get("Algorithm") not in DIGESTS or len(digest):
        raise _weak(digest.get("Algorithm"))


def _only_prefixes(method: etree._Element) -> None:
    """A canonicalization may name prefixes that it includes, and nothing else."""
    for child in method:
        plain = child.tag == f"{EC}InclusiveNamespaces" and not len(child) and list(child.attrib) == ["PrefixList"]
        if not plain or len(child.get("PrefixList", "")) > MOST_PREFIXES:
            raise BadAnswer("a signature's transform has parts", fix=_ALONE)


def _weak(algorithm: str | None) -> BadAnswer:
    named = (algorithm or "none").rpartition("#")[2][:60]
    return BadAnswer(f"the response is signed by {named}", fix="set your provider to RSA or ECDSA with SHA-256")


def _unique_ids(root: etree._Element) -> None:
    """In whatever spelling something may look them up: one id, one element."""
    seen = Counter(
        value
        for node in root.iter()
        for name, value in node.attrib.items()
        if etree.QName(name).localname.lower() == "id"
    )
    if any(count > 1 for count in seen.values()):
        raise BadAnswer("two parts of the response have one ID", fix=_ALONE)

"""Forged, bent and stale answers of a provider. Each takes the provider and the request, and gives what is posted."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from simplane.core import clock
from tests.sso.idp import DS, SAML, SAMLP, Asked, Idp, encoded, keys, packed, sign, xmlsec

Attack = Callable[[Idp, Asked], str]
EVIL = "root@acme.example"


def _changed(change: Callable[[Any], None]) -> Attack:
    """A good, signed answer, changed afterwards."""

    def attack(idp: Idp, asked: Asked) -> str:
        root = idp.signed(idp.response(asked))
        change(root)
        return encoded(root)

    return attack


def _before(change: Callable[[Any], None]) -> Attack:
    """An answer that was changed before the provider signed it: only its shape can give it away."""

    def attack(idp: Idp, asked: Asked) -> str:
        root = idp.response(asked)
        change(root)
        return encoded(idp.signed(root))

    return attack


def _told(**told: Any) -> Attack:
    """An answer that is well signed, and says this."""
    return lambda idp, asked: idp.answer(asked, **told)


def _posted(form_value: str) -> Attack:
    return lambda _idp, _asked: form_value


def _text(change: Callable[[str], str | bytes]) -> Attack:
    """A good answer whose characters were changed afterwards."""

    def attack(idp: Idp, asked: Asked) -> str:
        changed = change(etree.tostring(idp.signed(idp.response(asked))).decode())
        return packed(changed if isinstance(changed, bytes) else changed.encode())

    return attack


def _in_signature(change: Callable[[Any], None]) -> Attack:
    """A signature that is made over what it says, and says something that is not allowed."""

    def attack(idp: Idp, asked: Asked) -> str:
        root = idp.signed(idp.response(asked))
        change(root.find(f".//{DS}Signature"))
        return encoded(root)

    return attack


def _tampered(root: Any) -> None:
    root.find(f".//{SAML}AttributeValue").text = EVIL


def _renamed(root: Any) -> None:
    root.find(f".//{SAML}NameID").text = "admin"


def _executed(root: Any) -> None:
    _transform(XSLT_NAME, XSLT)(root.find(f".//{DS}Signature"))


def _stripped(root: Any) -> None:
    signature = root.find(f".//{DS}Signature")
    signature.getparent().remove(signature)


def _other_key(idp: Idp, asked: Asked) -> str:
    return encoded(idp.signed(idp.response(asked), with_keys=keys("stranger", bits=2048)))


def _only_envelope(idp: Idp, asked: Asked) -> str:
    return encoded(idp.signed(idp.response(asked), signs=["Response"]))


def _sha1(idp: Idp, asked: Asked) -> str:
    return encoded(idp.signed(idp.response(asked), method=xmlsec.Transform.RSA_SHA1))


def _sha1_digest(idp: Idp, asked: Asked) -> str:
    return encoded(idp.signed(idp.response(asked), digest=xmlsec.Transform.SHA1))


def _hmac(root: Any) -> None:
    method = root.find(f".//{DS}SignatureMethod")
    method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")


def _evil_twin(root: Any, *, same_id: bool = False) -> tuple[Any, Any]:
    """The signed assertion, taken out, and an unsigned copy that names somebody else."""
    good = root.find(f"{SAML}Assertion")
    evil = copy.deepcopy(good)
    evil.remove(evil.find(f"{DS}Signature"))
    evil.find(f"{SAML}Subject/{SAML}NameID").text = "admin"
    if not same_id:
        evil.set("ID", "_evil")
    root.remove(good)
    return good, evil


def _wrapped_in_object(root: Any) -> None:
    """XSW 1 and 2 of assertions: the signed one rides in an Object of the evil one's signature."""
    good, evil = _evil_twin(root)
    signature = good.find(f"{DS}Signature")
    evil.insert(1, signature)
    etree.SubElement(signature, f"{DS}Object").append(good)
    root.append(evil)


def _wrapped_before(root: Any) -> None:
    """XSW 3: the evil one first, the signed one beside it."""
    good, evil = _evil_twin(root)
    root.append(evil)
    root.append(good)


def _wrapped_inside(root: Any) -> None:
    """XSW 4: the signed one inside the evil one."""
    good, evil = _evil_twin(root)
    evil.append(good)
    root.append(evil)


def _wrapped_out(root: Any) -> None:
    """XSW 5 and 6: the evil one carries the signature, whose reference leads to the one that stands apart."""
    good, evil = _evil_twin(root)
    evil.insert(1, good.find(f"{DS}Signature"))
    root.append(evil)
    root.append(good)


def _wrapped_in_extensions(root: Any) -> None:
    """XSW 7: the signed one in Extensions, where any element may be."""
    good, evil = _evil_twin(root)
    root.insert(1, etree.Element(f"{SAMLP}Extensions"))
    root[1].append(good)
    root.append(evil)


def _wrapped_same_id(root: Any) -> None:
    """Two elements of one ID: verifier and reader may choose differently."""
    good, evil = _evil_twin(root, same_id=True)
    root.append(evil)
    etree.SubElement(root.find(f"{SAMLP}Status"), f"{SAMLP}StatusDetail").append(good)


def _wrapped_response(root: Any) -> None:
    """The whole signed response inside an evil one (XSW 1 and 2 of responses)."""
    good = copy.deepcopy(root)
    _good, evil = _evil_twin(root)
    root.append(evil)
    detail = etree.SubElement(root.find(f"{SAMLP}Status"), f"{SAMLP}StatusDetail")
    detail.append(good)


def _id_elsewhere(root: Any) -> None:
    """The ID of the assertion stands a second time, in a spelling that XML itself knows."""
    status = root.find(f"{SAMLP}Status")
    status.set("{http://www.w3.org/XML/1998/namespace}id", root.find(f"{SAML}Assertion").get("ID"))


def _second_assertion(idp: Idp, asked: Asked) -> str:
    root = idp.response(asked)
    root.append(copy.deepcopy(root.find(f"{SAML}Assertion")))
    root.findall(f"{SAML}Assertion")[1].set("ID", "_second")
    for one in root.findall(f"{SAML}Assertion"):
        sign(one, idp.signing)
    return encoded(root)


def _transform(algorithm: str, inner: str = "") -> Callable[[Any], None]:
    def change(signature: Any) -> None:
        transforms = signature.find(f".//{DS}Transforms")
        added = etree.SubElement(transforms, f"{DS}Transform", {"Algorithm": algorithm})
        if inner:
            added.append(etree.fromstring(inner))

    return change


def _prefixes(signature: Any) -> None:
    known = " ".join(f"a{one}" for one in range(10_000))
    canonical = signature.findall(f".//{DS}Transform")[1]
    etree.SubElement(canonical, "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces", {"PrefixList": known})


def _attributes(root: Any) -> None:
    for one in range(2_000):
        root.find(f".//{SAML}NameID").set(f"a{one}", "x")


def _reference(uri: str) -> Callable[[Any], None]:
    return lambda signature: signature.find(f".//{DS}Reference").set("URI", uri)


def _second_reference(signature: Any) -> None:
    info = signature.find(f"{DS}SignedInfo")
    info.append(copy.deepcopy(info.find(f"{DS}Reference")))


def _second_info(signature: Any) -> None:
    signature.append(copy.deepcopy(signature.find(f"{DS}SignedInfo")))


def _retrieval(signature: Any) -> None:
    etree.SubElement(signature.find(f"{DS}KeyInfo"), f"{DS}RetrievalMethod", {"URI": "http://127.0.0.1:1/key"})


def _encrypted(root: Any) -> None:
    root.find(f"{SAML}Assertion").tag = f"{SAML}EncryptedAssertion"


def _comment(name: str) -> Callable[[Any], None]:
    """A comment splits the text; a reader that stops there sees another name under the same signature."""

    def change(root: Any) -> None:
        node = root.find(f".//{SAML}{name}")
        whole = node.text
        node.text = whole[:3]
        node.append(etree.Comment("x"))
        node[0].tail = whole[3:]

    return change


def _instruction(root: Any) -> None:
    root.find(f".//{SAML}NameID").append(etree.ProcessingInstruction("x", "y"))


def deflated() -> str:
    """As the redirect binding packs it: 20 MB of nothing in 20 kB."""
    packing = zlib.compressobj(wbits=-15)
    return packed(packing.compress(b"<a>" + b" " * 20_000_000) + packing.flush())


DAY = timedelta(days=1)
LATE = timedelta(seconds=90)
"""More than clocks may differ."""
XSLT_NAME = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XSLT = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template name="t" match="/">
<xsl:call-template name="t"/></xsl:template></xsl:stylesheet>"""
XPATH = '<ds:XPath xmlns:ds="http://www.w3.org/2000/09/xmldsig#">count(//. | //@* | //namespace::*)</ds:XPath>'
BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
FILE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'

FORGED: Mapping[tuple[str, str], Attack] = {
    ("a changed attribute", "not by your provider"): _changed(_tampered),
    ("a changed NameID", "not by your provider"): _changed(_renamed),
    ("no signature", "assertion is not signed"): _changed(_stripped),
    ("a signature by another key", "not by your provider"): _other_key,
    ("a signature over the envelope only", "assertion is not signed"): _only_envelope,
    ("a signature by SHA-1", "signed by rsa-sha1"): _sha1,
    ("a digest by SHA-1", "signed by sha1"): _sha1_digest,
    ("a signature by HMAC", "signed by hmac-sha256"): _changed(_hmac),
    ("the signed assertion in an Object", "signature holds Object"): _changed(_wrapped_in_object),
    ("an evil assertion before the signed one", "one assertion"): _changed(_wrapped_before),
    ("the signed assertion in an evil one", "one assertion"): _changed(_wrapped_inside),
    ("the signature moved to an evil assertion", "one assertion"): _changed(_wrapped_out),
    ("the signed assertion in Extensions", "one assertion"): _changed(_wrapped_in_extensions),
    ("two assertions of one ID", "one assertion"): _changed(_wrapped_same_id),
    ("a signed response in an evil one", "one assertion"): _changed(_wrapped_response),
    ("the assertion's ID as an xml:id", "one ID"): _changed(_id_elsewhere),
    ("two signed assertions", "one assertion"): _second_assertion,
    ("XSLT in a signature", "something strange"): _in_signature(
        _transform("http://www.w3.org/TR/1999/REC-xslt-19991116", XSLT)
    ),
    ("XPath in a signature", "signature holds XPath"): _in_signature(
        _transform("http://www.w3.org/TR/1999/REC-xpath-19991116", XPATH)
    ),
    ("a base64 transform", "asks for the transforms"): _in_signature(
        _transform("http://www.w3.org/2000/09/xmldsig#base64")
    ),
    ("a PrefixList of thousands", "transform has parts"): _in_signature(_prefixes),
    ("very many attributes", "too many parts"): _changed(_attributes),
    ("a reference to everything", "something else than"): _in_signature(_reference("")),
    ("a reference to a file", "something else than"): _in_signature(_reference("file:///etc/hostname")),
    ("a reference to another element", "something else than"): _in_signature(_reference("#_other")),
    ("two references", "more than one thing"): _in_signature(_second_reference),
    ("two things to be signed", "not built as one"): _in_signature(_second_info),
    ("a key to be fetched", "holds RetrievalMethod"): _in_signature(_retrieval),
    ("an encrypted assertion", "encrypted"): _changed(_encrypted),
    ("a comment in the NameID", "a comment"): _changed(_comment("NameID")),
    ("a comment in an attribute", "a comment"): _changed(_comment("AttributeValue")),
    ("a processing instruction in the NameID", "processing instruction"): _before(_instruction),
    ("a bomb of entities", "document type or entities"): _text(lambda xml: BOMB + xml.replace("person-1", "&c;")),
    ("an entity that is a file", "document type or entities"): _text(lambda xml: FILE + xml.replace("person-1", "&x;")),
    ("a document type in UTF-16", "not UTF-8"): _text(
        lambda xml: f'<?xml version="1.0" encoding="UTF-16"?>{FILE}{xml}'.encode("utf-16")
    ),
    ("another encoding", "says that it is UTF-7"): _text(lambda xml: f'<?xml version="1.0" encoding="UTF-7"?>{xml}'),
    ("CDATA", "CDATA"): _text(lambda xml: xml.replace("person-1", "<![CDATA[person-1]]>")),
    ("300 kB", "too large"): _told(said={"email": ["x" * 300_000]}),
    ("very many parts", "too many parts"): _told(said={"groups": ["g"] * 5_100}),
    ("a deflated bomb", "not UTF-8"): _posted(deflated()),
    ("half an XML", "no XML"): _text(lambda xml: xml[:500]),
    ("no base64", "not base64"): _posted("<Response>"),
    ("another document", "no SAML response"): _posted(packed(b"<LogoutResponse/>")),
}
"""What nobody but an attacker sends: its name, words of the refusal -> how it is made."""
UNFIT: Mapping[tuple[str, str], Attack] = {
    ("for another audience", "another application"): _told(audience="https://other.example"),
    ("for nobody in particular", "another application"): _told(audience=None),
    ("to another recipient", "not made for this sign-in"): _told(recipient="https://evil.example/acs/"),
    ("to a recipient that only begins so", "not made for this sign-in"): lambda idp, asked: idp.answer(
        asked, recipient=f"{asked.acs}evil/"
    ),
    ("to another destination", "another address"): _told(destination="https://evil.example/acs/"),
    ("to a destination that only begins so", "another address"): lambda idp, asked: idp.answer(
        asked, destination=f"{asked.acs}evil/"
    ),
    ("to no destination", "another address"): _told(destination=None),
    ("expired", "too late"): lambda idp, asked: idp.answer(asked, starts=clock.now() - DAY, ends=clock.now() - LATE),
    ("not yet valid", "a later time"): lambda idp, asked: idp.answer(
        asked, starts=clock.now() + LATE, ends=clock.now() + DAY
    ),
    ("without an end", "no end"): _told(ends=None),
    ("of another issuer", "another provider"): _told(issuer="https://other.example/saml"),
    ("begun at the provider", "begun at the provider"): _told(in_response_to=None),
    ("for another sign-in inside", "not made for this sign-in"): _told(confirmed_by="_other"),
    ("with a failure", "did not let this person in"): _told(status="Requester"),
    ("with a NameID that changes", "a new one at each"): _told(
        name_format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
    ),
    ("with an empty NameID", "not a plain name"): _told(name_id=""),
    ("with a NameID of two lines", "not a plain name"): _told(name_id="a\nb"),
}
"""Well signed, and not for this sign-in; as above."""

BENT: Mapping[tuple[str, str], Callable[[Any], None]] = {
    ("a changed attribute", "not by your provider"): _tampered,
    ("no signature", "assertion is not signed"): _stripped,
    ("a comment in the NameID", "a comment"): _comment("NameID"),
    ("XSLT in a signature", "something strange"): _executed,
    ("the signed assertion in an evil one", "one assertion"): _wrapped_inside,
}
"""The same done to any provider's good answer."""

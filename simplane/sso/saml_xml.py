"""XML from outside, read so that it can do nothing: no DTD, entity, comment, CDATA, processing instruction or network."""

from __future__ import annotations

import re

from lxml import etree  # type: ignore[import-untyped]

from simplane.core.errors import BadInput

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"
XENC11 = "{http://www.w3.org/2009/xmlenc11#}"
EC = "{http://www.w3.org/2001/10/xml-exc-c14n#}"
_DECLARATION = re.compile(r"""\s*<\?xml\s+version=["']1\.0["']([^?<>]*)\?>""")
_ENCODING = re.compile(r"""\bencoding\s*=\s*["']([^"']*)["']""")


class UnsafeXml(BadInput):
    """This XML is not read."""

    code = "unsafe_xml"


def parse(given: bytes) -> tuple[etree._Element, bytes]:
    """The root, and the bytes without their declaration, for whoever parses them again. Raises UnsafeXml.

    `<!` begins document types, entities, comments and CDATA, and nothing else in well-formed XML; a comment inside a
    name is how one person's signed name was read as another's.
    """
    text = _plain(given)
    if "<!" in text:
        what = "a comment" if "<!--" in text else "CDATA" if "<![CDATA[" in text else "a document type or entities"
        raise UnsafeXml(f"the XML holds {what}", fix="send it without: identity providers do not write any")
    if "<?" in text:
        raise UnsafeXml("the XML holds a processing instruction", fix="send it without")
    plain = text.encode()
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        return etree.fromstring(plain, parser), plain
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise UnsafeXml("this is no XML", fix=f"copy it whole ({str(problem)[:120]})") from None


def _plain(given: bytes) -> str:
    """As text without its XML declaration. Only UTF-8: in no other encoding could a `<!` hide from us."""
    try:
        text = given.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnsafeXml("the XML is not UTF-8", fix="save or send it as UTF-8") from None
    declared = _DECLARATION.match(text)
    if declared is None:
        return text.strip()
    encoding = _ENCODING.search(declared[1])
    if encoding and encoding[1].lower() not in ("utf-8", "us-ascii"):
        raise UnsafeXml(f"the XML says that it is {encoding[1][:20]}", fix="save or send it as UTF-8")
    return text[declared.end() :].strip()


def text_of(node: etree._Element) -> str:
    """The text of an element that holds nothing else. Raises UnsafeXml."""
    if len(node):
        raise UnsafeXml(f"{etree.QName(node).localname} holds elements where text belongs", fix="send plain values")
    return (node.text or "").strip()

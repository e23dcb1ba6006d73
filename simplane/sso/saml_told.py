"""Who a proved assertion is about, in our words: NameID, address, name, groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from lxml import etree  # type: ignore[import-untyped]

from simplane.sso.claims import LONGEST, MOST_GROUPS
from simplane.sso.errors import BadAnswer
from simplane.sso.models import Connection
from simplane.sso.saml_xml import SAML
from simplane.sso.values import Told

TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
_ENTRA = "http://schemas.microsoft.com"
EMAIL = ("email", "mail", "emailAddress", "Email", f"{_CLAIMS}/emailaddress", "urn:oid:0.9.2342.19200300.100.1.3")
NAME = ("displayName", "name", f"{_ENTRA}/identity/claims/displayname", "urn:oid:2.16.840.1.113730.3.1.241")
GIVEN = ("firstName", "givenName", "first_name", f"{_CLAIMS}/givenname", "urn:oid:2.5.4.42")
FAMILY = ("lastName", "surname", "sn", "last_name", f"{_CLAIMS}/surname", "urn:oid:2.5.4.4")
GROUPS = (
    "groups",
    "memberOf",
    "Group",
    f"{_ENTRA}/ws/2008/06/identity/claims/groups",
    "http://schemas.xmlsoap.org/claims/Group",
)
"""As Entra ID, Okta, Google, Keycloak, ADFS and Shibboleth name their attributes when nobody says otherwise."""

Said = Mapping[str, list[str]]


def told(assertion: etree._Element, connection: Connection) -> Told:
    """What is said in the very element whose signature was verified. Raises BadAnswer."""
    name_id = _name_id(assertion)
    said = _attributes(assertion)
    return Told(
        subject=_subject(name_id),
        email=_email(said, connection, name_id),
        email_verified=False,
        name=(_one(said, connection.name_claim, NAME) or _put_together(said))[:LONGEST],
        groups=_groups(said, connection),
    )


def _name_id(assertion: etree._Element) -> etree._Element:
    found = assertion.findall(f"{SAML}Subject/{SAML}NameID")
    if len(found) != 1 or len(found[0]):
        raise BadAnswer("the assertion names nobody", fix="have your provider send a NameID")
    return found[0]


def _subject(name_id: etree._Element) -> str:
    subject = name_id.text or ""
    if not 1 <= len(subject) <= 255 or subject != subject.strip() or not subject.isprintable():
        raise BadAnswer("the NameID is not a plain name", fix="send up to 255 characters without line breaks")
    if name_id.get("Format") == TRANSIENT:
        raise BadAnswer(
            "the NameID is a new one at each sign-in",
            fix="set the NameID format to persistent (an id that never changes)",
        )
    return subject


def _email(said: Said, connection: Connection, name_id: etree._Element) -> str:
    named = name_id.text if name_id.get("Format") == EMAIL_FORMAT else ""
    found = (_one(said, connection.email_claim, EMAIL) or named or "").strip().lower()
    return found if "@" in found and len(found) <= LONGEST else ""


def _attributes(assertion: etree._Element) -> Said:
    """All values by name; of what is written in parts (an element inside a value) nothing is believed."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for attribute in assertion.iterfind(f"{SAML}AttributeStatement/{SAML}Attribute"):
        values = [one for one in attribute.iterchildren(f"{SAML}AttributeValue") if not len(one)]
        found[attribute.get("Name", "")] += [text for one in values if (text := (one.text or "").strip())]
    return found


def _one(said: Said, chosen: str, usual: Iterable[str]) -> str:
    """The one value of the chosen attribute, or of the first usual one. Two different ones are none."""
    for name in (chosen,) if chosen else usual:
        values = set(said.get(name, ()))
        if len(values) == 1:
            return values.pop()
    return ""


def _put_together(said: Said) -> str:
    return f"{_one(said, '', GIVEN)} {_one(said, '', FAMILY)}".strip()


def _groups(said: Said, connection: Connection) -> tuple[str, ...]:
    names = (connection.groups_claim,) if connection.groups_claim else GROUPS
    return tuple(dict.fromkeys(value for name in names for value in said.get(name, ())))[:MOST_GROUPS]

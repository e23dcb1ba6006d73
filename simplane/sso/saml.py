"""SAML 2.0: the way to the provider, and the proof in what it answers."""

from __future__ import annotations

import base64
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest
from lxml import etree  # type: ignore[import-untyped]
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as Invalid
from onelogin.saml2.response import OneLogin_Saml2_Response

from simplane.core import clock
from simplane.core.log import logger
from simplane.sso import saml_settings
from simplane.sso.errors import BadAnswer, NotReady
from simplane.sso.here import address
from simplane.sso.landing import tenant_at
from simplane.sso.models import Connection
from simplane.sso.saml_guard import Shaped, shaped
from simplane.sso.saml_told import told
from simplane.sso.saml_xml import SAML, SAMLP
from simplane.sso.values import Told, Way

log = logger(__name__)
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_COMPARE = "compare entity ID and reply URL in Settings > Sign-in with what stands at your provider"
_CLOCK = "begin again; if it happens each time, set the clock of your provider"
_WORDS = {
    Invalid.STATUS_CODE_IS_NOT_SUCCESS: ("your provider did not let this person in", "its own log says why"),
    Invalid.ASSERTION_TOO_EARLY: ("the answer holds for a later time", _CLOCK),
    Invalid.ASSERTION_EXPIRED: ("the answer came too late", _CLOCK),
    Invalid.SESSION_EXPIRED: ("the session at your provider is over", "sign in there again"),
    Invalid.WRONG_ISSUER: ("the answer comes from another provider", "compare its entity ID with your connection's"),
    Invalid.WRONG_AUDIENCE: ("the answer was made for another application", _COMPARE),
    Invalid.WRONG_DESTINATION: ("the answer was made for another address", _COMPARE),
    Invalid.WRONG_SUBJECTCONFIRMATION: ("the assertion was not made for this sign-in", _COMPARE),
    Invalid.INVALID_SIGNATURE: (
        "the signature is not by your provider's certificate",
        "paste its present signing certificate in Settings > Sign-in",
    ),
}
"""What is wrong, and what to do, for what happens to honest people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """An answer whose proof was checked, but for whose browser it belongs to."""

    told: Told
    in_response_to: str
    assertion_id: str
    expires_at: datetime


def way_out(request: HttpRequest, connection: Connection) -> Way:
    """A request by the redirect binding (SAML bindings 2.0 section 3.4); its id comes back in the answer.

    Raises NotReady.
    """
    if not connection.idp_sign_in_url:
        raise NotReady("the provider is not known yet", fix="enter its metadata in Settings > Sign-in")
    key = f"_{secrets.token_hex(20)}"
    asked = {
        "ID": key,
        "Version": "2.0",
        "IssueInstant": f"{clock.now():%Y-%m-%dT%H:%M:%SZ}",
        "Destination": connection.idp_sign_in_url,
        "AssertionConsumerServiceURL": address(request, connection, "acs"),
        "ProtocolBinding": saml_settings.POST,
    }
    root = etree.Element(f"{SAMLP}AuthnRequest", asked, {"samlp": SAMLP[1:-1], "saml": SAML[1:-1]})
    etree.SubElement(root, f"{SAML}Issuer").text = saml_settings.entity_id(tenant_at(request).slug, connection)
    etree.SubElement(root, f"{SAMLP}NameIDPolicy", {"AllowCreate": "true"})
    packing = zlib.compressobj(wbits=-15)
    packed = packing.compress(etree.tostring(root)) + packing.flush()
    joined = "&" if urlsplit(connection.idp_sign_in_url).query else "?"
    query = urlencode({"SAMLRequest": base64.b64encode(packed).decode()})
    return Way(url=f"{connection.idp_sign_in_url}{joined}{query}", key=key)


def proved(request: HttpRequest, connection: Connection, encoded: str) -> Proved:
    """Check everything that an answer must prove by itself. Raises BadAnswer."""
    answer = shaped(encoded)
    if not answer.in_response_to:
        raise BadAnswer("this sign-in was begun at the provider", fix="begin it here, then it is checked who asked")
    name = saml_settings.entity_id(tenant_at(request).slug, connection)
    acs = address(request, connection, "acs")
    root = _verified(answer, name, acs, connection)
    assertion = root.find(f"{SAML}Assertion")
    if assertion is None or assertion.get("ID") != answer.assertion_id or root.get("Destination") != acs:
        raise BadAnswer("the answer was made for another address", fix=_COMPARE)
    _check_audience(assertion, name)
    return Proved(
        told=told(assertion, connection),
        in_response_to=answer.in_response_to,
        assertion_id=answer.assertion_id,
        expires_at=_end(assertion, acs, answer.in_response_to),
    )


def _verified(answer: Shaped, name: str, acs: str, connection: Connection) -> etree._Element:
    """The tree whose signatures the library verified."""
    parts = urlsplit(acs)
    here = {"https": "on" if parts.scheme == "https" else "off", "http_host": parts.netloc, "script_name": parts.path}
    try:
        response = OneLogin_Saml2_Response(
            saml_settings.judging(name, acs, connection), base64.b64encode(answer.xml).decode()
        )
        response.is_valid(here, request_id=answer.in_response_to, raise_exceptions=True)
    except Invalid as problem:
        message, fix = _WORDS.get(problem.code, (str(problem)[:200], _COMPARE))
        raise BadAnswer(message, fix=fix) from None
    except Exception as problem:
        # Written by others, fed by anybody: whatever it stumbles over is no proof.
        log.warning("saml.unreadable", error=f"{type(problem).__name__}: {problem}"[:300])
        raise BadAnswer("the answer cannot be checked", fix=_COMPARE) from None
    found: etree._Element = response.document
    return found


def _check_audience(assertion: etree._Element, name: str) -> None:
    """The library lets one pass that is for nobody in particular."""
    restrictions = assertion.findall(f"{SAML}Conditions/{SAML}AudienceRestriction")
    named = [[one.text for one in each.iterchildren(f"{SAML}Audience")] for each in restrictions]
    if not named or any(name not in each for each in named):
        raise BadAnswer("the answer was made for another application", fix=_COMPARE)


def _end(assertion: etree._Element, acs: str, in_response_to: str) -> datetime:
    """Until when it could be used. The library compares what is there, and the recipient only in part: all must be there."""
    bearers = [
        data
        for one in assertion.iterfind(f"{SAML}Subject/{SAML}SubjectConfirmation")
        if one.get("Method") == BEARER
        for data in one.iterchildren(f"{SAML}SubjectConfirmationData")
    ]
    if len(bearers) != 1 or bearers[0].get("Recipient") != acs or bearers[0].get("InResponseTo") != in_response_to:
        raise BadAnswer("the assertion was not made for this sign-in", fix=_COMPARE)
    conditions = assertion.find(f"{SAML}Conditions")
    until = [bearers[0].get("NotOnOrAfter"), conditions.get("NotOnOrAfter") if conditions is not None else None]
    try:
        ends = [clock.parse_time(one) for one in until if one]
    except ValueError:
        ends = []
    if not ends or bearers[0].get("NotOnOrAfter") is None:
        raise BadAnswer("the assertion has no end", fix="have your provider write NotOnOrAfter")
    return max(ends) + timedelta(seconds=saml_settings.DRIFT_SECONDS)

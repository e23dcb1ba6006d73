"""Who we are to an identity provider, and how python3-saml is to judge its answers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from lxml import etree  # type: ignore[import-untyped]
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from simplane.core import clock, tenancy
from simplane.sso.here import addresses, home
from simplane.sso.landing import tenant_at
from simplane.sso.models import Connection
from simplane.sso.saml_xml import MD

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
DRIFT_SECONDS = 60
"""How far the provider's clock may be from ours."""

# The library has no other way to be told the time or how exact it is; nothing else here uses it.
OneLogin_Saml2_Utils.now = staticmethod(lambda: int(clock.now().timestamp()))
OneLogin_Saml2_Constants.ALLOWED_CLOCK_DRIFT = DRIFT_SECONDS


def entity_id(slug: str, connection: Connection) -> str:
    """Our name to the provider: where our metadata is, at the address that a company always has."""
    return home(slug, connection, "metadata")


def metadata(request: HttpRequest, connection: Connection) -> bytes:
    """What a provider imports: our name, where answers go, that assertions must be signed."""
    tenant = tenant_at(request)
    with tenancy.scope(tenant.pk):
        answers_to = addresses(tenant.slug, connection, "acs")
    root = etree.Element(f"{MD}EntityDescriptor", {"entityID": entity_id(tenant.slug, connection)}, {"md": MD[1:-1]})
    said = {
        "AuthnRequestsSigned": "false",
        "WantAssertionsSigned": "true",
        "protocolSupportEnumeration": "urn:oasis:names:tc:SAML:2.0:protocol",
    }
    ours = etree.SubElement(root, f"{MD}SPSSODescriptor", said)
    etree.SubElement(ours, f"{MD}NameIDFormat").text = PERSISTENT
    for index, url in enumerate(answers_to):
        where = {"Binding": POST, "Location": url, "index": str(index), "isDefault": "false" if index else "true"}
        etree.SubElement(ours, f"{MD}AssertionConsumerService", where)
    made: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return made


def judging(name: str, acs: str, connection: Connection) -> OneLogin_Saml2_Settings:
    """The library's settings. `name`: our entity id. Any of the connection's certificates may have signed."""
    given: dict[str, Any] = {
        "strict": True,
        "debug": False,
        "sp": {"entityId": name, "assertionConsumerService": {"url": acs}},
        "idp": {
            "entityId": connection.idp_entity_id,
            "singleSignOnService": {"url": connection.idp_sign_in_url},
            "x509certMulti": {"signing": list(connection.idp_certificates)},
        },
        "security": {
            "wantAssertionsSigned": True,
            "wantMessagesSigned": False,
            "wantNameId": True,
            "wantAttributeStatement": False,
            "allowRepeatAttributeName": True,
            "requestedAuthnContext": False,
            "rejectDeprecatedAlgorithm": True,
            "allowSingleLabelDomains": True,
        },
    }
    return OneLogin_Saml2_Settings(given)

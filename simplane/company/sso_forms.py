"""Forms of Settings > Sign-in: what a provider shows, typed or pasted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from simplane.core.errors import BadInput
from simplane.organizations.models import CompanyRole
from simplane.sso import oidc_fetch, saml_certificates, saml_metadata
from simplane.sso.models import Connection
from simplane.sso.saml_metadata import IdpFacts

PROTOCOLS = [(Connection.Protocol.OIDC, "OpenID Connect (recommended)"), (Connection.Protocol.SAML, "SAML 2.0")]
ROLES = [("", "no role"), *((role.value, role.label) for role in CompanyRole)]
BLANK_ROWS = 3
CLAIMS = {
    "email_claim": ("holds the e-mail address", "Empty: the usual ones."),
    "name_claim": ("holds the name", "Empty: the usual ones."),
    "groups_claim": ("holds the groups", "Empty: the usual ones."),
}


class NewForm(forms.Form):
    """A connection that is begun."""

    name = forms.CharField(max_length=60, help_text="Stands on the button: Continue with …")
    protocol = forms.ChoiceField(choices=PROTOCOLS)


class ClaimsForm(forms.Form):
    """For a provider that names things in its own way."""

    def __init__(self, given: Mapping[str, Any] | None, connection: Connection) -> None:
        super().__init__(given, initial={field: getattr(connection, field) for field in CLAIMS})
        what = "Claim" if connection.protocol == Connection.Protocol.OIDC else "Attribute"
        for field, (label, words) in CLAIMS.items():
            shown = f"{what} that {label}"
            self.fields[field] = forms.CharField(label=shown, max_length=200, required=False, help_text=words)

    @property
    def is_filled(self) -> bool:
        """Whether anything stands there."""
        return any(self[field].value() for field in CLAIMS)


class _ProviderForm(forms.Form):
    name = forms.CharField(max_length=60, help_text="Stands on the button: Continue with …")

    def __init__(self, given: Mapping[str, Any] | None, connection: Connection) -> None:
        self.connection = connection
        super().__init__(given, initial={"name": connection.name, **self.known(connection)})

    def known(self, connection: Connection) -> dict[str, Any]:
        """What stands in the fields of its protocol."""
        raise NotImplementedError

    def asked(self) -> dict[str, Any]:
        """What to change, looked up at the provider where that says more. Raises a Refusal. No transaction may be open."""
        return {"name": self.cleaned_data["name"]}


class OidcForm(_ProviderForm):
    """What an OpenID provider shows for an application."""

    issuer = forms.CharField(
        max_length=500,
        help_text="Entra ID: https://login.microsoftonline.com/<tenant id>/v2.0. Okta: https://<you>.okta.com."
        " Google: https://accounts.google.com",
    )
    client_id = forms.CharField(
        label="Client ID", max_length=200, help_text="Entra ID calls it Application (client) ID."
    )
    client_secret = forms.CharField(
        label="Client secret",
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Kept encrypted and never shown. Empty: stays as it is.",
    )

    def known(self, connection: Connection) -> dict[str, Any]:
        return {"issuer": connection.issuer, "client_id": connection.client_id}

    def asked(self) -> dict[str, Any]:
        given = self.cleaned_data
        issuer = given["issuer"].strip()
        oidc_fetch.keys(oidc_fetch.provider(issuer, fresh=True), fresh=True)
        secret = {"client_secret": given["client_secret"]} if given["client_secret"] else {}
        if not secret and not self.connection.client_secret:
            raise BadInput("the client secret is missing", fix="make one at the provider and paste its value")
        return {**super().asked(), "issuer": issuer, "client_id": given["client_id"], **secret}


class SamlForm(_ProviderForm):
    """What a SAML provider says of itself: the address of its metadata, the metadata, or its parts."""

    metadata_url = forms.CharField(
        label="Address of its metadata", max_length=1000, required=False, help_text="It is read now, once."
    )
    metadata = forms.CharField(
        label="or its metadata (XML)", required=False, widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
    )
    entity_id = forms.CharField(label="or its entity ID", max_length=500, required=False)
    sign_in_url = forms.CharField(label="with its sign-in URL", max_length=500, required=False)
    certificates = forms.CharField(
        label="and its signing certificate",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="PEM. Two while the provider changes it.",
    )

    def known(self, connection: Connection) -> dict[str, Any]:
        return {
            "entity_id": connection.idp_entity_id,
            "sign_in_url": connection.idp_sign_in_url,
            "certificates": "\n".join(connection.idp_certificates),
        }

    def asked(self) -> dict[str, Any]:
        found = self._facts()
        return {
            **super().asked(),
            "idp_entity_id": found.entity_id,
            "idp_sign_in_url": found.sign_in_url,
            "idp_certificates": list(found.certificates),
        }

    def _facts(self) -> IdpFacts:
        given = self.cleaned_data
        if given["metadata_url"]:
            return saml_metadata.fetched(given["metadata_url"].strip())
        if given["metadata"]:
            return saml_metadata.read(given["metadata"])
        typed = {field: given[field] for field in ("entity_id", "sign_in_url", "certificates")}
        return saml_metadata.facts(**typed)


def provider_form(connection: Connection, given: Mapping[str, Any] | None = None) -> OidcForm | SamlForm:
    """The form of the connection's protocol."""
    return (OidcForm if connection.protocol == Connection.Protocol.OIDC else SamlForm)(given, connection)


def role_rows(connection: Connection) -> list[tuple[str, str]]:
    """(group, role) as they are, and empty rows for more."""
    return [*sorted(connection.group_roles.items()), *[("", "")] * BLANK_ROWS]


def roles_asked(given: Any) -> dict[str, Any]:
    """What the form about roles says, as `connections.set_roles` takes it. Raises BadInput for a group named twice."""
    groups, roles = given.getlist("group"), given.getlist("role")
    pairs = [(group.strip(), role) for group, role in zip(groups, roles, strict=False) if group.strip() and role]
    if len(dict(pairs)) != len(pairs):
        raise BadInput("a group stands there twice", fix="give it one role")
    return {
        "just_in_time": "just_in_time" in given,
        "default_role": given.get("default_role", ""),
        "group_roles": dict(pairs),
    }


def certificates_of(connection: Connection) -> list[saml_certificates.CertificateFacts]:
    """Of a SAML connection, in words."""
    return [saml_certificates.facts(one) for one in connection.idp_certificates]

"""How the people of a company sign in through their own identity provider (OIDC, SAML), and who may still come without."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from simplane.core.crypto import SecretJSONField
from simplane.core.tenancy import TenantModel
from simplane.organizations.models import CompanyRole, User


class Connection(TenantModel):
    """One identity provider of a company. People sign in through it once it is active."""

    class Protocol(models.TextChoices):
        OIDC = "oidc", "OpenID Connect"
        SAML = "saml", "SAML 2.0"

    class State(models.TextChoices):
        DRAFT = "draft", "being set up"
        ACTIVE = "active"
        OFF = "off", "switched off"

    public_id = models.CharField(max_length=32, unique=True)
    protocol = models.CharField(max_length=4, choices=Protocol)
    name = models.CharField(max_length=60)
    """On the button: "Continue with <name>"."""
    state = models.CharField(max_length=6, choices=State, default=State.DRAFT)
    enforced = models.BooleanField(default=False)
    """No other way in, but for those of `BreakGlass`."""
    just_in_time = models.BooleanField(default=False)
    """Who signs in and is no member yet becomes one, in the role of their groups."""
    default_role = models.CharField(max_length=10, choices=CompanyRole, blank=True)
    """Of people whose groups give none; empty: they are no members."""
    group_roles = models.JSONField(default=dict)
    """Name or id of a group at the provider -> role. Who leaves the group falls back at the next sign-in."""
    email_claim = models.CharField(max_length=200, blank=True)
    """Claim or attribute that holds the address; empty: the protocol's usual ones. So the next two."""
    name_claim = models.CharField(max_length=200, blank=True)
    groups_claim = models.CharField(max_length=200, blank=True)
    issuer = models.CharField(max_length=500, blank=True)
    """OIDC: exactly as the provider writes it in its tokens."""
    client_id = models.CharField(max_length=200, blank=True)
    client_secret = SecretJSONField(null=True)
    idp_entity_id = models.CharField(max_length=500, blank=True)
    """SAML: who signs."""
    idp_sign_in_url = models.CharField(max_length=500, blank=True)
    idp_certificates = ArrayField(models.TextField(), default=list)
    """PEM; two while the provider changes them."""
    tested_at = models.DateTimeField(null=True)
    """When an owner last signed in through it as it stands; null since the last change of what decides a sign-in."""
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["organization", "created_at"], name="connection_of_company")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], condition=Q(enforced=True), name="connection_one_enforced"
            ),
            models.CheckConstraint(
                condition=Q(enforced=False) | Q(state="active", tested_at__isnull=False),
                name="connection_enforced_works",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.organization_id}"


class Identity(TenantModel):
    """Somebody as an identity provider names them, and our user who that is. It never moves to another user."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="identities")
    subject = models.CharField(max_length=255)
    """`sub` of the ID token; the persistent NameID of SAML."""
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    signed_in_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["connection", "subject"], name="identity_once")]

    def __str__(self) -> str:
        return f"{self.subject} is user {self.user_id}"


class BreakGlass(TenantModel):
    """An owner who may sign in with password and second factor though a connection is enforced: for the day it is down."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    named_by = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="break_glass_once")]

    def __str__(self) -> str:
        return f"user {self.user_id} of {self.organization_id}"


class SeenAssertion(TenantModel):
    """A SAML assertion that was used. It is refused until it could not be used anyway."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+")
    assertion_id = models.CharField(max_length=200)
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["expires_at"], name="seen_assertion_ended")]
        constraints = [models.UniqueConstraint(fields=["connection", "assertion_id"], name="assertion_once")]

    def __str__(self) -> str:
        return self.assertion_id

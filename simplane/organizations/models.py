"""Who we are and who we serve. Retail belongs to the operator; resellers and companies come as further organizations."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from simplane.core import clock
from simplane.core.tenancy import TenantModel


class Organization(models.Model):
    """A tenant: the operator itself, a reseller or a company. A test twin is an organization of its own (`is_test`)."""

    class Kind(models.TextChoices):
        OPERATOR = "operator"
        RESELLER = "reseller"
        COMPANY = "company"

    class State(models.TextChoices):
        APPLIED = "applied", "waits for our approval"
        ACTIVE = "active"
        SUSPENDED = "suspended"

    kind = models.CharField(max_length=10, choices=Kind)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    is_test = models.BooleanField(default=False)
    twin_of = models.OneToOneField("self", models.PROTECT, null=True, related_name="test_twin")
    """Of a test twin: the organization it belongs to. Its prices are that one's, its money is play money."""
    created_at = models.DateTimeField()
    contact_email = models.EmailField(blank=True)
    """Where notices about the account go; empty: to its owners."""
    country = models.CharField(max_length=2, blank=True)
    """ISO 3166-1 alpha-2 of its seat."""
    vat_id = models.CharField(max_length=20, blank=True)
    website = models.CharField(max_length=200, blank=True)
    expected_monthly = models.PositiveIntegerField(null=True)
    """eSIMs a month, as the applicant wrote."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(kind="operator", is_test=False), name="organization_one_operator"
            ),
            models.CheckConstraint(
                condition=models.Q(twin_of__isnull=True) | models.Q(is_test=True), name="organization_twin_is_test"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """People sign in by e-mail; there are no user names."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who can sign in. `password=None`: only by passkey or after a reset."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Staff with every right, including Django's admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. `is_staff`: one of ours, may use the console."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=clock.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.email


class ApiKey(models.Model):
    """A secret that acts for an organization. Only its hash is stored; a key of a test twin begins with `sk_test_`."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="api_keys")
    public_id = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    """The first characters, to recognise it by."""
    hash = models.BinaryField(unique=True)
    """SHA-256 of the whole key; the key has 160 random bits, so no salt is needed."""
    scopes = ArrayField(models.CharField(max_length=40))
    allowed_networks = ArrayField(models.CharField(max_length=43), default=list)
    """CIDR blocks it may be used from; empty: from anywhere."""
    rate_per_minute = models.PositiveIntegerField(default=600)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    expires_at = models.DateTimeField(null=True)
    """After a rotation both keys work until then."""
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="tokens")
    """Of an OAuth2 access token: the key it was got with, whose rate it shares and with which it ends."""
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    """To the minute."""

    class Meta:
        indexes = [models.Index(fields=["organization", "-created_at"], name="api_key_of_organization")]
        constraints = [models.CheckConstraint(condition=models.Q(rate_per_minute__gt=0), name="api_key_rate")]

    def __str__(self) -> str:
        return f"{self.prefix}…"


class Role(models.TextChoices):
    """What a member of a reseller may do; `organizations/roles.py` has the table."""

    OWNER = "owner"
    FINANCE = "finance"
    BUYER = "buyer"
    DEVELOPER = "developer"
    VIEWER = "viewer"


class CompanyRole(models.TextChoices):
    """What a member of a company may do; `organizations/company_roles.py` has the table."""

    OWNER = "owner"
    FINANCE = "finance"
    MANAGER = "manager"
    VIEWER = "viewer"
    EMPLOYEE = "employee"


ROLES = {*Role.choices, *CompanyRole.choices}


class Membership(models.Model):
    """A person acts for an organization (and for its test twin, which has no members of its own)."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=sorted(ROLES))
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} of {self.organization_id}"


class Invitation(models.Model):
    """A link by mail that makes its bearer a member, once, until it expires."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=sorted(ROLES))
    hash = models.BinaryField(unique=True)
    """SHA-256 of the link's secret."""
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organization",
                Lower("email"),
                condition=models.Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization_id}"


class Branding(models.Model):
    """How the install page of a reseller's eSIMs looks. The test twin uses its organization's."""

    organization = models.OneToOneField(Organization, models.CASCADE, primary_key=True)
    name = models.CharField(max_length=60, blank=True)
    """Shown instead of the organization's name."""
    color = models.CharField(max_length=7, blank=True)
    """#rrggbb of buttons."""
    logo = models.BinaryField(null=True)
    """PNG, 256 KB at most, re-encoded by us."""
    support_email = models.EmailField(blank=True)
    support_url = models.URLField(blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(color="") | models.Q(color__regex=r"^#[0-9a-f]{6}$"), name="branding_color"
            )
        ]

    def __str__(self) -> str:
        return f"branding of {self.organization_id}"


class Domain(TenantModel):
    """A domain that a company says is its own, and what it may be used for once a DNS record proved it."""

    host = models.CharField(max_length=253)
    """Lower case, ASCII (punycode)."""
    for_pages = models.BooleanField(default=False)
    """The company's pages are served there."""
    for_mail = models.BooleanField(default=False)
    """People with addresses of this domain sign in through the company."""
    token = models.CharField(max_length=64)
    """What the TXT record `_simplane.<host>` must say."""
    verified_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    missing_since = models.DateTimeField(null=True)
    """Since when looking found no such record."""
    problem = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "host"], name="domain_once_a_company"),
            models.UniqueConstraint(
                fields=["host"], condition=models.Q(verified_at__isnull=False), name="domain_one_owner"
            ),
        ]

    def __str__(self) -> str:
        return self.host

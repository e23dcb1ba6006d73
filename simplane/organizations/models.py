"""Who we are and who we serve. Retail belongs to the operator; resellers and companies come as further organizations."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from simplane.core import clock


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
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    """To the minute."""

    class Meta:
        indexes = [models.Index(fields=["organization", "-created_at"], name="api_key_of_organization")]
        constraints = [models.CheckConstraint(condition=models.Q(rate_per_minute__gt=0), name="api_key_rate")]

    def __str__(self) -> str:
        return f"{self.prefix}…"

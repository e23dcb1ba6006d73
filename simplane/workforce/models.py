"""The people of a company as its HR system knows them: who they are, where they belong, who leads them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from simplane.core.tenancy import TenantModel
from simplane.organizations.models import CompanyRole, User


class Team(TenantModel):
    """People who are led and budgeted together. Its lead sees and manages it (role `manager`)."""

    public_id = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    lead = models.ForeignKey("Employee", models.SET_NULL, null=True, related_name="leads")
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(F("organization"), Lower("name"), name="team_name_once")]

    def __str__(self) -> str:
        return self.name


class CostCentre(TenantModel):
    """Where the company's accounting puts what a person costs."""

    public_id = models.CharField(max_length=32, unique=True)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(F("organization"), Lower("code"), name="cost_centre_code_once")]

    def __str__(self) -> str:
        return self.code


class Employee(TenantModel):
    """A person who works for the company. What HR says (CSV, SCIM) wins over what single sign-on guesses."""

    class State(models.TextChoices):
        EXPECTED = "expected", "starts later"
        ACTIVE = "active"
        LEFT = "left"

    class Source(models.TextChoices):
        HAND = "hand", "by hand"
        CSV = "csv", "CSV file"
        SCIM = "scim", "HR system"
        SSO = "sso", "first sign-in"

    public_id = models.CharField(max_length=32, unique=True)
    """Also the SCIM id."""
    user_name = models.CharField(max_length=254)
    """As the identity provider names them (SCIM userName), mostly the e-mail address."""
    external_id = models.CharField(max_length=120, blank=True)
    """The HR system's own number (SCIM externalId); empty: none told."""
    email = models.CharField(max_length=254)
    """Empty: none told; nothing can be sent to them."""
    given_name = models.CharField(max_length=120, blank=True)
    family_name = models.CharField(max_length=120, blank=True)
    title = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=2, blank=True)
    """ISO 3166-1 alpha-2 where they work."""
    locale = models.CharField(max_length=10, default="en")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="people", db_index=False)
    cost_centre = models.ForeignKey(CostCentre, models.SET_NULL, null=True, related_name="people", db_index=False)
    manager = models.ForeignKey("self", models.SET_NULL, null=True, related_name="reports", db_index=False)
    manager_said = models.CharField(max_length=254, blank=True)
    """How the HR system calls their manager while nobody is known by that; whoever comes with that name leads them."""
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    source = models.CharField(max_length=5, choices=Source)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    """Their last day (UTC)."""
    left_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    """When the HR system deleted them: it finds them no more, and their names may be taken again."""
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    """Their login, once they have one."""
    scim = models.JSONField(default=dict)
    """The user as the HR system last sent it (SCIM), so that it reads back what it wrote; empty: it never wrote one."""
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                F("organization"), Lower("user_name"), condition=Q(removed_at=None), name="employee_user_name_once"
            ),
            models.UniqueConstraint(
                fields=["organization", "external_id"],
                condition=~Q(external_id="") & Q(removed_at=None),
                name="employee_external_id_once",
            ),
            models.UniqueConstraint(
                F("organization"),
                Lower("email"),
                condition=~Q(state="left") & ~Q(email=""),
                name="employee_email_once",
            ),
            models.CheckConstraint(condition=~Q(manager=F("id")), name="employee_not_own_manager"),
        ]
        indexes = [
            models.Index(fields=["organization", "family_name", "given_name", "id"], name="employee_by_name"),
            models.Index(fields=["organization", "id"], name="employee_in_order", condition=Q(removed_at=None)),
            models.Index(F("organization"), Lower("email"), name="employee_by_email"),
            models.Index(fields=["starts_on"], name="employee_starting", condition=Q(state="expected")),
            models.Index(fields=["ends_on"], name="employee_ending", condition=Q(ends_on__isnull=False, left_at=None)),
            models.Index(fields=["organization", "team"], name="employee_of_team"),
            models.Index(fields=["organization", "cost_centre"], name="employee_of_cost_centre"),
            models.Index(fields=["manager"], name="employee_of_manager", condition=Q(manager__isnull=False)),
            models.Index(
                F("organization"),
                Lower("manager_said"),
                name="employee_awaits_manager",
                condition=~Q(manager_said=""),
            ),
            models.Index(fields=["user"], name="employee_of_user", condition=Q(user__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As a person says it; without a name the address, or how they sign in."""
        return f"{self.given_name} {self.family_name}".strip() or self.email or self.user_name


class Group(TenantModel):
    """A group of the identity provider or HR system, and what being in it means here."""

    public_id = models.CharField(max_length=32, unique=True)
    display_name = models.CharField(max_length=200)
    external_id = models.CharField(max_length=120, blank=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="+")
    """Its members belong to this team."""
    role = models.CharField(max_length=10, choices=CompanyRole, blank=True)
    """Its members sign in with this role; empty: none from here."""
    members = models.ManyToManyField(Employee, through="GroupMember", related_name="groups")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(F("organization"), Lower("display_name"), name="group_name_once")]

    def __str__(self) -> str:
        return self.display_name


class GroupMember(TenantModel):
    """A person in a group."""

    group = models.ForeignKey(Group, models.CASCADE)
    employee = models.ForeignKey(Employee, models.CASCADE)
    display = models.CharField(max_length=200, blank=True)
    """As the identity provider wrote it; empty: their name."""

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["group", "employee"], name="group_member_once")]

    def __str__(self) -> str:
        return f"{self.employee_id} in {self.group_id}"


class ScimToken(TenantModel):
    """With it the company's HR system or identity provider writes people and groups (SCIM). Only its hash is stored."""

    public_id = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    """The first characters, to recognise it by."""
    hash = models.BinaryField(unique=True)
    """SHA-256 of the whole token; it has 190 random bits, so no salt is needed."""
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    """To the minute."""

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["organization", "-id"], name="scim_token_newest")]

    def __str__(self) -> str:
        return f"{self.prefix}…"


class PeopleFile(TenantModel):
    """A file of people that was uploaded: shown first, taken in when somebody says so."""

    public_id = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    """Of the file, as the browser told it."""
    content = models.BinaryField()
    """Deflated; emptied when it was taken in or a day has gone by."""
    uploaded_by = models.CharField(max_length=120)
    uploaded_at = models.DateTimeField()
    taken_in_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["organization", "-id"], name="people_file_newest")]

    def __str__(self) -> str:
        return self.name


class SavedView(TenantModel):
    """Filters of a list of the company's pages, as one member keeps them under a name."""

    public_id = models.CharField(max_length=32, unique=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    list = models.CharField(max_length=20)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=500)
    """The part of the address behind the question mark, in order and without pages."""
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(F("organization"), F("user"), F("list"), Lower("name"), name="saved_view_name_once")
        ]

    def __str__(self) -> str:
        return self.name

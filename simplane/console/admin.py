"""The raw tables, for superusers: every table can be looked at, hardly any changed. Business goes through the console."""

# ruff: noqa: ARG002  Django asks with arguments that the answer does not depend on

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import BinaryField, CompositePrimaryKey, Field, JSONField, Model
from django.db.models.fields.related import ForeignObject
from django.http import HttpRequest

from simplane.core.crypto import SecretJSONField
from simplane.organizations.models import User

MOST_COLUMNS = 8
_SECRETS = {"token", "webhook_token", "matching_id", "password"}


def _columns(model: type[Model]) -> list[Field[Any, Any]]:
    """The fields of a table that may be shown."""
    hidden = (SecretJSONField, BinaryField)
    return [one for one in model._meta.concrete_fields if not isinstance(one, hidden) and one.name not in _SECRETS]


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """A table to look at. Secrets are left out; no count over everything, for tables grow large."""

    show_full_result_count = False
    list_per_page = 50
    ordering = ("-pk",)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        plain = [one.name for one in _columns(self.model) if not isinstance(one, JSONField)]
        return tuple(plain[:MOST_COLUMNS])

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        shown = self.get_list_display(request)
        return [one.name for one in _columns(self.model) if isinstance(one, ForeignObject) and one.name in shown]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return tuple(one.name for one in _columns(self.model))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class People(ReadOnly):
    """Members of staff: made here, given a name and rights here. They choose their password by the reset mail."""

    readonly_fields = ("last_login", "date_joined")
    search_fields = ("email", "name")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("email", "name", "is_active", "is_staff", "is_superuser", "last_login", "date_joined")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)


class Authenticators(ReadOnly):
    """Second factors: removing one is how a member of staff who lost the phone gets back in."""

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return ("id", "user", "type", "created_at", "last_used_at")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("user", "type", "created_at", "last_used_at")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True


def register_all() -> None:
    """Every table of ours, and the second factors of allauth without their secrets."""
    ours = [config for config in apps.get_app_configs() if config.name.startswith("simplane.")]
    for config in ours:
        # Django's admin can not show keys of several columns: raw usage and its roll-ups.
        for model in [one for one in config.get_models() if not isinstance(one._meta.pk, CompositePrimaryKey)]:
            admin.site.register(model, People if model is User else ReadOnly)
    for model in (Authenticator, EmailAddress, Group):
        if admin.site.is_registered(model):
            admin.site.unregister(model)
    admin.site.register(Authenticator, Authenticators)


register_all()

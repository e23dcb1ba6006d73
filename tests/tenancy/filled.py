"""A company with a row in every table that tenants have, each marked as that company's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

from simplane.core import clock, tenancy
from simplane.core.tenancy import TenantModel
from simplane.organizations.models import Organization, User
from tests import factories
from tests.billing.desk import seller

Row = dict[str, Any]
SPECIAL: Mapping[str, Row] = {
    "billing.BillingProfile": {"since": date(2026, 1, 1)},
    "billing.Invoice": {"month": date(2026, 1, 1)},
    "billing.InvoicePayment": {"amount_minor": 100},
    "policies.Policy": {"level": "company"},
    "policies.Budget": {"level": "company", "limit_minor": 1000},
    "workforce.Employee": {"source": "hand"},
}
"""What a check of the table asks for."""


def tenant_models() -> list[type[TenantModel]]:
    """All of them, those first that others point at."""
    found = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    done: list[type[TenantModel]] = []
    while found:
        ready = [model for model in found if not _needs(model) & set(found) - {model}]
        done += ready
        found = [model for model in found if model not in ready]
    return done


def filled(of: Organization, mark: str) -> dict[str, TenantModel]:
    """One row in every tenant table of the company, by the name of its model; texts carry `mark`."""
    made: dict[type[models.Model], models.Model] = {Organization: of}
    with tenancy.everywhere():
        for model in tenant_models():
            given = {field.name: _value(field, mark, made) for field in _asked(model)}
            extra = SPECIAL.get(model._meta.label, {})
            made[model] = model.objects.create(organization=of, **{**given, **extra})
    return {row._meta.model_name or "": row for row in made.values() if isinstance(row, TenantModel)}


@cache
def _needs(model: type[models.Model]) -> set[type[models.Model]]:
    return {field.related_model for field in _asked(model) if field.is_relation}  # type: ignore[misc]


def _asked(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """Columns that must be given."""
    return [
        field
        for field in model._meta.concrete_fields
        if not (field.null or field.has_default() or field.blank or isinstance(field, models.AutoField))
        and field.name != "organization"
    ]


def _value(field: models.Field[Any, Any], mark: str, made: dict[type[models.Model], models.Model]) -> Any:
    if field.is_relation:
        target = field.related_model
        assert isinstance(target, type)
        if target not in made:
            made[target] = OUTSIDE[target.__name__]()
        return made[target]
    if field.choices:
        return next(iter(field.flatchoices))[0]
    kind = next(kind for kind in type(field).__mro__ if kind.__name__ in PLAIN)
    return PLAIN[kind.__name__](f"{mark}{factories.number()}"[: getattr(field, "max_length", None) or 40], field)


def _text(text: str, field: models.Field[Any, Any]) -> str:
    """Short columns are codes."""
    short = {2: "DE", 3: "EUR", 7: "weekly"}
    return short.get(field.max_length or 0, text)


PLAIN: Mapping[str, Callable[[str, models.Field[Any, Any]], Any]] = {
    "CharField": _text,
    "TextField": _text,
    "SecretJSONField": lambda text, _: {"secret": text},
    "JSONField": lambda text, _: {"mark": text},
    "BinaryField": lambda text, _: text.encode(),
    "ArrayField": lambda *_: [],
    "DateTimeField": lambda *_: clock.now(),
    "DateField": lambda *_: clock.now().date(),
    "BooleanField": lambda *_: False,
    "IntegerField": lambda *_: factories.number(),
}
OUTSIDE: Mapping[str, Callable[[], models.Model]] = {
    "User": lambda: User.objects.create_user(f"of{factories.number()}@filled.example"),
    "Product": factories.product,
    "Supplier": factories.supplier,
    "Seller": seller,
}

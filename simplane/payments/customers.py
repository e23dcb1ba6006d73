"""Organizations as customers of Stripe: made once, on first need."""

from __future__ import annotations

from django.db.models import F

from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.ids import new_id
from simplane.organizations.models import Organization
from simplane.payments.errors import CallStuck
from simplane.payments.gateway import Gateway
from simplane.payments.models import SavedCard, StripeAccount, StripeCustomer


def customer_of(account: StripeAccount, organization: Organization) -> str:
    """Stripe's id of an organization, made when there is none. Raises CallFailed; asking again is safe."""
    row = _row(account, organization)
    if row.stripe_id:
        return row.stripe_id
    params = {"name": organization.name, "metadata": {"simplane_organization": organization.slug}}
    if organization.contact_email:
        params["email"] = organization.contact_email
    try:
        made = Gateway(account).create_customer(params, f"{row.public_id}:{row.attempt}")
    except CallStuck:
        # A customer too many harms nobody, an answer that stays an error for ever would.
        with transaction():
            StripeCustomer.objects.filter(pk=row.pk, attempt=row.attempt).update(attempt=row.attempt + 1)
        raise
    with transaction():
        StripeCustomer.objects.filter(pk=row.pk, stripe_id__isnull=True).update(stripe_id=made["id"])
    return str(StripeCustomer.objects.values_list("stripe_id", flat=True).get(pk=row.pk))


def forget_customer(account: StripeAccount, organization_id: int) -> None:
    """Somebody deleted it at Stripe: the next need makes a new one. Cards saved to it are gone as well."""
    with transaction():
        rows = StripeCustomer.objects.filter(account=account, organization_id=organization_id)
        rows.update(stripe_id=None, attempt=F("attempt") + 1)
        SavedCard.objects.filter(customer__in=rows, removed_at__isnull=True).update(removed_at=clock.now())


def _row(account: StripeAccount, organization: Organization) -> StripeCustomer:
    with transaction():
        row, _ = StripeCustomer.objects.get_or_create(
            account=account, organization=organization, defaults={"public_id": new_id("cus")}
        )
    return row

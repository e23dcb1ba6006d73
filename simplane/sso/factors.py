"""However a second factor is deleted: not the last one of the last owner who could break the glass."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from simplane.sso import break_glass
from simplane.sso.errors import NotReady


@receiver(pre_delete, sender=Authenticator, dispatch_uid="sso.factors")
def _keep(instance: Authenticator, **_: Any) -> None:
    """Inside the transaction of the deletion. Raises PermissionDenied, which every page shows."""
    try:
        break_glass.keep_factor(instance)
    except NotReady as refusal:
        raise PermissionDenied(str(refusal)) from None

"""Accounts at Stripe, made to be as the setup file says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simplane.catalog.values import Change
from simplane.core import clock
from simplane.core.db import needs_transaction
from simplane.ops.setup_accounts import Problems, brought, check_place, secrets_of
from simplane.ops.setup_file import PaymentEntry
from simplane.payments.gateway import STRIPE
from simplane.payments.models import StripeAccount


@needs_transaction
def put_payments(entry: PaymentEntry, environ: Mapping[str, str], problems: Problems) -> Change | None:
    """Make the account be as the entry says. None: it was, or there are problems."""
    known = StripeAccount.objects.select_for_update().filter(key=entry.key).first()
    credentials = secrets_of(entry.credentials, "stripe", environ, problems)
    is_test = entry.mode == "test"
    check_place(entry.api_url or STRIPE, "api_url", problems, stand_in=entry.stand_in)
    if known is not None and known.is_test != is_test:
        problems.add("an account does not change its mode; give the new one a key of its own", "mode")
    if not entry.stand_in and not _of_mode(str(credentials.get("api_key") or ""), entry.mode):
        problems.add(f"this is no key of {entry.mode} mode (sk_{entry.mode}_... or rk_{entry.mode}_...)", "credentials")
    others = StripeAccount.objects.filter(is_test=is_test, active=True).exclude(key=entry.key)
    if entry.active and others.exists():
        problems.add(f"another account takes the {entry.mode} payments: say active: false there first", "active")
    if problems.lines:
        return None
    wanted: dict[str, Any] = {
        "name": entry.name,
        "is_test": is_test,
        "api_url": entry.api_url or "",
        "credentials": {"previous_webhook_secrets": [], **credentials},
        "active": entry.active,
        "is_stand_in": entry.stand_in,
    }
    if known is None:
        StripeAccount.objects.create(key=entry.key, created_at=clock.now(), **wanted)
    return brought("stripe_account", entry.key, known, wanted)


def _of_mode(api_key: str, mode: str) -> bool:
    return api_key.startswith((f"sk_{mode}_", f"rk_{mode}_"))

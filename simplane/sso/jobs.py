"""What the calendar does for single sign-on."""

from __future__ import annotations

from typing import Any

from simplane.core.schedule import scheduled
from simplane.sso import saml_expiry, saml_finish


@scheduled("sso.certificates", cron="20 6 * * *", title="Providers' signing certificates that end")
def certificates() -> dict[str, Any]:
    """Their companies are told once, 30 days before."""
    return {"told": saml_expiry.tell_all()}


@scheduled("sso.forget", cron="40 * * * *", title="SAML answers that nobody can use any more")
def forget() -> dict[str, Any]:
    """Until then each is kept, so that it is refused when it comes again."""
    return {"forgotten": saml_finish.forget_old()}

"""Telling companies that a certificate of their provider ends, before people stand outside."""

from __future__ import annotations

from datetime import timedelta

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.policies.alert_models import Alert
from simplane.policies.alerting import Raised, raise_alert
from simplane.policies.choices import Severity
from simplane.sso import saml_certificates
from simplane.sso.models import Connection
from simplane.sso.saml_certificates import CertificateFacts

NOTICE = timedelta(days=30)


def tell_all() -> int:
    """Raise one alert for each connection whose last certificate ends within 30 days; how many were new."""
    with tenancy.everywhere():
        used = Connection.objects.filter(protocol=Connection.Protocol.SAML).exclude(state=Connection.State.OFF)
        rows = list(used.only("organization_id", "public_id", "name", "idp_certificates"))
    return sum(_tell(one) for one in rows)


def last_of(connection: Connection) -> CertificateFacts | None:
    """The certificate that ends last: with it in place a change of the provider's was done already."""
    known = [saml_certificates.facts(one) for one in connection.idp_certificates]
    return max(known, key=lambda one: one.ends_at, default=None)


def _tell(connection: Connection) -> bool:
    last = last_of(connection)
    if last is None or last.ends_at > clock.now() + NOTICE:
        return False
    named = f"certificate:{connection.public_id}:{last.fingerprint[:16]}"
    with tenancy.scope(connection.organization_id), transaction():
        # Once, also after somebody resolved it: from then on they know.
        if Alert.objects.filter(dedupe=named).exists():
            return False
        raise_alert(_alert(connection, last, named))
    return True


def _alert(connection: Connection, last: CertificateFacts, named: str) -> Raised:
    return Raised(
        organization_id=connection.organization_id,
        kind="sign_in",
        severity=Severity.WARNING,
        dedupe=named,
        title=f"{connection.name}: the signing certificate ends on {last.ends_at:%Y-%m-%d}",
        text="Make a new one at your provider and paste it beside the old one in Settings > Sign-in, before it signs.",
    )

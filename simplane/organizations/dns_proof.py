"""What a domain's owner wrote into DNS to prove it: the TXT records of `_simplane.<host>`."""

from __future__ import annotations

import dns.exception
import dns.flags
import dns.resolver
from django.conf import settings

from simplane.core.db import refuse_inside_transaction
from simplane.core.errors import Refusal

SECONDS = 5.0
"""A question, with all its repeats."""


class DnsSilent(Refusal):
    """The domain's name servers gave no answer."""

    code = "dns_silent"
    status = 503


def record_name(host: str) -> str:
    """Where the record stands."""
    return f"_simplane.{host}"


def texts(host: str) -> frozenset[str]:
    """The values of the TXT records; empty when DNS says that there are none. Raises DnsSilent when it says nothing."""
    refuse_inside_transaction("a question to DNS")
    try:
        found = _resolver().resolve(f"{record_name(host)}.", "TXT", lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return frozenset()
    except dns.exception.DNSException:
        raise DnsSilent(f"the name servers of {host} do not answer", fix="try again in some minutes") from None
    # RFC 7208 section 3.3: a long record comes in pieces that are put together without anything between them.
    return frozenset(b"".join(row.strings).decode("utf-8", "replace").strip() for row in found)


def _resolver() -> dns.resolver.Resolver:
    server = settings.SIMPLANE.dns_server
    if not server:
        return dns.resolver.Resolver()
    host, _, port = server.rpartition(":")
    made = dns.resolver.Resolver(configure=False)
    made.nameservers, made.port = [host.strip("[]")], int(port)
    return made

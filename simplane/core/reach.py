"""Which addresses a request may go to when a customer wrote the target: public ones, and nothing that hides another.

`ipaddress.is_global` alone calls multicast, NAT64, 6to4 and several special blocks global (Python 3.11), so the rules
stand here: IPv4 must be global and outside the blocks below, IPv6 must be plain global unicast. Sources: the IANA
special-purpose registries (RFC 6890), RFC 6052 and 8215 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo).
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from simplane.core.errors import Refusal

Address = IPv4Address | IPv6Address
HTTPS_PORTS = (443, 8443)
HTTP_PORTS = (80, 8080)
LONGEST_URL = 1000
_V4 = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments, a cloud's metadata among them
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("168.63.129.16/32"),  # the host of a virtual machine at Azure: public by number only
)
_UNICAST = IPv6Network("2000::/3")
_V6 = (
    IPv6Network("2001::/23"),  # protocol assignments: Teredo, ORCHID and others
    IPv6Network("2001:db8::/32"),
    IPv6Network("2002::/16"),  # 6to4: holds an IPv4 address
    IPv6Network("3fff::/20"),
)
_NUMERIC = re.compile(r"(0x[0-9a-f]*|\d+)", re.IGNORECASE)
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_THREADS = 32


class AddressRefused(Refusal):
    """Requests are not sent to such an address."""

    code = "address_refused"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in its parts. `host`: a name in ASCII, or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query."""

    @property
    def host_header(self) -> str:
        """As RFC 9110 section 7.2 wants it: without a default port."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return shown if self.port == usual else f"{shown}:{self.port}"


def may_reach(address: Address) -> bool:
    """Whether a request may go there: a public address, or one of this machine where a setting allows that."""
    if address.is_loopback:
        return bool(settings.SIMPLANE.allow_loopback_targets)
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in block for block in _V4)
    plain = address.scope_id is None and address in _UNICAST and address.is_global
    return plain and not any(address in block for block in _V6)


def read_target(url: str) -> Target:
    """The parts of a URL that a customer wrote. Raises AddressRefused with what to write instead.

    Only its form is checked here, and an address that stands in it; a name is looked up when the request is made.
    """
    parts = _split(url)
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("the URL holds a user name or password", fix="requests are signed: check the signature")
    if parts.fragment:
        raise AddressRefused("the URL holds a #fragment", fix="leave it out, it is never sent")
    host = _host(parts.hostname or "")
    port = _port(parts)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL or not url.isascii() or re.search(r"[\x00-\x20\x7f\\<>\"^`{|}]", url):
        raise AddressRefused(
            "this is no URL", fix=f"at most {LONGEST_URL} characters; percent-encode all that is not ASCII"
        )
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise AddressRefused("this is no URL", fix="write https://hooks.example.com/simplane") from None
    secure = parts.scheme == "https" or (parts.scheme == "http" and not settings.SIMPLANE.production)
    if not secure or not parts.hostname:
        raise AddressRefused("the URL must begin with https://", fix="write https://hooks.example.com/simplane")
    return parts


def _host(written: str) -> str:
    found = literal(written)
    if found is not None:
        if not may_reach(found):
            raise AddressRefused(f"{written} is not a public address", fix="give a host that the internet can reach")
        return str(found)
    if not _HOST.fullmatch(written) or _NUMERIC.fullmatch(written.rpartition(".")[2]):
        raise AddressRefused(
            "the URL's host is neither a name nor a plainly written address", fix="write its full name"
        )
    return written


def literal(host: str) -> Address | None:
    """The address that a host is, in its one canonical spelling; None for everything else (`0x7f.1`, `2130706433`)."""
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return found


def _port(parts: SplitResult) -> int:
    secure = parts.scheme == "https"
    port = parts.port if parts.port is not None else (443 if secure else 80)
    allowed = HTTPS_PORTS if secure else HTTP_PORTS
    if port not in allowed and not (settings.SIMPLANE.allow_loopback_targets and 1023 < port < 65536):
        known = " or ".join(str(one) for one in allowed)
        raise AddressRefused(f"port {port} is not allowed", fix=f"use port {known}")
    return port


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, each of which may be reached. Raises AddressRefused when any may not, OSError for none.

    One bad address among good ones refuses them all: which of them is connected to is not up to its owner. Who asks for
    a name that is being looked up waits for that: a name server that never answers holds one thread, not many.
    """
    running = asyncio.get_running_loop()
    asked = (running, host, port)
    looking = _under_way.get(asked)
    if looking is None:
        looking = _under_way[asked] = running.run_in_executor(_threads(), _look_up, host, port)
        looking.add_done_callback(lambda done: _looked_up(asked, done))
    found = await asyncio.shield(looking)
    if not all(may_reach(one) for one in found):
        raise AddressRefused(nowhere(host), fix="correct its DNS records")
    return [str(one) for one in found]


def nowhere(host: str) -> str:
    """The words for every name that is not connected to: which names exist behind our own name server is not told."""
    return f"the name {host} leads to no public address"


_Asked = tuple[asyncio.AbstractEventLoop, str, int]
_under_way: dict[_Asked, asyncio.Future[Sequence[Address]]] = {}


def _looked_up(asked: _Asked, done: asyncio.Future[Sequence[Address]]) -> None:
    _under_way.pop(asked, None)
    if not done.cancelled():
        done.exception()  # nobody may be waiting for it any more


def _look_up(host: str, port: int) -> Sequence[Address]:
    found = literal(host)
    if found is not None:
        return [found]
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(row[4][0])) for row in rows))


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    """Threads of their own: a name server that a customer runs may answer as slowly as it likes."""
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="names")

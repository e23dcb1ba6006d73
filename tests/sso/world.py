"""A company with a provider of its own, people who sign in there, and what a refusal must not change."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from django.test import Client

from simplane.core import clock, tenancy
from simplane.organizations.models import CompanyRole, Domain, Membership, Organization, User
from simplane.sso import connections
from simplane.sso.models import Connection, Identity
from simplane.workforce.models import Employee
from tests.standins import free_port

SECRET = "s3cret/with+signs"


@contextmanager
def process_at(port: int, *command: str) -> Iterator[str]:
    """A peer's provider as a process of its own; the address of its issuer once it answers."""
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(f"{url}/.well-known/openid-configuration", process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    until, pause = time.monotonic() + 20, threading.Event()
    while True:
        try:
            httpx2.get(url, trust_env=False, verify=False, timeout=5)
        except httpx2.TransportError:
            assert process.poll() is None, f"the provider ended with {process.returncode}"
            assert time.monotonic() < until, "the provider did not become ready"
            pause.wait(0.05)
        else:
            return


@contextmanager
def mock_provider() -> Iterator[str]:
    """`oidc-provider-mock`, listening; its issuer."""
    port = free_port()
    with process_at(port, sys.executable, "-m", "oidc_provider_mock", "--port", str(port)) as issuer:
        yield issuer


def connected(company: Organization, issuer: str, *, active: bool = True, **roles: Any) -> Connection:
    """A connection to this provider, in use. `roles`: as of `connections.set_roles`."""
    with tenancy.scope(company.pk):
        given = {"issuer": issuer, "client_id": "simplane", "client_secret": SECRET}
        made = connections.add("oidc", name="Acme ID", **given)
        wanted = {"just_in_time": True, "default_role": "viewer", "group_roles": {}, **roles}
        connections.set_roles(made.public_id, **wanted)
        if active:
            connections.tested(made.public_id, by="a test")
            connections.activate(made.public_id)
        found: Connection = Connection.objects.get(pk=made.pk)
    return found


def owns_mail(company: Organization, host: str) -> Domain:
    """The company has proved this domain for sign-in."""
    with tenancy.scope(company.pk):
        made: Domain = Domain.objects.create(
            host=host, for_mail=True, token="t", verified_at=clock.now(), created_at=clock.now()
        )
    return made


def browser(company: Organization) -> Client:
    """A browser without pictures at the company's own address."""
    made = Client()
    made.defaults["HTTP_HOST"] = f"{company.slug}.localhost"
    return made


def asked_of(answer: Any) -> dict[str, str]:
    """The query of the redirect to a provider."""
    assert answer.status_code == 302, answer.content.decode()
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}


def back(client: Client, location: str) -> Any:
    """Follow a provider's redirect to our own address."""
    parts = urlsplit(location)
    return client.get(f"{parts.path}?{parts.query}")


def signs_in(client: Client, connection: Connection, subject: str, *, query: str = "", **claims: Any) -> Any:
    """All of a sign-in at the mock provider: our answer at the end. `claims`: as the provider knows them now."""
    with httpx2.Client(base_url=connection.issuer, trust_env=False, verify=False) as provider:
        put = provider.put(f"/users/{subject}", json=claims)
        assert put.status_code == 204, put.text
        left = client.get(f"/sign-in/{connection.public_id}/{query}")
        assert left.status_code == 302, left.content.decode()
        answer = provider.post(left["Location"], data={"sub": subject})
    assert answer.status_code == 302, answer.text
    return back(client, answer.headers["location"])


def who(client: Client) -> str:
    """The address of whoever is signed in in this browser; empty: nobody."""
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk).email if pk else ""


def role_of(company: Organization, email: str) -> str:
    """Their role in the company; empty: none."""
    found = Membership.objects.filter(organization=company, user__email=email).first()
    return CompanyRole(found.role).value if found else ""


def everything() -> dict[str, Any]:
    """What a refused sign-in must leave as it was."""
    with tenancy.everywhere():
        return {
            "users": list(User.objects.order_by("pk").values_list("pk", "email", "password", "last_login")),
            "members": list(Membership.objects.order_by("pk").values_list("organization", "user", "role")),
            "identities": list(Identity.objects.order_by("pk").values_list("connection", "subject", "user")),
            "people": list(Employee.objects.order_by("pk").values_list("pk", "user", "state")),
        }

"""A company's own domains: proved by a DNS record of a real name server, by one company only, and looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client

from simplane.core import clock, tenancy
from simplane.organizations import domains, hosts, jobs
from simplane.organizations.domains import DomainTaken
from simplane.organizations.models import Domain, Organization
from tests.companies import company
from tests.company.dns_server import DnsServer
from tests.company.members import browser_of, member

pytestmark = pytest.mark.django_db(transaction=True)
RECORD = "_simplane.esim.acme.example"


@pytest.fixture
def dns(settings: LazySettings) -> Iterator[DnsServer]:
    """The name server that we ask."""
    server = DnsServer()
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"dns_server": server.address})
    yield server
    server.close()


@pytest.fixture
def owner(acme: Organization) -> Client:
    return browser_of(member(acme), acme)


def test_a_domain_is_added_proved_and_serves_the_pages_until_it_is_removed(
    acme: Organization, owner: Client, dns: DnsServer
) -> None:
    owner.post("/settings/domains/", {"host": " ESIM.Acme.example. ", "for_pages": "1", "for_mail": "1"})
    page = owner.get("/settings/domains/").content.decode()
    token = domain_of(acme).token
    assert (RECORD in page, token in page, "Not proved" in page) == (True, True, True)

    missing = press(owner, "verify")
    assert (domains.MISSING in missing, domain_of(acme).verified_at) == (True, None)
    dns.records[RECORD] = ["simplane=of-somebody-else"]
    assert domains.OTHER in press(owner, "verify")
    dns.records[RECORD].append(token)
    assert "esim.acme.example is proved" in press(owner, "verify")
    there = {"host": "esim.acme.example"}
    assert "Sign in to Acme" in Client().get("/accounts/login/", headers=there).content.decode()

    press(owner, "remove")
    assert Client().get("/accounts/login/", headers=there).status_code == 421


def test_a_proved_domain_belongs_to_one_company(acme: Organization, dns: DnsServer) -> None:
    beta = company("beta")
    dns.records[RECORD] = [added(acme), added(beta)]
    with tenancy.scope(acme.pk):
        domains.verify("esim.acme.example")
    with tenancy.scope(beta.pk), pytest.raises(DomainTaken):
        domains.verify("esim.acme.example")
    assert (domain_of(acme).verified_at is None, domain_of(beta).verified_at) == (False, None)

    beta_owner = browser_of(member(beta), beta)
    assert "esim.acme.example is removed" in press(beta_owner, "remove")
    assert domain_of(acme).verified_at is not None


def test_a_lost_record_is_noticed_by_the_daily_look_and_ends_the_proof_after_a_week(
    acme: Organization, dns: DnsServer
) -> None:
    dns.records[RECORD] = [added(acme)]
    with tenancy.scope(acme.pk):
        domains.verify("esim.acme.example")
    assert jobs.look_again() == {"looked at": 1, "without a proof": 0}

    dns.broken = True
    assert jobs.look_again() == {"looked at": 1, "without a proof": 1}
    assert (domain_of(acme).problem, domain_of(acme).missing_since) == ("", None)
    dns.broken, dns.records = False, {}
    jobs.look_again()
    kept = domain_of(acme)
    assert (kept.verified_at is None, kept.problem) == (False, domains.MISSING)

    with tenancy.scope(acme.pk):
        Domain.objects.update(missing_since=clock.now() - timedelta(days=8))
    jobs.look_again()
    assert domain_of(acme).verified_at is None
    assert jobs.look_again() == {"looked at": 0, "without a proof": 0}
    assert hosts.tenant_of("esim.acme.example") is None


def test_what_is_no_domain_or_ours_is_refused_and_nothing_is_kept(acme: Organization, owner: Client) -> None:
    for written in (
        "example",
        "10.0.0.1",
        "acme.localhost",
        "https://a.example",
        "-a.example",
        "a..example",
        "a_b.example",
    ):
        answer = owner.post("/settings/domains/", {"host": written, "for_mail": "1"})
        assert "Refused:" in answer.content.decode(), written
    assert "no use" in owner.post("/settings/domains/", {"host": "a.example"}).content.decode()
    with tenancy.scope(acme.pk):
        assert Domain.objects.count() == 0


def added(to: Organization) -> str:
    with tenancy.scope(to.pk):
        return domains.add("esim.acme.example", for_pages=True, for_mail=True).token


def domain_of(of: Organization) -> Domain:
    with tenancy.scope(of.pk):
        found: Domain = Domain.objects.get()
    return found


def press(browser: Client, verb: str) -> str:
    return browser.post(f"/settings/domains/esim.acme.example/{verb}/", follow=True).content.decode()

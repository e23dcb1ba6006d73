"""What a provider says about itself: metadata that is read, metadata that is not, and certificates that end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest
from django.test import Client
from lxml import etree  # type: ignore[import-untyped]
from pytest_django import Settings

from simplane.core import clock, tenancy
from simplane.core.errors import BadInput, Refusal
from simplane.core.reach import AddressRefused
from simplane.organizations import hosts
from simplane.organizations.models import Organization
from simplane.policies.alert_models import Alert
from simplane.policies.alerting import resolve
from simplane.sso import connections, jobs, saml_certificates, saml_metadata
from simplane.sso.errors import ProviderDown
from simplane.sso.models import Connection, Identity, SeenAssertion
from simplane.sso.saml_told import told
from tests.company.members import browser_of, member
from tests.sso.idp import Asked, Idp, keys
from tests.sso.world import owns_mail

GOOD = Idp().metadata()
ENDED = keys("ended", days=-1).certificate
ENDING = keys("ending", days=20).certificate
WEAK = keys("weak", bits=1024).certificate


def test_metadata_tells_who_signs_where_people_sign_in_and_with_which_certificates() -> None:
    two = [Idp().signing.certificate, keys().certificate]
    found = saml_metadata.read(Idp().metadata(certificates=two))
    assert (found.entity_id, found.sign_in_url) == (Idp().entity_id, Idp().sign_in_url)
    assert list(found.certificates) == two
    many = f'<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">{GOOD.partition("?>")[2]}</EntitiesDescriptor>'
    assert saml_metadata.read(many).entity_id == Idp().entity_id
    by_hand = saml_metadata.facts(entity_id=" urn:idp ", sign_in_url="https://idp.intra/x", certificates="\n".join(two))
    assert (by_hand.entity_id, list(by_hand.certificates)) == ("urn:idp", two)
    (pasted,) = saml_certificates.read("".join(two[0].strip().splitlines()[1:-1]))
    told = saml_certificates.facts(pasted)
    assert (pasted, told.subject) == (two[0], "CN=idp")
    assert told.ends_at - clock.now() > timedelta(days=364)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "no XML"),
        ("https://idp.example/metadata", "no XML"),
        (GOOD.replace("?>", '?><!DOCTYPE a [<!ENTITY a "a">]>'), "document type or entities"),
        (GOOD.replace("?>", "?><!-- x -->"), "a comment"),
        (GOOD.replace("IDPSSODescriptor", "SPSSODescriptor"), "describes no identity provider"),
        (f"<a>{GOOD.partition('?>')[2] * 2}</a>", "several identity providers"),
        (Idp().metadata(attributes='WantAuthnRequestsSigned="true"'), "wants requests to be signed"),
        (GOOD.replace("HTTP-Redirect", "HTTP-POST"), "no HTTP-Redirect"),
        (GOOD.replace('use="signing"', 'use="encryption"'), "there is no certificate"),
        (Idp().metadata(certificates=[ENDED]), "ended on"),
        (Idp().metadata(certificates=[WEAK]), "key is weak"),
        (Idp().metadata(certificates=[keys().certificate[:200]]), "no certificate"),
        (Idp().metadata(certificates=[keys(str(one)).certificate for one in range(6)]), "many certificates"),
        (Idp(sign_in_url="javascript:alert(1)").metadata(), "sign-in URL is none"),
        (Idp(sign_in_url="https://me:secret@idp.example/").metadata(), "sign-in URL is none"),
        (Idp(sign_in_url="/sign-in").metadata(), "sign-in URL is none"),
        (Idp(entity_id="").metadata(), "entity ID is missing"),
        (GOOD + " " * 600_000, "too large"),
    ],
)
def test_metadata_that_cannot_be_used_is_refused_with_what_to_do(given: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        saml_metadata.read(given)
    assert refused.value.fix


def test_production_sends_people_only_to_https(settings: Settings) -> None:
    plain = Idp(sign_in_url="http://idp.intra/sign-in").metadata()
    assert saml_metadata.read(plain).sign_in_url == "http://idp.intra/sign-in"
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"environment": "production"})
    with pytest.raises(BadInput, match="sign-in URL is none"):
        saml_metadata.read(plain)


@contextmanager
def serving(status: int, content: bytes) -> Iterator[str]:
    """The address of a page on this machine."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Keep test output quiet."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/metadata"
        server.shutdown()


@pytest.mark.django_db(transaction=True)
def test_metadata_is_fetched_from_public_addresses_without_following_redirects(settings: Settings) -> None:
    with serving(200, GOOD.encode()) as url:
        with pytest.raises(AddressRefused):
            saml_metadata.fetched(url)
        settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"allow_loopback_targets": True})
        assert saml_metadata.fetched(url) == saml_metadata.read(GOOD)
    for status, content, refusal in [
        (302, b"", ProviderDown),
        (200, b"<html>", BadInput),
        (200, b" " * 600_000, BadInput),
    ]:
        with serving(status, content) as url, pytest.raises(refusal) as refused:
            saml_metadata.fetched(url)
        assert isinstance(refused.value, Refusal)
        assert refused.value.fix
    with pytest.raises(ProviderDown, match="could not be fetched"):
        saml_metadata.fetched(url)


def test_a_company_is_told_once_before_the_last_certificate_of_its_provider_ends(acme: Organization) -> None:
    with tenancy.scope(acme.pk):
        given = {"idp_entity_id": "urn:idp", "idp_sign_in_url": "https://idp.example"}
        made = connections.add("saml", name="Acme ID", idp_certificates=[keys().certificate, ENDING], **given)
    assert jobs.certificates() == {"told": 0}, "the next one is in place already"
    with tenancy.scope(acme.pk):
        connections.change(made.public_id, idp_certificates=[ENDING])
    assert jobs.certificates() == {"told": 1}
    with tenancy.everywhere():
        alert = Alert.objects.get()
    assert alert.title.startswith("Acme ID: the signing certificate ends on ")
    resolve(acme.pk, alert.public_id)
    assert jobs.certificates() == {"told": 0}


def test_used_answers_are_forgotten_when_they_could_not_be_used_anyway(acme: Organization) -> None:
    with tenancy.scope(acme.pk):
        made = connections.add("saml", name="Acme ID")
        for name, hours in [("_old", -1), ("_young", 1)]:
            SeenAssertion.objects.create(
                connection=made, assertion_id=name, expires_at=clock.now() + timedelta(hours=hours)
            )
    assert jobs.forget() == {"forgotten": 1}
    with tenancy.scope(acme.pk):
        assert [one.assertion_id for one in SeenAssertion.objects.all()] == ["_young"]


def test_attributes_are_read_by_the_names_that_providers_give_them() -> None:
    claims, entra = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims", "http://schemas.microsoft.com"
    said = {
        f"{claims}/emailaddress": ["Ana@Acme.example"],
        f"{claims}/givenname": ["Ana"],
        f"{claims}/surname": ["Lima"],
        f"{entra}/ws/2008/06/identity/claims/groups": ["11-22", "33-44", "11-22"],
        "mail": ["one@acme.example", "two@acme.example"],
        "work": ["ana@work.example"],
    }
    root = Idp().response(Asked("_1", "us", "https://us/acs"), said=said)
    assertion = root[-1]
    found = told(assertion, Connection())
    assert (found.subject, found.email, found.email_verified) == ("person-1", "ana@acme.example", False)
    assert (found.name, found.groups) == ("Ana Lima", ("11-22", "33-44"))
    chosen = told(assertion, Connection(email_claim="work", name_claim="work", groups_claim="mail"))
    assert (chosen.email, chosen.name) == ("ana@work.example", "ana@work.example")
    assert chosen.groups == ("one@acme.example", "two@acme.example")
    assert told(assertion, Connection(email_claim="mail")).email == "", "of two addresses none is believed"
    etree.SubElement(assertion[-1][0][0], "b").text = "x"
    assert told(assertion, Connection()).email == "", "nor what is written in parts"


def test_an_owner_connects_a_saml_provider_by_its_metadata_and_tests_it_on_the_page(acme: Organization) -> None:
    owns_mail(acme, "acme.example")
    owner = member(acme, email="ana.lima@acme.example")
    client = browser_of(owner, acme)
    client.defaults["HTTP_HOST"] = urlsplit(hosts.address_of("acme")).netloc
    begun = client.post("/settings/sign-in/", {"name": "Acme ID", "protocol": "saml"})
    page = client.get(begun["Location"]).content.decode()
    with tenancy.scope(acme.pk):
        (connection,) = Connection.objects.all()
    ours = f"{hosts.address_of('acme')}/sign-in/{connection.public_id}"
    assert f"{ours}/acs/" in page
    assert f"{ours}/metadata.xml" in page
    assert client.get(f"{ours}/?test").status_code == 409, "there is no provider yet"
    wrong = client.post(begun["Location"], {"name": "Acme ID", "metadata": GOOD.replace("?>", "?><!-- x -->")})
    assert (wrong.status_code, b"holds a comment" in wrong.content) == (422, True)
    assert client.post(begun["Location"], {"name": "Acme ID", "metadata": GOOD}).status_code == 302
    assert "CN=idp" in client.get(begun["Location"]).content.decode()
    asked = Asked.at(client.get(f"{ours}/?test")["Location"])
    posted = Client(HTTP_HOST=client.defaults["HTTP_HOST"]).post(f"{ours}/acs/", {"SAMLResponse": Idp().answer(asked)})
    shown = client.get(posted["Location"])
    assert (shown.status_code, b"It works" in shown.content, b"person-1" in shown.content) == (200, True, True)
    assert client.post(f"{begun['Location']}do/activate/").status_code == 302
    with tenancy.scope(acme.pk):
        connection.refresh_from_db()
        assert (connection.state, Identity.objects.count()) == (Connection.State.ACTIVE, 0)

"""Sign-in by SAML: a provider that signs for real, answers that come once, and attacks that change nothing."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from lxml import etree  # type: ignore[import-untyped]
from pytest_django import Settings

from simplane.core import tenancy
from simplane.core.models import AuditEntry
from simplane.organizations import hosts
from simplane.organizations.models import Domain, Organization
from simplane.sso import connections, saml_metadata
from simplane.sso.landing import NOTED_AN_HOUR
from simplane.sso.models import Connection, SeenAssertion
from tests.companies import company
from tests.sso import attacks
from tests.sso.attacks import BENT, FORGED, UNFIT, Attack
from tests.sso.idp import Asked, Idp, body, encoded, keys, xmlsec
from tests.sso.world import everything, owns_mail, role_of, who

IDP = Idp()
PEER = keys("samlify", bits=2048)
EMAIL = "ana.lima@acme.example"


@pytest.fixture
def acme(db: None) -> Organization:
    """A company with a proved domain, whose people come as employees."""
    hosts.forget()
    made = company("acme")
    owns_mail(made, "acme.example")
    return made


def connected(of: Organization, metadata: str = "") -> Connection:
    """An active connection of the company to the provider of this metadata."""
    facts = saml_metadata.read(metadata or IDP.metadata())
    with tenancy.scope(of.pk):
        made = connections.add(
            "saml",
            name="Acme ID",
            idp_entity_id=facts.entity_id,
            idp_sign_in_url=facts.sign_in_url,
            idp_certificates=facts.certificates,
        )
        connections.set_roles(
            made.public_id, just_in_time=True, default_role="employee", group_roles={"Finance": "finance"}
        )
        connections.tested(made.public_id, by="a test")
        connections.activate(made.public_id)
        found: Connection = Connection.objects.get(pk=made.pk)
    return found


def browser(of: Organization) -> Client:
    """A browser without pictures at the address that every company has."""
    return Client(HTTP_HOST=urlsplit(hosts.address_of(of.slug)).netloc)


def begin(client: Client, connection: Connection, query: str = "") -> Asked:
    """Leave for the provider."""
    left = client.get(f"/sign-in/{connection.public_id}/{query}")
    assert left.status_code == 302, left.content.decode()
    assert left["Location"].startswith(f"{IDP.sign_in_url}&SAMLRequest=")
    return Asked.at(left["Location"])


def post(of: Organization, connection: Connection, answer: str, **more: str) -> Any:
    """What the provider's page makes a browser post: across sites, so without any cookie of ours."""
    return browser(of).post(f"/sign-in/{connection.public_id}/acs/", {"SAMLResponse": answer, **more})


def counted() -> dict[str, Any]:
    """What a refusal must leave as it was."""
    with tenancy.everywhere():
        used = SeenAssertion.objects.count()
    return {**everything(), "sessions": Session.objects.count(), "used": used}


def refused(answer: Any, words: str) -> None:
    """A page that says why and what to do."""
    page = answer.content.decode()
    assert 400 <= answer.status_code < 500, page
    assert "You are not signed in" in page
    assert words in page.replace("&#x27;", "'"), page
    assert "What to do:" in page


def test_a_person_signs_in_once_by_what_their_provider_signed_and_by_either_of_its_certificates(
    acme: Organization,
) -> None:
    connection, client = connected(acme), browser(acme)
    asked = begin(client, connection, "?next=/mine/")
    assert asked.acs == f"{hosts.address_of('acme')}/sign-in/{connection.public_id}/acs/"
    assert asked.issuer.endswith(f"/sign-in/{connection.public_id}/metadata.xml")
    answer = IDP.answer(asked, said={"mail": ["Ana.Lima@acme.example"], "groups": ["Finance", "Staff"]})
    posted = post(acme, connection, answer, RelayState="https://evil.example/")
    assert posted.status_code == 303, posted.content.decode()
    assert posted["Location"].startswith(f"/sign-in/{connection.public_id}/finish/")
    came = client.get(posted["Location"])
    assert (came.status_code, came["Location"], who(client)) == (302, "/mine/", EMAIL)
    assert role_of(acme, EMAIL) == "finance"
    before = counted()
    refused(client.get(posted["Location"]), "was not begun in this browser")
    refused(post(acme, connection, answer), "used already")
    assert counted() == before
    with tenancy.scope(acme.pk):
        connections.change(connection.public_id, idp_certificates=[keys("next").certificate, IDP.signing.certificate])
    later = browser(acme)
    for signing, method in ((IDP.signing, xmlsec.Transform.RSA_SHA512), (keys("next"), xmlsec.Transform.ECDSA_SHA256)):
        response = IDP.response(begin(later, connection))
        both = IDP.signed(response, signs=["Response", "Assertion"], with_keys=signing, method=method)
        assert later.get(post(acme, connection, encoded(both))["Location"]).status_code == 302
        assert who(later) == EMAIL


def test_only_the_browser_that_began_can_finish(acme: Organization) -> None:
    connection, victim, thief = connected(acme), browser(acme), browser(acme)
    posted = post(acme, connection, IDP.answer(begin(victim, connection)))
    begin(thief, connection)
    before = counted()
    refused(thief.get(posted["Location"]), "was not begun in this browser")
    refused(victim.get(posted["Location"]), "was not begun in this browser")
    assert counted() == before
    assert (who(thief), who(victim)) == ("", ""), "what was tried once is gone"


def test_a_sign_in_ends_at_the_address_where_it_began(acme: Organization) -> None:
    with tenancy.scope(acme.pk):
        Domain.objects.filter(host="acme.example").update(for_pages=True)
    hosts.forget()
    connection, client = connected(acme), Client(HTTP_HOST="acme.example")
    own = f"http://acme.example/sign-in/{connection.public_id}/acs/"
    metadata = client.get(f"/sign-in/{connection.public_id}/metadata.xml").content.decode()
    assert [own in metadata, f"{hosts.address_of('acme')}/sign-in/{connection.public_id}/acs/" in metadata] == [
        True,
        True,
    ]
    asked = begin(client, connection)
    assert asked.acs == own
    refused(post(acme, connection, IDP.answer(asked)), "another address")
    posted = Client(HTTP_HOST="acme.example").post(own, {"SAMLResponse": IDP.answer(asked)})
    assert client.get(posted["Location"]).status_code == 302
    assert who(client) == EMAIL


def test_times_are_judged_by_the_one_clock(acme: Organization, settings: Settings) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"clock_shift_seconds": 86_400})
    connection = connected(acme)
    assert post(acme, connection, IDP.answer(begin(browser(acme), connection))).status_code == 303


def test_an_answer_is_for_one_connection_of_one_company(acme: Organization) -> None:
    beta = company("beta")
    ours, other, theirs = connected(acme), connected(acme), connected(beta)
    asked, there = begin(browser(acme), ours), begin(browser(beta), theirs)
    before = counted()
    refused(post(acme, other, IDP.answer(asked)), "another a")
    refused(post(beta, theirs, IDP.answer(asked)), "another a")
    refused(post(acme, ours, IDP.answer(there)), "another a")
    assert post(beta, ours, IDP.answer(asked)).status_code == 404
    assert browser(beta).get(f"/sign-in/{ours.public_id}/metadata.xml").status_code == 404
    assert counted() == before


@pytest.mark.parametrize("kind", [FORGED, UNFIT], ids=["forged", "unfit"])
def test_answers_that_are_refused_change_nothing(acme: Organization, kind: Mapping[tuple[str, str], Attack]) -> None:
    connection = connected(acme)
    asked = begin(browser(acme), connection)
    before = counted()
    for (_, words), attack in kind.items():
        refused(post(acme, connection, attack(IDP, asked)), words)
    assert counted() == before
    noted = AuditEntry.objects.filter(organization_id=acme.pk, action="sign_in.refused").count()
    assert noted == min(len(kind), NOTED_AN_HOUR), "who sends rubbish does not bury the log"
    assert post(acme, connection, IDP.answer(asked)).status_code == 303, "the good answer still comes in"


def test_an_answer_by_redirect_is_not_unpacked(acme: Organization) -> None:
    path = f"/sign-in/{connected(acme).public_id}/acs/"
    refused(browser(acme).get(path, {"SAMLResponse": attacks.deflated()}), "answer came by POST")


def samlify(**given: Any) -> dict[str, str]:
    """What a provider by the npm package says, in a process of its own."""
    facts = {
        "entityID": "https://samlify.example/idp",
        "url": "https://samlify.example/sign-in",
        "key": PEER.private.decode(),
        "certificate": body(PEER.certificate),
    }
    script = Path(__file__).parent / "peer" / "saml.cjs"
    told = subprocess.run(
        ["node", script], input=json.dumps({**facts, **given}), capture_output=True, text=True, check=True, timeout=60
    )
    return dict(json.loads(told.stdout))


def test_samlify_reads_our_metadata_and_request_and_its_answer_comes_in_but_not_bent(acme: Organization) -> None:
    connection, client = connected(acme, samlify()["metadata"]), browser(acme)
    ours = client.get(f"/sign-in/{connection.public_id}/metadata.xml").content.decode()
    left = client.get(f"/sign-in/{connection.public_id}/")["Location"]
    (request,) = parse_qs(urlsplit(left).query)["SAMLRequest"]
    user = {"id": "u-77", "email": EMAIL, "displayName": "Ana Lima", "groups": "Finance"}
    said = samlify(sp=ours, request=request, user=user)
    assert said["asked"] == Asked.at(left).id
    before = counted()
    for (_, words), bend in BENT.items():
        root = etree.fromstring(b64decode(said["response"]))
        bend(root)
        refused(post(acme, connection, encoded(root)), words)
    assert counted() == before
    came = client.get(post(acme, connection, said["response"])["Location"])
    assert (came.status_code, who(client), role_of(acme, EMAIL)) == (302, EMAIL, "finance")
    refused(post(acme, connection, said["response"]), "used already")

"""Against npm's `oidc-provider`, a certified one: PKCE is demanded, the address comes from the user information."""

from __future__ import annotations

from pathlib import Path

import httpx2

from simplane.organizations.models import Organization
from tests.sso.world import SECRET, asked_of, back, browser, connected, owns_mail, process_at, role_of, who
from tests.standins import free_port

SERVER = Path(__file__).parent / "peer" / "oidc.mjs"


def test_a_provider_that_demands_pkce_signs_somebody_in(acme: Organization) -> None:
    port = free_port()
    connection = connected(acme, f"http://127.0.0.1:{port}", group_roles={"Finance": "finance"})
    owns_mail(acme, "acme.example")
    redirect_url = f"http://acme.localhost/sign-in/{connection.public_id}/return/"
    with process_at(port, "node", str(SERVER), str(port), redirect_url, SECRET):
        client = browser(acme)
        left = client.get(f"/sign-in/{connection.public_id}/")
        assert asked_of(left)["scope"] == "openid email profile groups"
        assert refused_without_challenge(left["Location"])
        with httpx2.Client(trust_env=False, verify=False) as there:
            login = there.get(left["Location"], follow_redirects=True)
            answer = there.post(str(login.url), data={"prompt": "login", "login": "mia", "password": "any"})
            while answer.headers["location"].startswith(connection.issuer):
                answer = there.get(answer.headers["location"])
        came = back(client, answer.headers["location"])
    assert came.status_code == 302, came.content.decode()
    assert (who(client), role_of(acme, "mia@acme.example")) == ("mia@acme.example", "finance")


def refused_without_challenge(asked: str) -> bool:
    """The peer would not have taken it without PKCE."""
    plain = asked.replace("code_challenge", "x_challenge")
    answer = httpx2.get(plain, trust_env=False, verify=False)
    return "error=invalid_request" in answer.headers.get("location", "") and "PKCE" in answer.headers["location"]

"""An HR system that calls us: the shapes of Entra ID and Okta as they send them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from simplane.core import tenancy
from simplane.organizations.models import Organization
from simplane.workforce.tokens import create_token

USER, GROUP = "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
COPIES = """
INSERT INTO workforce_employee (organization_id, public_id, user_name, email, external_id, given_name, family_name, title,
  country, locale, state, source, scim, manager_said, version, created_at, updated_at)
SELECT %s, 'emp_' || n, n || '@acme.example', n || '@acme.example', n::text, 'Ana', 'Lima ' || n, '', '', 'en', 'active',
  'scim', jsonb_build_object('schemas', array['urn:ietf:params:scim:schemas:core:2.0:User'], 'active', true,
  'emails', json_build_array(json_build_object('value', n || '@acme.example', 'type', 'work', 'primary', true))), '', 1,
  now(), now()
FROM generate_series(1, 5000) AS n
"""
"""5,000 people of a company, as an HR system would have written them."""


@dataclass(frozen=True, slots=True)
class Caller:
    """With a token; answers are checked for their status."""

    client: Client

    def send(self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        """The body of the answer."""
        text = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = self.client.generic(
            method, f"/scim/v2{path}", text, content_type="application/scim+json", headers=headers
        )
        assert answer.status_code == status, answer.content
        return json.loads(answer.content) if answer.content else None

    def create(self, name: str, enterprise: dict[str, Any] | None = None, *, status: int = 201, **fields: Any) -> Any:
        """A user by Entra ID's default mapping."""
        address = f"{name}@acme.example"
        return self.send(
            "POST",
            "/Users",
            {
                "schemas": [USER, ENTERPRISE],
                "externalId": name,
                "userName": address,
                "active": True,
                "emails": [{"primary": True, "type": "work", "value": address}],
                "name": {"givenName": name.title(), "familyName": "Lima"},
                **({ENTERPRISE: enterprise} if enterprise else {}),
                **fields,
            },
            status=status,
        )

    def patch(self, path: str, *operations: dict[str, Any], status: int = 204) -> Any:
        """Operations as they stand in the body."""
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, status=status)

    def found(self, kind: str, said: str, **more: str) -> list[Any]:
        """The resources that a filter finds."""
        query = "&".join(f"{name}={value}" for name, value in {"filter": said, **more}.items())
        resources: list[Any] = self.send("GET", f"/{kind}?{query}")["Resources"]
        return resources


def caller(of: Organization) -> Caller:
    """Somebody with a new token of the company."""
    with tenancy.scope(of.pk):
        secret = create_token("HR").secret
    return Caller(Client(headers={"Authorization": f"Bearer {secret}"}))

"""Schemathesis: whatever is sent, no 5xx, and no answer that the document does not promise.

The suite takes a few examples of each operation, always the same; SCHEMATHESIS_EXAMPLES=200 looks further.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok

from simplane.api.v1.document import document
from simplane.config.wsgi import application
from simplane.organizations.models import ApiKey
from tests.api.v1.calls import Program, connection_kept, program, sold

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "4"))
CONFIG: dict[str, Any] = {
    # A wish may have the right form and still be refused: an SKU that is none, a cursor of somebody else, no money.
    "checks": {
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "304", "400", "401", "402", "403", "404", "409", "422", "429"]
        }
    }
}


@pytest.mark.django_db(transaction=True)
def test_no_call_has_an_answer_that_is_not_in_the_document() -> None:
    sold("ESIM-EU-5GB-30D", 9_00)
    caller = program(0, is_test=True)
    assert caller.post("/sandbox/funds", {"amount_minor": 10**9}).status == 201
    ApiKey.objects.update(rate_per_minute=6_000_000)
    schema = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig.from_dict(CONFIG))
    schema.app = application
    asked = 0
    with connection_kept():
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            for mode in schemathesis.GenerationMode:
                asked += _ask(found.ok(), mode, caller)
    assert asked >= EXAMPLES * len(document()["paths"])


def _ask(operation: Any, mode: schemathesis.GenerationMode, caller: Program) -> int:
    asked = 0

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        nonlocal asked
        asked += 1
        # Where the header itself is what is wrong, it stays wrong.
        own = {} if "Authorization" in (case.headers or {}) else {"Authorization": f"Bearer {caller.secret}"}
        case.call_and_validate(headers=own)

    ask()
    return asked

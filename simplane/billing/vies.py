"""Asking VIES, the European Commission's register of VAT ids, whether one is valid today.

Source: the REST service behind ec.europa.eu/taxation_customs/vies, operation check-vat-number. Whoever names its own VAT
id gets a consultation number, which proves that it asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.conf import settings

from simplane.core.http import Http, NoAnswer, NotSent

OFFICIAL = "https://ec.europa.eu/taxation_customs/vies/rest-api"
READ_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What VIES said. `valid` None: it, or the member state behind it, could not be reached; `problem` says why."""

    valid: bool | None
    consultation: str = ""
    name: str = ""
    address: str = ""
    problem: str = ""


def address() -> str:
    """Where to ask; empty: nobody is asked from here."""
    return settings.SIMPLANE.vies_url or (OFFICIAL if settings.SIMPLANE.production else "")


async def ask(vat_id: str, requester: str) -> Told:
    """Both with their two letters. Never raises for what VIES does: what can not be understood was not told."""
    body = {
        "countryCode": vat_id[:2],
        "vatNumber": vat_id[2:],
        "requesterMemberStateCode": requester[:2],
        "requesterNumber": requester[2:],
    }
    http = Http(read_seconds=READ_SECONDS, connections=1)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    try:
        answer = await http.call(
            "POST", f"{address()}/check-vat-number", headers=headers, body=json.dumps(body).encode(), most_bytes=65_536
        )
    except (NotSent, NoAnswer) as problem:
        return Told(valid=None, problem=f"VIES did not answer ({type(problem).__name__})")
    finally:
        await http.close()
    return read(answer.status, answer.body)


def read(status: int, body: bytes) -> Told:
    """The answer in our words."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if status != 200 or not isinstance(found, dict) or not isinstance(found.get("valid"), bool):
        return Told(valid=None, problem=_problem(status, found))
    return Told(
        valid=found["valid"],
        consultation=_text(found.get("requestIdentifier")),
        name=_text(found.get("name")),
        address=_text(found.get("address")),
    )


def _text(value: object) -> str:
    """A trader that a member state does not tell is `---`."""
    return " ".join(value.split())[:200] if isinstance(value, str) and value.strip("- ") else ""


def _problem(status: int, found: object) -> str:
    errors = found.get("errorWrappers") if isinstance(found, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return f"VIES answered {str(first.get('error') or status)[:60]}"

"""`/webhook/save`, which tries the address before it takes it, and `/webhook/query`."""

import httpx2

from sandbox.esimaccess.envelope import RefusedError, ok, required_text
from sandbox.esimaccess.notices import HEADERS, URL_SETTING, check_health
from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk
from sandbox.kit.http import Reply

PROBE_SECONDS = 5.0


async def save(desk: Desk, body: JsonObject) -> Reply:
    """Take a new address if it answers CHECK_HEALTH with 200; else refuse and keep the old one."""
    url = required_text(body, "webhook", 500)
    if not url.startswith(("http://", "https://")):
        raise RefusedError("200008", "webhook must be an http or https address")
    # The code for a failed probe is not documented.
    if await _probe(url, check_health(desk.clock.timestamp())) != 200:
        raise RefusedError("200008", "webhook did not answer CHECK_HEALTH with 200")
    desk.settings.update({URL_SETTING: url})
    return ok({})


async def _probe(url: str, body: bytes) -> int:
    try:
        async with httpx2.AsyncClient(timeout=PROBE_SECONDS, trust_env=False) as client:
            answer = await client.post(url, content=body, headers=HEADERS)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError):
        return 0
    return int(answer.status_code)


def query(desk: Desk, body: JsonObject) -> Reply:
    """The address in force; "" when there is none."""
    del body
    return ok({"webhook": desk.settings.text(URL_SETTING)})

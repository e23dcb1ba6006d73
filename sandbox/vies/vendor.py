"""One call: is this a VAT id of a member state, today?"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute

from sandbox.kit.books import JsonObject
from sandbox.kit.control import control_route
from sandbox.kit.desk import Operation, Vendor
from sandbox.kit.http import Call, Reply, json_reply

SCHEMA = (
    "create table if not exists vies_asked (id integer primary key, number text not null, requester text not null);"
)
STATES = frozenset(
    code
    for line in ("AT BE BG CY CZ DE DK EE EL ES FI FR HR HU", "IE IT LT LU LV MT NL PL PT RO SE SI SK XI")
    for code in line.split()
)
NOT_TOLD = "---"


class Vies(Vendor):
    """Every number is valid but those of `unknown`; member states of `down` do not answer."""

    schema = SCHEMA
    settings = {"unknown": [], "down": [], "traders": {}}

    def operations(self) -> Sequence[Operation]:
        """The REST call of the official page."""
        return (Operation("check", "POST", "/rest-api/check-vat-number", self.check),)

    def control_routes(self) -> Sequence[BaseRoute]:
        """Who asked for what."""
        return (control_route("/_control/asked", self.asked, ("GET",)),)

    def check(self, call: Call) -> Reply:
        """Valid or not, by whom it was asked, and a consultation number as proof."""
        body = call.json_object()
        state, number = str(body.get("countryCode", "")), str(body.get("vatNumber", ""))
        if state not in STATES or not number.isalnum():
            return _error("INVALID_INPUT", 400)
        requester = f"{body.get('requesterMemberStateCode', '')}{body.get('requesterNumber', '')}"
        statement = "insert into vies_asked (number, requester) values (?, ?)"
        self.desk.books.execute(statement, (state + number, requester))
        if state in self.desk.settings["down"]:
            return _error("MS_UNAVAILABLE", 200)
        return json_reply(self._answer(state, number, requester))

    def _answer(self, state: str, number: str, requester: str) -> JsonObject:
        valid = state + number not in self.desk.settings["unknown"]
        trader = self.desk.settings["traders"].get(state + number, {}) if valid else {}
        asked = self.desk.books.number("select count(*) from vies_asked")
        return {
            "countryCode": state,
            "vatNumber": number,
            "requestDate": self.desk.clock.now().isoformat(),
            "valid": valid,
            "requestIdentifier": f"WAPIAAAA{asked:08d}" if valid and requester else "",
            "name": trader.get("name", NOT_TOLD),
            "address": trader.get("address", NOT_TOLD),
        }

    async def asked(self, request: Request) -> JsonObject:
        """Every number asked for, oldest first."""
        del request
        rows = self.desk.books.rows("select number, requester from vies_asked order by id")
        return {"asked": [dict(row) for row in rows]}


def _error(code: str, status: int) -> Reply:
    return json_reply({"actionSucceed": False, "errorWrappers": [{"error": code}]}, status)

"""The account: organisation, balance, groups; and the networks."""

import json
import uuid

from sandbox.esimgo.catalogue_rows import ALL_GROUP, DOMESTIC, FIXED, LONG, MAGIC_GROUP, TIERS
from sandbox.esimgo.countries import COUNTRIES
from sandbox.esimgo.formats import money
from sandbox.esimgo.office import Office, RefusedError
from sandbox.kit.books import JsonObject
from sandbox.kit.http import Call, Reply, json_reply

GROUPS = (ALL_GROUP, FIXED, LONG, *(tier[0] for tier in TIERS.values()), DOMESTIC, MAGIC_GROUP)
SMALLEST_FUNDING = 1000
LARGEST_FUNDING = 5000


class Organisation:
    """Handlers of /organisation... and /networks."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._books = office.books

    def get(self, call: Call) -> Reply:
        """GET /organisation: the balance includes the test credit; the answer repeats the API key."""
        del call
        settings = self._office.settings
        credit = int(settings["test_credit_minor"])
        return json_reply(
            {
                "name": settings.text("organisation_name"),
                "apiKey": settings.text("api_key"),
                "taxLiable": "Yes",
                "callbackUrl": settings.text("callback_url"),
                "groups": list(GROUPS),
                "currency": settings.text("currency"),
                "balance": money(settings.balance()),
                "testCredit": money(credit),
                "testCreditExpiry": "2030-12-31",
                "businessType": "Corporation",
                "users": [],
            }
        )

    def groups(self, call: Call) -> Reply:
        """GET /organisation/groups."""
        del call
        return json_reply({"groups": [{"name": name} for name in GROUPS]})

    def fund(self, call: Call) -> Reply:
        """POST /organisation/balance?amount=: 1000 to 5000 from the saved card; listed among the orders."""
        text = call.query.get("amount") or ""
        if not text.isdecimal() or not SMALLEST_FUNDING <= int(text) <= LARGEST_FUNDING:
            raise RefusedError(400, f"amount must be between {SMALLEST_FUNDING} and {LARGEST_FUNDING}")
        minor = int(text) * 100
        now_ns = self._office.clock.nanoseconds()
        item = {"type": "apiTopup", "item": "balance", "quantity": 1, "unit_minor": minor}
        with self._books.transaction():
            balance = self._office.settings.balance() + minor
            self._office.settings.set_balance(balance)
            cursor = self._books.execute(
                "insert into purchase (reference, kind, created_ns, ready_at, outcome, assigned, topup, items,"
                " total_minor, balance_after_minor) values (?,'apiTopup',?,?,'completed',0,0,?,?,?)",
                (
                    str(uuid.uuid4()),
                    now_ns,
                    now_ns / 1e9,
                    json.dumps([{**item, "allow_reassign": False, "iccids": []}]),
                    minor,
                    balance,
                ),
            )
        return json_reply({"amount": int(text), "balance": money(balance), "ref": cursor.lastrowid})

    def networks(self, call: Call) -> Reply:
        """GET /networks?isos=GB,US or countries=... or returnAll=true."""
        isos = {part.strip().upper() for part in (call.query.get("isos") or "").split(",") if part.strip()}
        names = {part.strip().lower() for part in (call.query.get("countries") or "").split(",") if part.strip()}
        everything = (call.query.get("returnAll") or "").lower() == "true"
        if not (isos or names or everything):
            raise RefusedError(400, "give isos, countries or returnAll")
        chosen = [iso for iso, name, _ in COUNTRIES if everything or iso in isos or name.lower() in names]
        return json_reply({"countryNetworks": [{"name": iso, "networks": networks_of(iso)} for iso in chosen]})


def networks_of(iso: str) -> list[JsonObject]:
    """Two made-up networks per country; the numbers come from the ITU's range for tests (001)."""
    return [
        {
            "name": f"Sandbox {iso} {number}",
            "brandName": f"Sandbox Mobile {number}",
            "mcc": "001",
            "mnc": f"0{number}",
            "tagid": f"{iso}SB{number}",
            "speed": ["2G", "4G", "5G"] if number == 1 else ["4G"],
        }
        for number in (1, 2)
    ]

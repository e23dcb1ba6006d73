"""eSIM Access as the kit sees it: routes, settings, faults, admission."""

import inspect
import json
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute

from sandbox.esimaccess import auth, changes, orders, packages, queries, report, topups, webhooks
from sandbox.esimaccess.control import LineControl, let_time_pass
from sandbox.esimaccess.envelope import MEANINGS, RefusedError, odd, parse, refused
from sandbox.esimaccess.schema import SCHEMA
from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk, Operation, Vendor
from sandbox.kit.faults import FaultRule
from sandbox.kit.http import Call, Handler, Reply, dump, json_reply, text_reply
from sandbox.kit.throttle import FixedWindow

BASE = "/api/v1/open"
Verb = Callable[[Desk, JsonObject], Reply | Awaitable[Reply]]

VERBS: Sequence[tuple[str, str, Verb, bool]] = (
    ("packages", "/package/list", packages.list_packages, False),
    ("locations", "/location/list", queries.locations, False),
    ("order", "/esim/order", orders.place, True),
    ("query", "/esim/query", queries.query, False),
    ("topup", "/esim/topup", topups.top_up, True),
    ("cancel", "/esim/cancel", changes.cancel, False),
    ("suspend", "/esim/suspend", changes.suspend, False),
    ("unsuspend", "/esim/unsuspend", changes.unsuspend, False),
    ("revoke", "/esim/revoke", changes.revoke, False),
    ("sms", "/esim/sendSms", changes.send_sms, False),
    ("usage", "/esim/usage/query", queries.usage, False),
    ("balance", "/balance/query", queries.balance, False),
    ("webhook_save", "/webhook/save", webhooks.save, False),
    ("webhook_query", "/webhook/query", webhooks.query, False),
)

REFUSING_KINDS = {
    "busy_before": "900001",
    "server_error_before": "000001",
    "no_profiles": "200011",
    "no_funds": "200007",
    "price_changed": "200005",
    "signature_expired": "101001",
}
AFTER_KINDS = {"busy_after": "900001", "server_error_after": "000001"}
OTHER_KINDS = ("odd_types", "slow_ready", "error_code")
SLOW_READY_MS = 30_000


class EsimAccess(Vendor):
    """The stand-in."""

    schema = SCHEMA
    settings = {
        "access_code": "ea_sandbox_access_0001",
        "secret_key": "ea_sandbox_secret_0001",
        "require_signature": False,
        "signature_window_seconds": 300,
        "rate_limit_per_second": 8,
        "throttle_as": "429",
        "ready_after_ms": 1500,
        "catalogue_rows": 2600,
        "odd_types": False,
        "reuse_iccids": False,
        "topup_idempotent": False,
        "topups_per_line": 9,
        "webhook_url": "",
        "webhook_delay_ms": 0,
        "webhook_jitter_ms": 0,
        "webhook_duplicate_percent": 0,
        "webhook_lost_percent": 0,
        "webhook_parallel": 1,
    }
    fault_kinds = (*REFUSING_KINDS, *AFTER_KINDS, *OTHER_KINDS)
    test_faults: Mapping[str, str] = {"refusal": "status_before", "late": "slow_ready", "low_data": "low_data"}
    opening_balance_minor = 10_000_000

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._window = FixedWindow()
        self._set_parallel()

    def operations(self) -> Sequence[Operation]:
        """Every vendor route; all of them are POST, and a GET is refused in the envelope."""
        calls = [Operation(name, "POST", BASE + path, self._handler(verb), magic) for name, path, verb, magic in VERBS]
        return [*calls, *(Operation("wrong_method", "GET", call.path, _wrong_method) for call in calls)]

    def _handler(self, verb: Verb) -> Handler:
        def handle(call: Call) -> Reply | Awaitable[Reply]:
            try:
                answer = verb(self.desk, parse(call.body))
            except RefusedError as refusal:
                return refused(refusal.code, refusal.text)
            return _awaited(answer) if inspect.isawaitable(answer) else answer

        return handle

    def control_routes(self) -> Sequence[BaseRoute]:
        """Lines and packages."""
        return LineControl(self.desk).routes()

    def load_defaults(self) -> None:
        """The default catalogue, and a salt that keeps ICCIDs apart from those of earlier books."""
        self.desk.books.set_state("salt", f"{secrets.randbelow(100_000):05d}")
        self._load_catalogue()

    def _load_catalogue(self) -> None:
        packages.load(self.desk)
        self.desk.books.set_state("catalogue_rows_loaded", self.desk.settings["catalogue_rows"])

    def settings_changed(self, names: Collection[str]) -> None:
        """Another number of rows means another catalogue; another limit starts its own window."""
        loaded = self.desk.books.get_state("catalogue_rows_loaded")
        if "catalogue_rows" in names and loaded != self.desk.settings["catalogue_rows"]:
            self._load_catalogue()
        if "rate_limit_per_second" in names:
            self._window = FixedWindow()
        self._set_parallel()

    def _set_parallel(self) -> None:
        self.desk.sender.parallel = max(1, int(self.desk.settings.number("webhook_parallel")))

    def clock_moved(self) -> None:
        """Validity ends, warnings go out."""
        let_time_pass(self.desk)

    def admit(self, call: Call) -> Reply | None:
        """Access code, signature, then the account's requests per second."""
        try:
            auth.check(self.desk, call)
        except RefusedError as refusal:
            return refused(refusal.code, refusal.text)
        limit = int(self.desk.settings.number("rate_limit_per_second"))
        if limit and not self._window.take("account", limit).allowed:
            return self.throttled(call, 1)
        return None

    def throttled(self, call: Call, retry_after: int) -> Reply:
        """Undocumented: a bare 429, or 900001 in the envelope (setting `throttle_as`)."""
        del call
        if self.desk.settings["throttle_as"] == "900001":
            return refused("900001")
        return text_reply("Too Many Requests", 429, {"Retry-After": str(retry_after)})

    def failed(self, call: Call, status: int) -> Reply:
        """What the framework in front says when the application does not: no envelope."""
        return json_reply({"status": status, "error": "Internal Server Error", "path": call.path}, status)

    def finish(self, call: Call, reply: Reply) -> Reply:
        """Odd types everywhere when the setting says so."""
        del call
        return oddly(reply) if self.desk.settings["odd_types"] else reply

    def distort(self, call: Call, answer: Any) -> Any:
        """A wrong type in the first field of `obj`."""
        del call
        inside = answer.get("obj") or {"unknown": None}
        return {**answer, "obj": {**inside, next(iter(inside)): {"unexpected": ["type"]}}}

    async def vendor_fault(self, rule: FaultRule, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        """Documented codes before or after the work, odd types, profiles that take their time."""
        if rule.kind in REFUSING_KINDS:
            return refused(REFUSING_KINDS[rule.kind])
        if rule.kind in AFTER_KINDS:
            await execute()
            return refused(AFTER_KINDS[rule.kind])
        if rule.kind == "error_code":
            code = str(rule.extra.get("code", "000001"))
            return refused(code, MEANINGS.get(code, ""))
        if rule.kind == "slow_ready" and call.operation == "order":
            wait = float(rule.extra.get("ready_after_ms", SLOW_READY_MS))
            return await _awaited(self._handler(lambda desk, body: orders.place(desk, body, wait))(call))
        answer = await execute()
        if rule.kind == "low_data":
            self._use_most(answer)
        return oddly(answer) if rule.kind == "odd_types" else answer

    def _use_most(self, answer: Reply) -> None:
        """Nine tenths of the data of an order are used from the beginning."""
        number = (json.loads(answer.body).get("obj") or {}).get("orderNo", "")
        self.desk.books.execute(
            "update line set used = total_volume * 9 / 10 where sale_id = (select id from sale where number = ?)",
            (number,),
        )

    def report(self, *, summary: bool) -> JsonObject:
        """The books."""
        return report.summary(self.desk) if summary else report.full(self.desk)


def _wrong_method(call: Call) -> Reply:
    del call
    return refused("000103")


async def _awaited(answer: Reply | Awaitable[Reply]) -> Reply:
    try:
        return await answer if inspect.isawaitable(answer) else answer
    except RefusedError as refusal:
        return refused(refusal.code, refusal.text)


def oddly(reply: Reply) -> Reply:
    """The same reply with the types of the vendor's field tables; what is no envelope stays as it is."""
    try:
        answer = json.loads(reply.body)
    except ValueError:
        return reply
    if not isinstance(answer, dict) or "success" not in answer:
        return reply
    return Reply(reply.status, dump(odd(answer)), reply.content_type, reply.headers)

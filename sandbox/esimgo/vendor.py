"""The eSIM Go stand-in put together: routes, key, throttle, faults."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from starlette.routing import BaseRoute

from sandbox.esimgo import report
from sandbox.esimgo.assignments import Assignments
from sandbox.esimgo.bundles import LineBundles
from sandbox.esimgo.catalogue import Catalogue
from sandbox.esimgo.catalogue_rows import VENDOR_KINDS
from sandbox.esimgo.controls import Controls
from sandbox.esimgo.esims import Esims
from sandbox.esimgo.inventory import Inventory
from sandbox.esimgo.lifecycle import Lifecycle
from sandbox.esimgo.office import Office, RefusedError
from sandbox.esimgo.order_views import OrderViews
from sandbox.esimgo.orders import Orders
from sandbox.esimgo.organisation import Organisation
from sandbox.esimgo.schema import FIRST_ASSIGNMENT_ID, FIRST_USAGE_ID, OPENING_BALANCE_MINOR, SCHEMA, SETTINGS
from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk, Operation, Vendor
from sandbox.kit.faults import FaultRule
from sandbox.kit.http import Call, Reply, json_reply, text_reply
from sandbox.kit.throttle import FixedWindow, Window

WINDOW = "window"
COSTLY = {"catalogue": 5, "networks": 5}
MAGIC = frozenset({"order", "apply"})
ONLY_IN_25 = frozenset({"suspend", "suspension", "delete_esim", "catalogue_prices"})


class ESimGo(Vendor):
    """eSIM Go as a partner sees it."""

    schema = SCHEMA
    settings = SETTINGS
    fault_kinds = VENDOR_KINDS
    test_faults: Mapping[str, str] = {"refusal": "status_before", "late": "async", "low_data": "low_data"}
    opening_balance_minor = OPENING_BALANCE_MINOR

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._office = Office(desk)
        self._catalogue = Catalogue(self._office)
        self._orders = Orders(self._office)
        self._lifecycle = Lifecycle(self._office)
        self._window = FixedWindow()

    def operations(self) -> Sequence[Operation]:
        """Every route under both versions, the busiest first."""
        table = self._table()
        return [
            Operation(
                name,
                method,
                f"/{version}{path}",
                self._guarded(not_yet if version == "v2.4" and name in ONLY_IN_25 else handler),
                magic=name in MAGIC,
            )
            for version in ("v2.5", "v2.4")
            for name, method, path, handler in table
        ]

    def _table(self) -> Sequence[tuple[str, str, str, Callable[[Call], Reply]]]:
        office = self._office
        views, lines, bundles = OrderViews(office), Esims(office), LineBundles(office)
        installs, stock, organisation = Assignments(office), Inventory(office, self._orders), Organisation(office)
        on_line = "/esims/{iccid}/bundles"
        return (
            ("order", "POST", "/orders", self._orders.create),
            ("assignments", "GET", "/esims/assignments", installs.get),
            ("orders", "GET", "/orders", views.listing),
            ("order_status", "GET", "/orders/{reference}", views.one),
            ("catalogue", "GET", "/catalogue", self._catalogue.listing),
            ("catalogue_prices", "GET", "/catalogue/prices", self._catalogue.prices),
            ("bundle", "GET", "/catalogue/bundle/{name}", self._catalogue.one),
            ("esims", "GET", "/esims", lines.listing),
            ("tag", "PUT", "/esims", lines.tag),
            ("apply", "POST", "/esims/apply", stock.apply),
            ("qr", "GET", "/esims/qr/{reference}", installs.qr),
            ("esim", "GET", "/esims/{iccid}", lines.one),
            ("delete_esim", "DELETE", "/esims/{iccid}", lines.delete),
            ("suspension", "GET", "/esims/{iccid}/suspend", lines.suspension),
            ("suspend", "POST", "/esims/{iccid}/suspend", lines.suspend),
            ("bundles", "GET", on_line, bundles.listing),
            ("apply_to_one", "POST", on_line, stock.apply_to_one),
            ("bundle_status", "GET", f"{on_line}/{{name}}", bundles.status),
            ("revoke", "DELETE", f"{on_line}/{{name}}", bundles.revoke),
            ("revoke", "DELETE", f"{on_line}/{{name}}/assignments/{{assignment}}", bundles.revoke_one),
            ("compatible", "GET", "/esims/{iccid}/compatible/{bundle}", self._catalogue.compatible),
            ("history", "GET", "/esims/{iccid}/history", lines.history),
            ("location", "GET", "/esims/{iccid}/location", lines.location),
            ("refresh", "GET", "/esims/{iccid}/refresh", lines.refresh),
            ("sms", "POST", "/esims/{iccid}/sms", lines.sms),
            ("inventory", "GET", "/inventory", stock.get),
            ("refund", "POST", "/inventory/refund", stock.refund),
            ("organisation", "GET", "/organisation", organisation.get),
            ("groups", "GET", "/organisation/groups", organisation.groups),
            ("fund", "POST", "/organisation/balance", organisation.fund),
            ("networks", "GET", "/networks", organisation.networks),
        )

    def _guarded(self, handler: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
        def answer(call: Call) -> Reply:
            try:
                return handler(call)
            except RefusedError as refused:
                return self._refusal(call, refused.status, refused.message, refused.headers)

        return answer

    def _refusal(self, call: Call, status: int, message: str, headers: dict[str, str] | None = None) -> Reply:
        reply = json_reply({"message": message}, status, headers)
        if call.operation != "order" or status not in (400, 401, 503):
            return reply
        # Declared text/plain there; whether the body is bare text or the JSON object is not published.
        if self.desk.settings["order_error_body"] == "json":
            return replace(reply, content_type="text/plain; charset=utf-8")
        return text_reply(message, status, headers)

    def control_routes(self) -> Sequence[BaseRoute]:
        """Lines, callbacks and the catalogue."""
        return [*Controls(self._office, self._lifecycle).routes(), *self._catalogue.control_routes()]

    def load_defaults(self) -> None:
        """Catalogue and number ranges."""
        self._office.set_iccid_base()
        self._catalogue.load()
        for table, first in (("assignment", FIRST_ASSIGNMENT_ID), ("inventory", FIRST_USAGE_ID)):
            self.desk.books.start_numbers(table, first)

    def admit(self, call: Call) -> Reply | None:
        """The fixed one-second window per address, then the key."""
        settings = self.desk.settings
        limit = int(settings["rate_limit_per_second"])
        if limit > 0:
            window = self._window.take(call.client, limit, COSTLY.get(call.operation, 1))
            call.notes[WINDOW] = window
            if not window.allowed:
                return self._too_many(1, window)
        if call.headers.get("x-api-key") != settings.text("api_key"):
            return json_reply({"message": "access denied"}, 403)
        return None

    def _too_many(self, retry_after: int, window: Window) -> Reply:
        headers = {"Retry-After": str(retry_after), **rate_headers(window)}
        return json_reply({"message": "Rate limit exceeded"}, 429, headers)

    def throttled(self, call: Call, retry_after: int) -> Reply:
        """A refusal though the window is not full."""
        del call
        limit = int(self.desk.settings["rate_limit_per_second"]) or 10
        moment = datetime.now(UTC).timestamp() + retry_after
        return self._too_many(retry_after, Window(False, limit, 0, moment, 1))

    def failed(self, call: Call, status: int) -> Reply:
        """Error bodies: {"message"}, as text/plain where that is declared."""
        texts = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
        headers = {"Retry-After": "1"} if status == 503 else {}
        return self._refusal(call, status, texts.get(status, "error"), headers)

    def finish(self, call: Call, reply: Reply) -> Reply:
        """Rate-limit headers on every answer while there is a limit."""
        window = call.notes.get(WINDOW)
        if window is None or "X-Ratelimit-Limit" in reply.headers:
            return reply
        return replace(reply, headers={**reply.headers, **rate_headers(window)})

    def distort(self, call: Call, answer: Any) -> Any:
        """Types this vendor has been seen to get wrong: numbers as text, lists as objects."""
        if isinstance(answer, dict) and "order" in answer:
            return {**answer, "order": {"0": answer["order"]}, "total": [answer.get("total")]}
        return super().distort(call, answer)

    async def vendor_fault(self, rule: FaultRule, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        """async, async_failed: the order runs in the background; insufficient_balance: refused as if empty."""
        if call.operation != "order":
            return await execute()
        if rule.kind == "insufficient_balance":
            return self._guarded(lambda _: self._orders.refuse_for_balance())(call)
        if rule.kind == "low_data":
            return self._with_little_left(await execute())
        return self._guarded(lambda given: self._orders.create_as(given, rule.kind))(call)

    def _with_little_left(self, reply: Reply) -> Reply:
        """Nine tenths of the data of an order are used from the beginning."""
        reference = json.loads(reply.body).get("orderReference", "") if reply.status == 200 else ""
        self.desk.books.execute(
            "update assignment set remaining_bytes = initial_bytes / 10 where reference = ?", (reference,)
        )
        return reply

    def report(self, *, summary: bool) -> JsonObject:
        """What was bought."""
        return report.totals(self._office) if summary else report.full(self._office)

    def settings_changed(self, names: Collection[str]) -> None:
        """A new size of the catalogue loads it anew; a new limit starts a new window."""
        if "rate_limit_per_second" in names:
            self._window = FixedWindow()
        if "catalogue_rows" in names:
            self._catalogue.load()

    def clock_moved(self) -> None:
        """Expiry, lapse and deletion."""
        self._lifecycle.settle()


def not_yet(call: Call) -> Reply:
    """Version 2.4 knows nothing of this path."""
    raise RefusedError(404, f"{call.method} {call.path} not found")


def rate_headers(window: Window) -> dict[str, str]:
    """X-Ratelimit-*; the reset is the end of the second."""
    reset = datetime.fromtimestamp(window.resets_at, UTC)
    return {
        "X-Ratelimit-Limit": str(window.limit),
        "X-Ratelimit-Remaining": str(window.remaining),
        "X-Ratelimit-Reset": f"{reset:%Y-%m-%dT%H:%M:%SZ}",
        "X-Ratelimit-Cost": str(window.cost),
    }

"""The way of one API request: read, look for its first answer, check, execute in one transaction, remember, answer."""

import asyncio
from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.kit.http import Call, Reply
from sandbox.stripe import ledger, lists
from sandbox.stripe.account import Account, Cause
from sandbox.stripe.checkout import lines_of
from sandbox.stripe.due import run_due
from sandbox.stripe.expand import expand
from sandbox.stripe.form import nested, pairs
from sandbox.stripe.idempotency import Kept, Key, first_answer, in_use, keep, read_key
from sandbox.stripe.refused import Refused
from sandbox.stripe.render import pretty
from sandbox.stripe.routes import Ask, Route

INTERNAL = "An unknown error occurred"


class Api:
    """Answers every declared route. `call.notes` may carry a fault: `broken` before or after executing, `seconds`."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._running: set[str] = set()

    async def answer(self, route: Route, call: Call) -> Reply:
        """One request."""
        run_due(self._account)
        try:
            return await self._answer(route, call)
        except Refused as refusal:
            return refused(refusal)

    async def _answer(self, route: Route, call: Call) -> Reply:
        sent = pairs(call.body.decode(errors="replace") if route.method == "POST" else str(call.query))
        name = call.headers.get("idempotency-key") if route.method == "POST" else None
        key = read_key(name, call.path, sent) if name else None
        kept = first_answer(self._account, key) if key else None
        if kept:
            return Reply(
                kept.status, kept.body, headers={"Idempotent-Replayed": "true", "Original-Request": kept.request}
            )
        if key and key.text in self._running:
            raise in_use(key)
        # From here on a failure is part of the execution; before, nothing remembers it.
        params = route.params(nested(sent), "")
        number = "/".join(str(value) for value in call.path_params.values())
        ask = Ask(self._account, params, number)
        return await self._execute(route, ask, key, call.notes)

    async def _execute(self, route: Route, ask: Ask, key: Key | None, notes: dict[str, Any]) -> Reply:
        if key:
            self._running.add(key.text)
        try:
            seconds = float(notes.get("seconds", 0)) or self._account.settings.number("execution_ms") / 1000
            if seconds > 0 and route.method == "POST":
                await asyncio.sleep(seconds)
            kept = self._commit(route, ask, key, notes)
        finally:
            if key:
                self._running.discard(key.text)
        return Reply(kept.status, kept.body, headers={"Original-Request": kept.request} if key else {})

    def _commit(self, route: Route, ask: Ask, key: Key | None, notes: dict[str, Any]) -> Kept:
        request = str(notes["request_id"])
        books = self._account.books
        try:
            with books.transaction():
                kept = Kept(*self._run(route, ask, key, notes), request)
                if key:
                    keep(self._account, key, kept)
                return kept
        except Refused as refusal:
            # What it wrote was rolled back; the answer is remembered all the same.
            kept = Kept(refusal.status, pretty(refusal.body), request)
            if key:
                keep(self._account, key, kept)
            return kept

    def _run(self, route: Route, ask: Ask, key: Key | None, notes: dict[str, Any]) -> tuple[int, bytes]:
        self._account.cause = Cause(notes["request_id"], key.text if key else None)
        broken = notes.get("broken")
        if broken == "before":
            return 500, pretty(internal_error().body)
        try:
            answer = expand(route.run(ask), ask.params.get("expand", []), self._load)
        except Refused as refusal:
            if not refusal.keeps:
                raise
            return refusal.status, pretty(refusal.body)
        finally:
            self._account.cause = Cause()
        return (500, pretty(internal_error().body)) if broken else (200, pretty(answer))

    def _load(self, owner: JsonObject, field: str) -> Any:
        """The value of an expanded field."""
        if field == "line_items":
            return lists.listing(lines_of(self._account, owner), f"/v1/checkout/sessions/{owner['id']}/line_items")
        if field == "refunds":
            found = self._account.objects.where("refund", "charge = ?", (owner["id"],))[::-1]
            return lists.listing(found, f"/v1/charges/{owner['id']}/refunds")
        if field == "balance_transaction":
            ledger.mature(self._account)
        return self._account.objects.find(owner[field]) if owner.get(field) else None


def internal_error() -> Refused:
    """500: something broke on Stripe's side."""
    return Refused(INTERNAL, status=500, kind="api_error")


def refused(refusal: Refused, should_retry: bool | None = None) -> Reply:
    """An error answer; `Stripe-Should-Retry` where Stripe says so."""
    if refusal.status == 409:
        should_retry = True
    headers = {} if should_retry is None else {"Stripe-Should-Retry": "true" if should_retry else "false"}
    return Reply(refusal.status, pretty(refusal.body), headers=headers)

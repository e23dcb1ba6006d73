"""Refusals of the API as RFC 9457 problem+json: a stable code, a request id, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """What stands in the table of codes: status, title, and what the caller can do."""

    status: int
    title: str
    fix: str


PROBLEMS: dict[str, Problem] = {
    "bad_json": Problem(400, "The body is not JSON", "send a JSON object in UTF-8"),
    "bad_request": Problem(422, "A field of the body is wrong", "read `detail`, correct the field, send it again"),
    "length_required": Problem(411, "The length of the body is missing", "send a Content-Length"),
    "too_large": Problem(413, "The body is too large", "send fewer lines an order"),
    "method_not_allowed": Problem(405, "This address takes another method", "read `Allow` for those it takes"),
    "not_found": Problem(404, "There is no such thing, or it is not yours", "check the id and which key you use"),
    "bad_parameter": Problem(422, "A parameter of the address is wrong", "read `detail`, correct it, ask again"),
    "bad_cursor": Problem(400, "The cursor is none of ours", "send the `next_cursor` of the page before, or none"),
    "not_understood": Problem(400, "The request can not be understood", "read `detail`, correct it, send it again"),
    "not_now": Problem(409, "Its state does not allow this now", "read its state first"),
    "not_supported": Problem(409, "The supplier of this eSIM can not do this", "read `can` of the eSIM first"),
    "not_refundable": Problem(
        409, "This eSIM was installed, used or ended", "only an eSIM that was never installed or ended is given back"
    ),
    "supplier_refused": Problem(409, "The supplier of this eSIM refused", "read the eSIM's state, then write to us"),
    "supplier_silent": Problem(
        503, "The supplier of this eSIM did not answer", "send it again: doing it twice changes nothing"
    ),
    "does_not_fit": Problem(
        422, "This product can not be put on this eSIM", "choose one of GET /esims/{id}/top-ups, or order a new eSIM"
    ),
    "test_only": Problem(403, "Only a test key may do this", "use your sk_test_… key"),
    "bad_money": Problem(422, "An amount or a currency can not be", "send minor units and an ISO 4217 code"),
    "idempotency_key_in_use": Problem(
        409, "A request with this Idempotency-Key is under way", "wait a second, then send it again with the same key"
    ),
    "internal": Problem(500, "Something is wrong on our side", "we were told; write to us with the `request_id`"),
    "unauthorized": Problem(
        401, "The API key is missing, unknown, expired or revoked", "send Authorization: Bearer sk_…"
    ),
    "wrong_network": Problem(403, "The API key may not be used from this address", "add the network to the key"),
    "missing_scope": Problem(403, "The API key lacks the scope of this call", "use a key that has it"),
    "account_applied": Problem(403, "The account is not approved yet", "wait for our mail, or use the test key"),
    "account_suspended": Problem(403, "The account is suspended: it may only read", "write to us"),
    "rate_limited": Problem(429, "Too many requests with this key", "wait for the seconds of Retry-After"),
    "idempotency_key_missing": Problem(
        400, "Idempotency-Key is missing", "send a value of your own, new for every order"
    ),
    "idempotency_key_bad": Problem(400, "Idempotency-Key is unusable", "send 1 to 255 printable ASCII characters"),
    "key_reused": Problem(400, "This Idempotency-Key was used with another body", "use a new key for another order"),
    "no_wallet": Problem(409, "The account has no wallet in its currency", "write to us"),
    "unknown_sku": Problem(422, "There is no such product", "check the spelling; `skus` names them"),
    "no_price": Problem(422, "A product has no price in your currency", "leave it out, or write to us"),
    "price_above_max": Problem(422, "A price is above your max_price_minor", "raise the maximum or leave the line out"),
    "order_too_large": Problem(422, "The order is larger than agreed", "split it, or write to us"),
    "unknown_quote": Problem(422, "There is no such quote for this product", "ask for a new quote"),
    "quote_used": Problem(409, "The quote was used already", "ask for a new quote"),
    "quote_expired": Problem(409, "The quote has expired", "ask for a new quote"),
    "quote_quantity": Problem(422, "The quote is for another quantity", "order the quoted quantity"),
    "test_fault_live": Problem(422, "A live order has no test_fault", "leave it out, or use a test key"),
    "reference_taken": Problem(
        409, "An order with this reference exists", "read it by its reference, or use a new one"
    ),
    "insufficient_funds": Problem(
        402, "The wallet does not cover this order", "Top up the wallet, then send the order again with a new key"
    ),
    "bad_top_up": Problem(422, "This amount can not be paid in", "read `detail`, choose another amount or currency"),
    "no_payment_service": Problem(409, "Card payments are not set up here", "pay by bank transfer, or write to us"),
    "address_refused": Problem(422, "Webhooks are not sent to such an address", "give a public https:// address"),
    "bad_endpoint": Problem(
        422, "The webhook endpoint can not be as asked", "read `detail`, correct it, send it again"
    ),
    "too_many_endpoints": Problem(409, "There are as many webhook endpoints as may be", "delete one first"),
    "endpoint_disabled": Problem(409, "The webhook endpoint is disabled", "enable it, then send it again"),
    "bad_input": Problem(422, "Something that was sent can not be so", "read `detail`, correct it, send it again"),
    "bad_person": Problem(422, "Something about this person can not be so", "read `detail`, correct it, send it again"),
    "manager_cycle": Problem(
        422, "Somebody would be their own manager", "choose a manager who does not report to them"
    ),
    "taken": Problem(409, "Somebody or something else has this already", "use another one, or change who has it"),
    "changed_meanwhile": Problem(409, "Somebody else changed this meanwhile", "read it again, then change it"),
    "no_such_plan": Problem(422, "The company has no such plan", "choose one of GET /tenants/{tenant}/plans"),
    "employee_not_active": Problem(409, "This person has left, or is not known", "read the employee's state first"),
    "against_policy": Problem(
        409, "A rule of the company forbids it", "`reasons` says which; change the rule or budget, or ask for less"
    ),
    "line_busy": Problem(409, "Something else is being done with this line", "wait until that operation is over"),
    "not_possible": Problem(409, "This line can not do this as it is now", "read `can` of the line and its plan first"),
    "unavailable": Problem(
        503,
        "This was not confirmed in time",
        "send it again, with the same Idempotency-Key: nothing is done twice",
    ),
}


class Refused(Exception):
    """A refusal by its code in the table. `extra` members stand beside the standard ones; `retry_after` in seconds."""

    def __init__(
        self, code: str, detail: str = "", *, extra: dict[str, Any] | None = None, retry_after: float | None = None
    ) -> None:
        self.code, self.detail, self.extra, self.retry_after = code, detail, extra, retry_after
        super().__init__(code)


def render(code: str, request_id: str, *, detail: str = "", extra: dict[str, Any] | None = None) -> tuple[int, bytes]:
    """Status and body of a refusal. `extra` members stand beside the standard ones."""
    known = PROBLEMS[code]
    body = {
        "type": f"urn:simplane:problem:{code}",
        "title": known.title,
        "status": known.status,
        "code": code,
        "detail": detail or known.fix,
        "request_id": request_id,
        **(extra or {}),
    }
    return known.status, msgspec.json.encode(body)

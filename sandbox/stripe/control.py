"""Control routes: what the buyer, the buyer's bank, Stripe and time do."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from sandbox.kit.books import JsonObject
from sandbox.kit.control import control_body, control_route
from sandbox.stripe import checkout, disputes, endpoints, life, methods, payouts, refunds
from sandbox.stripe.account import Account
from sandbox.stripe.checkout_docs import KIND
from sandbox.stripe.due import run_due
from sandbox.stripe.events import LOSE_KEY
from sandbox.stripe.refused import Refused
from sandbox.stripe.sender import WebhookSender
from sandbox.stripe.signature import MODES

Deed = Callable[[str, JsonObject], JsonObject]


class StripeControl:
    """Handlers; each runs in one transaction and answers {"error": ...} with 400 when it may not be."""

    def __init__(self, account: Account, sender: WebhookSender) -> None:
        self._account = account
        self._sender = sender

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        deeds: dict[str, Deed] = {
            "checkout/{id}": self.checkout,
            "payment_intents/{id}/confirm": self.confirm,
            "intents/{id}/authenticate": self.authenticate,
            "payment_intents/{id}/finish": self.finish,
            "refunds": self.refund,
            "refunds/{id}/settle": self.settle_refund,
            "disputes": self.dispute,
            "disputes/{id}": self.decide,
            "payouts/run": self.pay_out,
            "payouts/{id}": self.payout,
            "webhook_endpoints/{id}/roll": self.roll,
            "events/lose": self.lose,
            "events/{id}/repeat": self.repeat,
            "events/{id}/twin": self.twin,
        }
        return [control_route(f"/_control/{path}", self._endpoint(deed)) for path, deed in deeds.items()]

    def _endpoint(self, deed: Deed) -> Callable[[Request], Any]:
        async def handler(request: Request) -> object:
            body = await control_body(request)
            run_due(self._account)
            self._account.base = f"http://{request.url.netloc}"
            declined = None
            with self._account.books.transaction():
                try:
                    return deed(str(request.path_params.get("id", "")), body)
                except Refused as refusal:
                    if not refusal.keeps:
                        raise ValueError(str(refusal)) from refusal
                    declined = refusal.error
            return {"declined": declined}

        return handler

    def checkout(self, number: str, body: JsonObject) -> JsonObject:
        """{"do": "pay"|"decline"|"abandon"|"expire", "payment_method", "email"}: the buyer at the hosted page."""
        session = self._account.objects.need(KIND, number, "session")
        match body.get("do", "pay"):
            case "pay" | "decline" as deed:
                usual = "pm_card_visa" if deed == "pay" else "pm_card_chargeDeclined"
                intent = checkout.pay(self._account, session, body.get("payment_method", usual), body.get("email"))
                url = (intent.get("next_action") or {}).get("redirect_to_url", {}).get("url")
                return {"session": session, "intent": intent, "redirect": url or checkout.return_address(session)}
            case "expire":
                checkout.expire(self._account, session)
            case "abandon":
                pass
            case other:
                raise ValueError(f"do must be pay, decline, abandon or expire, not {other!r}")
        return {"session": session, "redirect": session["cancel_url"]}

    def confirm(self, number: str, body: JsonObject) -> JsonObject:
        """{"payment_method": "pm_card_visa"}: the buyer's browser confirms with the client secret."""
        intent = self._account.objects.need("payment_intent", number, "intent")
        method = methods.resolve(self._account, body.get("payment_method", "pm_card_visa"))
        life.confirm(self._account, intent, method)
        return {"intent": intent}

    def authenticate(self, number: str, body: JsonObject) -> JsonObject:
        """{"passed": true}: the buyer at the bank's page, for a payment or setup intent."""
        return {
            "intent": checkout.authenticate(self._account, self._intent(number), passed=bool(body.get("passed", True)))
        }

    def finish(self, number: str, body: JsonObject) -> JsonObject:
        """{"then": "succeeded"|"failed"}: a payment that is processing ends now."""
        intent = self._account.objects.need("payment_intent", number, "intent")
        then = body.get("then", "succeeded")
        if intent["status"] != "processing" or then not in ("succeeded", "failed"):
            raise ValueError(f"{number} is {intent['status']}; then must be succeeded or failed")
        self._account.forget_later("finish_payment", number)
        checkout.finish_payment(self._account, intent, then)
        return {"intent": self._intent(number)}

    def refund(self, number: str, body: JsonObject) -> JsonObject:
        """{"charge" or "payment_intent", "amount"?, "reason"?}: somebody refunds in Stripe's own web pages."""
        del number
        charge = self._charge(body)
        return {"refund": refunds.refund(self._account, charge, body.get("amount"), body.get("reason"), {})}

    def settle_refund(self, number: str, body: JsonObject) -> JsonObject:
        """{"status": "succeeded"|"failed", "failure_reason"?}."""
        refund = self._account.objects.need("refund", number, "refund")
        refunds.settle(self._account, refund, body.get("status", "succeeded"), body.get("failure_reason"))
        return {"refund": refund}

    def dispute(self, number: str, body: JsonObject) -> JsonObject:
        """{"charge" or "payment_intent", "reason"?, "amount"?, "inquiry": false}: the buyer's bank takes it back."""
        del number
        made = disputes.open_dispute(
            self._account,
            self._charge(body),
            body.get("reason", "fraudulent"),
            inquiry=bool(body.get("inquiry", False)),
            amount=body.get("amount"),
        )
        return {"dispute": made}

    def decide(self, number: str, body: JsonObject) -> JsonObject:
        """{"do": "won"|"lost"|"warning_closed"|"escalate"}: what the bank decides."""
        dispute = self._account.objects.need("dispute", number, "dispute")
        match body.get("do"):
            case "won" | "lost" | "warning_closed" as status:
                disputes.close(self._account, dispute, status)
            case "escalate":
                disputes.escalate(self._account, dispute)
            case other:
                raise ValueError(f"do must be won, lost, warning_closed or escalate, not {other!r}")
        return {"dispute": dispute}

    def pay_out(self, number: str, body: JsonObject) -> JsonObject:
        """{"everything": false, "arrive": false, "debit": false}: one automatic payout per currency.

        `everything` waits for no date, `debit` takes what is below zero from the bank.
        """
        del number
        everything, debit = bool(body.get("everything", False)), bool(body.get("debit", False))
        made = payouts.run(self._account, everything=everything, debit=debit)
        if body.get("arrive"):
            for payout in made:
                payouts.arrive(self._account, payout)
        return {"payouts": made}

    def payout(self, number: str, body: JsonObject) -> JsonObject:
        """{"do": "arrive"|"fail", "failure_code"?}."""
        payout = self._account.objects.need("payout", number, "payout")
        match body.get("do"):
            case "arrive":
                payouts.arrive(self._account, payout)
            case "fail":
                payouts.fail(self._account, payout, body.get("failure_code", "could_not_process"))
            case other:
                raise ValueError(f"do must be arrive or fail, not {other!r}")
        return {"payout": payout}

    def roll(self, number: str, body: JsonObject) -> JsonObject:
        """{"overlap_seconds": 86400, "secret"?}: a new secret; both sign for a while."""
        self._account.objects.need(endpoints.KIND, number, "webhook_endpoint")
        overlap = int(body.get("overlap_seconds", 86_400))
        return {"secret": endpoints.roll(self._account, number, overlap, body.get("secret"))}

    def lose(self, number: str, body: JsonObject) -> JsonObject:
        """{"type": "*", "times": 1}: the next events of this type are never sent; they stay in GET /v1/events."""
        del number
        left = {**(self._account.books.get_state(LOSE_KEY) or {}), body.get("type", "*"): int(body.get("times", 1))}
        self._account.books.set_state(LOSE_KEY, left)
        return {"lose": left}

    def repeat(self, number: str, body: JsonObject) -> JsonObject:
        """{"signature": "right"|"wrong"|"old_stamp"|"missing"}: the same event once more."""
        mode = body.get("signature", "right")
        if mode not in MODES:
            raise ValueError(f"signature must be one of {', '.join(MODES)}")
        event = self._account.objects.need("event", number, "event")
        return {"sent_to": self._sender.events.repeat(event, mode)}

    def twin(self, number: str, body: JsonObject) -> JsonObject:
        """A second event for the same change, with an id of its own."""
        del body
        event = self._account.objects.need("event", number, "event")
        return {"event": self._sender.events.twin(event)}

    def _intent(self, number: str) -> JsonObject:
        found = self._account.objects.find(number)
        if found is None or found["object"] not in ("payment_intent", "setup_intent"):
            raise ValueError(f"no such intent: {number}")
        return found

    def _charge(self, body: JsonObject) -> JsonObject:
        number = body.get("charge")
        if not number and body.get("payment_intent"):
            number = self._intent(body["payment_intent"])["latest_charge"]
        return self._account.objects.need("charge", number or "", "charge")

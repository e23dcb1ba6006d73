"""The pages a buyer sees: Checkout, the bank's authentication, a receipt. Plain HTML, no scripts."""

from html import escape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.books import JsonObject
from sandbox.stripe import checkout
from sandbox.stripe.account import Account
from sandbox.stripe.checkout_docs import KIND
from sandbox.stripe.due import run_due
from sandbox.stripe.money import shown as amount_text
from sandbox.stripe.refused import Refused

STYLE = Path(__file__).with_name("static") / "style.css"
CHOICES = {
    "pm_card_visa": "Card 4242: pays",
    "pm_card_chargeDeclined": "Card 0002: declined",
    "pm_card_chargeDeclinedInsufficientFunds": "Card 9995: insufficient funds",
    "pm_card_authenticationRequired": "Card 3184: asks to authenticate",
    "pm_card_createDispute": "Card 0259: pays, disputed as fraud",
    "pm_card_refundFail": "Card 5126: pays, a refund comes back",
    "pm_sepa_debit_success": "Bank account 3201: pays later",
    "pm_sepa_debit_fail": "Bank account 3202: fails later",
}


class Page:
    """Every form posts to its own address and redirects."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[BaseRoute]:
        """Pages and their style."""
        return [
            Route("/", self.home, methods=["GET"]),
            Route("/style.css", self.style, methods=["GET"]),
            Route("/c/pay/{id}", self.checkout, methods=["GET"]),
            Route("/c/pay/{id}", self.pay, methods=["POST"]),
            Route("/3ds/{id}", self.ask, methods=["GET"]),
            Route("/3ds/{id}", self.authenticate, methods=["POST"]),
            Route("/receipts/{id}", self.receipt, methods=["GET"]),
        ]

    async def style(self, request: Request) -> Response:
        """The style sheet."""
        del request
        return Response(STYLE.read_bytes(), media_type="text/css")

    async def home(self, request: Request) -> Response:
        """The last payments."""
        del request
        charges = self._account.objects.where("charge")[-50:][::-1]
        rows = "".join(
            f"<tr><td>{escape(entry['id'])}</td><td>{escape(entry['payment_intent'])}</td>"
            f"<td>{shown(entry['amount'], entry['currency'])}</td><td>{_state(entry)}</td></tr>"
            for entry in charges
        )
        table = (
            f"<table><tr><th>Charge<th>Payment<th>Amount<th>State</tr>{rows}</table>"
            if rows
            else "<p>No payments yet.</p>"
        )
        return _page("Payments", table)

    async def checkout(self, request: Request) -> Response:
        """What is bought, and the ways to pay."""
        run_due(self._account)
        session = self._account.objects.find(request.path_params["id"], KIND)
        if session is None or session["status"] != "open":
            return _page("Checkout", "<p>This page is not valid any more.</p>", status=410 if session else 404)
        return self._form(session, "")

    async def pay(self, request: Request) -> Response:
        """The buyer presses Pay."""
        given = await _given(request)
        run_due(self._account)
        session = self._account.objects.find(request.path_params["id"], KIND)
        if session is None or given.get("method") not in CHOICES:
            return _page("Checkout", "<p>This page is not valid any more.</p>", status=404)
        self._account.base = f"http://{request.url.netloc}"
        try:
            with self._account.books.transaction():
                refusal, intent = self._try(session, given)
        except Refused as problem:
            return _page("Checkout", f"<p>{escape(str(problem))}</p>", status=410)
        if refusal:
            return self._form(session, str(refusal))
        action = intent.get("next_action") if intent else None
        target = action["redirect_to_url"]["url"] if action else checkout.return_address(session)
        return RedirectResponse(target, 303)

    def _try(self, session: JsonObject, given: dict[str, str]) -> tuple[Refused | None, JsonObject | None]:
        try:
            return None, checkout.pay(self._account, session, given["method"], given.get("email") or None)
        except Refused as refusal:
            if not refusal.keeps:
                raise
            return refusal, None

    def _form(self, session: JsonObject, note: str) -> Response:
        lines = "".join(
            f"<tr><td>{escape(line['description'])}</td><td>{line['quantity']}</td>"
            f"<td>{shown(line['amount_total'], line['currency'])}</td></tr>"
            for line in checkout.lines_of(self._account, session)
        )
        total = shown(session["amount_total"] or 0, session["currency"] or "eur")
        allowed = [(name, label) for name, label in CHOICES.items() if _kind(name) in session["payment_method_types"]]
        choices = "".join(
            f'<label><input type="radio" name="method" value="{name}"{" checked" if n == 0 else ""}> {escape(label)}</label>'
            for n, (name, label) in enumerate(allowed)
        )
        back = session["cancel_url"]
        cancel = f'<p><a href="{escape(back)}">Back to the shop</a></p>' if back else ""
        error = f'<p class="note" role="alert">{escape(note)}</p>' if note else ""
        body = (
            f'{error}<table>{lines}</table><p class="total">{total}</p><form method="post">'
            f'<label>E-mail <input type="email" name="email" value="{escape(session["customer_email"] or "")}"></label>'
            f"<fieldset><legend>Pay with</legend>{choices}</fieldset><button>Pay {total}</button></form>{cancel}"
        )
        return _page("Checkout", body, also=(session["success_url"],), status=402 if note else 200)

    async def ask(self, request: Request) -> Response:
        """The bank's question."""
        number = escape(request.path_params["id"])
        body = (
            f"<p>Your bank asks whether you make this payment ({number}).</p>"
            '<form method="post"><button name="passed" value="yes">Complete</button> '
            '<button name="passed" value="no">Fail</button></form>'
        )
        return _page("Authentication", body, also=self._after(request.path_params["id"]))

    async def authenticate(self, request: Request) -> Response:
        """The buyer's answer, and back to the shop or to Checkout."""
        given = await _given(request)
        number = request.path_params["id"]
        intent = self._account.objects.find(number)
        session = self._session(number)
        try:
            if intent is None or intent["object"] not in ("payment_intent", "setup_intent"):
                raise Refused("No such intent.")
            with self._account.books.transaction():
                self._answer(intent, passed=given.get("passed") == "yes")
        except Refused as problem:
            return _page("Authentication", f"<p>{escape(str(problem))}</p>", status=410)
        if session and intent["status"] == "requires_payment_method":
            return RedirectResponse(f"/c/pay/{session['id']}", 303)
        targets = self._after(number)
        return RedirectResponse(targets[0], 303) if targets else _page("Authentication", "<p>Thank you.</p>")

    def _answer(self, intent: JsonObject, *, passed: bool) -> None:
        try:
            checkout.authenticate(self._account, intent, passed=passed)
        except Refused as refusal:
            if not refusal.keeps:
                raise

    def _session(self, number: str) -> JsonObject | None:
        found = self._account.objects.aside(number).get("session")
        return self._account.objects.find(found, KIND) if found else None

    def _after(self, number: str) -> tuple[str, ...]:
        session = self._session(number)
        target = checkout.return_address(session) if session else self._account.objects.aside(number).get("return_url")
        return (target,) if target else ()

    async def receipt(self, request: Request) -> Response:
        """What was paid."""
        charge = self._account.objects.find(request.path_params["id"], "charge")
        if charge is None:
            return _page("Receipt", "<p>No such charge.</p>", status=404)
        return _page("Receipt", f"<p>{shown(charge['amount'], charge['currency'])}, {_state(charge)}</p>")


def shown(amount: int, currency: str) -> str:
    """`12.50 EUR`."""
    return amount_text(amount, currency.upper())


def _state(charge: JsonObject) -> str:
    return "refunded" if charge["refunded"] else "disputed" if charge["disputed"] else str(charge["status"])


def _kind(name: str) -> str:
    return "sepa_debit" if name.startswith("pm_sepa") else "card"


async def _given(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(errors="replace")))


def _page(title: str, body: str, *, also: tuple[str, ...] = (), status: int = 200) -> HTMLResponse:
    """A page; `also` are addresses its form may lead to (a browser checks redirects of a form too)."""
    origins = " ".join(f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, also) if parts.netloc)
    policy = f"default-src 'none'; style-src 'self'; form-action 'self' {origins}; frame-ancestors 'none'"
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>'
        f'{title} - Stripe stand-in</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/style.css"></head><body><main><h1>{title}</h1>{body}'
        '<p class="soft">This is a stand-in: no card, no money.</p></main></body></html>'
    )
    return HTMLResponse(html, status, headers={"Content-Security-Policy": policy})

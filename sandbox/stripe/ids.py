"""Ids with Stripe's prefixes."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits
PREFIXES = {
    "payment_intent": "pi_3",
    "setup_intent": "seti_1",
    "charge": "ch_3",
    "refund": "re_3",
    "dispute": "du_1",
    "balance_transaction": "txn_3",
    "payout": "po_1",
    "customer": "cus_",
    "payment_method": "pm_1",
    "event": "evt_1",
    "webhook_endpoint": "we_1",
    "price": "price_1",
    "product": "prod_",
    "item": "li_1",
    "request": "req_",
}


def letters(count: int) -> str:
    """Random letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def new_id(kind: str) -> str:
    """A fresh id for an object of that kind; Checkout sessions are longer and name their mode."""
    return f"cs_test_a1{letters(56)}" if kind == "checkout.session" else PREFIXES[kind] + letters(16)


def new_secret(owner: str) -> str:
    """The client secret of an intent."""
    return f"{owner}_secret_{letters(25)}"

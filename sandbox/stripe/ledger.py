"""Balance transactions: every movement of the account's money, its fee, and when it can be paid out."""

from dataclasses import dataclass
from decimal import Decimal

from sandbox.kit.books import JsonObject
from sandbox.stripe.account import Account
from sandbox.stripe.ids import new_id
from sandbox.stripe.money import converted, share

DAY = 86_400
CATEGORIES = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payout": "payout",
    "payout_failure": "payout_reversal",
}


@dataclass(frozen=True, slots=True)
class Settled:
    """An amount in the currency the account holds; `rate` is None when that is the currency paid in."""

    amount: int
    currency: str
    rate: float | None


def settle(account: Account, amount: int, currency: str) -> Settled:
    """What an amount is worth in the account's own currencies: unchanged, or converted into the first of them."""
    held = account.settings.text("settle_in").split(",")
    if currency in held:
        return Settled(amount, currency, None)
    rates = dict(pair.split("=") for pair in account.settings.text("rates").split(","))
    rate = Decimal(rates.get(currency, "1")) / Decimal(rates.get(held[0], "1"))
    rate = rate.quantize(Decimal("0.000001"))
    return Settled(converted(amount, currency, held[0], rate), held[0], float(rate))


def fees(account: Account, settled: Settled) -> list[JsonObject]:
    """The fee of a payment: a share and a fixed part, and a share more when money is exchanged."""
    numbers = account.settings
    amount = share(settled.amount, numbers.number("fee_rate")) + int(numbers.number("fee_fixed"))
    lines = [fee_line(amount, settled.currency, "Stripe processing fees")]
    if settled.rate is not None:
        extra = share(settled.amount, numbers.number("conversion_fee_rate"))
        lines.append(fee_line(extra, settled.currency, "Stripe currency conversion fee"))
    return lines


def fee_line(amount: int, currency: str, description: str) -> JsonObject:
    """One entry of fee_details."""
    return {
        "amount": amount,
        "application": None,
        "currency": currency,
        "description": description,
        "type": "stripe_fee",
    }


def book(
    account: Account,
    kind: str,
    source: str,
    settled: Settled,
    *,
    fee_details: list[JsonObject] | None = None,
    category: str | None = None,
    description: str | None = None,
    available_now: bool = True,
) -> JsonObject:
    """Write one movement. `settled.amount` is signed as the account feels it; the fee is taken off on top."""
    now = account.now()
    fee = sum(line["amount"] for line in fee_details or ())
    days = 0 if available_now else int(account.settings.number("available_days"))
    return account.objects.add(
        {
            "id": new_id("balance_transaction"),
            "object": "balance_transaction",
            "amount": settled.amount,
            "available_on": now if days == 0 else (now // DAY + days) * DAY,
            "balance_type": "payments",
            "created": now,
            "currency": settled.currency,
            "description": description,
            "exchange_rate": settled.rate,
            "fee": fee,
            "fee_details": fee_details or [],
            "net": settled.amount - fee,
            "reporting_category": category or CATEGORIES[kind],
            "source": source,
            "status": "available" if days == 0 else "pending",
            "type": kind,
        }
    )


def mature(account: Account) -> None:
    """What was pending and whose day has come is available."""
    sql = "status = 'pending' and json_extract(doc, '$.available_on') <= ?"
    for entry in account.objects.where("balance_transaction", sql, (account.now(),)):
        account.change(entry, status="available")


def balance(account: Account) -> JsonObject:
    """The balance object: what can be paid out now and what later, per currency."""
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for entry in account.objects.where("balance_transaction"):
        part = sums[entry["status"]]
        part[entry["currency"]] = part.get(entry["currency"], 0) + entry["net"]
    names = sorted({*sums["available"], *sums["pending"]}) or account.settings.text("settle_in").split(",")[:1]
    return {
        "object": "balance",
        **{
            state: [
                {"amount": part.get(name, 0), "currency": name, "source_types": {"card": part.get(name, 0)}}
                for name in names
            ]
            for state, part in sums.items()
        },
        "livemode": False,
    }

"""Amounts in the smallest unit of a currency. https://docs.stripe.com/currencies"""

from decimal import ROUND_HALF_UP, Decimal

from sandbox.stripe.refused import Refused

ZERO_DECIMAL = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)  # fmt: skip
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
# They have no smaller unit any more, but their amounts still carry two zeros.
WHOLE_HUNDREDS = frozenset(("isk", "ugx"))
TWO_DECIMAL = frozenset((
    "aed", "all", "amd", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bmd", "bnd", "bob", "brl", "bsd", "bwp",
    "bzd", "cad", "chf", "cny", "cop", "crc", "cve", "czk", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "gbp",
    "gel", "gip", "gmd", "gtq", "gyd", "hkd", "hnl", "htg", "huf", "idr", "ils", "inr", "isk", "jmd", "kes", "kgs",
    "khr", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "mad", "mdl", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk",
    "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok", "npr", "nzd", "pab", "pen", "pgk", "php", "pkr", "pln", "qar",
    "ron", "rsd", "sar", "sek", "sgd", "sll", "sos", "srd", "svc", "thb", "try", "ttd", "twd", "tzs", "uah", "ugx",
    "usd", "uyu", "uzs", "wst", "xcd", "yer", "zar", "zmw",
))  # fmt: skip
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, in the smallest unit; others: 1.
MINIMUM = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30,
    "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200,
    "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip
MAXIMUM = 99_999_999


def decimals(currency: str) -> int:
    """Digits behind the point in an amount of this currency."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def currency_code(value: object, name: str) -> str:
    """A check for parameters: lower case, known."""
    code = str(value).lower()
    if code not in ZERO_DECIMAL | THREE_DECIMAL | TWO_DECIMAL:
        raise Refused(
            f"Invalid currency: {value}. Stripe does not currently support this currency.",
            code="invalid_currency",
            param=name,
        )
    return code


def check_charge(amount: int, currency: str, name: str = "amount") -> None:
    """May so much be charged? Raises Refused."""
    if amount < 1:
        raise Refused("This value must be greater than or equal to 1.", code="parameter_invalid_integer", param=name)
    if amount < MINIMUM.get(currency, 1):
        least = shown(MINIMUM[currency], currency)
        raise Refused(f"Amount must be at least {least}", code="amount_too_small", param=name)
    if amount > MAXIMUM:
        raise Refused(f"Amount must be no more than {shown(MAXIMUM, currency)}", code="amount_too_large", param=name)
    check_grain(amount, currency, name)


def check_grain(amount: int, currency: str, name: str = "amount") -> None:
    """Three decimals: the last digit is 0. Without a smaller unit but with two decimals: the last two are."""
    if currency in THREE_DECIMAL and amount % 10:
        raise Refused(
            f"Invalid amount: {currency.upper()} amounts must be rounded to the nearest ten.",
            code="invalid_charge_amount",
            param=name,
        )
    if currency in WHOLE_HUNDREDS and amount % 100:
        raise Refused(
            f"Invalid amount. Currency {currency.upper()} has become effectively zero-decimal and charged amounts "
            "must be evenly divisible by 100.",
            code="invalid_charge_amount_no_decimal_compatible",
            param=name,
        )


def shown(amount: int, currency: str) -> str:
    """`12.50 eur`."""
    return f"{Decimal(amount).scaleb(-decimals(currency.lower()))} {currency}"


def converted(amount: int, currency: str, target: str, rate: Decimal) -> int:
    """An amount in another currency's smallest unit; `rate` is target per currency, in whole units."""
    exact = Decimal(amount).scaleb(-decimals(currency)) * rate
    return rounded(exact.scaleb(decimals(target)))


def share(amount: int, rate: float) -> int:
    """A part of an amount, rounded half up."""
    return rounded(Decimal(amount) * Decimal(str(rate)))


def rounded(exact: Decimal) -> int:
    """Half up, as fees are."""
    return int(exact.to_integral_value(ROUND_HALF_UP))

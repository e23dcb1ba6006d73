"""Numbers of the telecom world, built from a counter so that no two lines share one."""

from hashlib import blake2b

SMDP_HOST = "rsp.sandbox-access.example"
BAD_CHECK_DIGIT_EVERY = 7


def luhn_digit(digits: str) -> int:
    """The check digit that follows `digits`."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 if place % 2 else 2)
        total += doubled - 9 if doubled > 9 else doubled
    return -total % 10


def iccid(salt: str, number: int) -> str:
    """20 digits; every seventh fails the Luhn check, as some of the vendor's own samples do."""
    stem = f"89852{salt}{number:09d}"
    wrong = 1 if number % BAD_CHECK_DIGIT_EVERY == 0 else 0
    return f"{stem}{(luhn_digit(stem) + wrong) % 10}"


def imsi(number: int) -> str:
    """15 digits."""
    return f"45400{number:010d}"


def eid(number: int) -> str:
    """32 digits whose whole is 1 modulo 97."""
    stem = f"8904903200500888{number:014d}"
    return f"{stem}{98 - int(stem + '00') % 97:02d}"


def matching_id(salt: str, number: int) -> str:
    """32 upper-case hex digits."""
    return blake2b(f"{salt}/{number}".encode(), digest_size=16).hexdigest().upper()


def activation_code(salt: str, number: int) -> str:
    """The whole text of the QR code."""
    return f"LPA:1${SMDP_HOST}${matching_id(salt, number)}"

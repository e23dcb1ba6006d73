"""Names the vendor gives: a prefix and 26 letters of a ULID; and the numbers of the telecom world."""

import secrets

from sandbox.esimaccess.ids import luhn_digit

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SMDP_HOST = "rsp.sandbox-oneglobal.example"
ULID_BITS = 130


def fresh(prefix: str, epoch: float) -> str:
    """A new name, sortable by time: `ord_01JPX5Y7Z00000000000000001`."""
    number = (int(epoch * 1000) << 80) | secrets.randbits(80)
    return prefix + "".join(LETTERS[number >> shift & 31] for shift in range(ULID_BITS - 5, -1, -5))


def iccid(salt: str, number: int) -> str:
    """19 digits with their check digit; `salt` keeps those of other books apart."""
    stem = f"8944478{salt}{number:06d}"
    return f"{stem}{luhn_digit(stem)}"


def matching_id() -> str:
    """As in `5C-ZYXZZ-1R54O94`."""
    text = "".join(secrets.choice(LETTERS) for _ in range(14))
    return f"{text[:2]}-{text[2:7]}-{text[7:]}"


def qrcode(host: str, matching: str) -> str:
    """Path of the picture of an activation code."""
    return f"/qrcode/v1/esim/LPA:1${host}${matching}"

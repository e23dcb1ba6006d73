"""The numbers of one eSIM: ICCID with its check digit, matching id, SM-DP+ address, links."""

import base64
import hashlib

SMDP_HOST = "rsp.sandbox-go.example"
ISSUER_PREFIX = "8999"
APPLE_LINK = "https://esimsetup.apple.com/esim_qrcode_provisioning?carddata="
ANDROID_LINK = "https://esimsetup.android.com/esim_qrcode_provisioning?carddata="


def luhn_digit(digits: str) -> str:
    """The check digit that belongs behind `digits`."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        number = int(char) * (2 if place % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def iccid(number: int) -> str:
    """19 digits: issuer prefix (not an assigned country), 14 digits of `number`, check digit."""
    body = f"{ISSUER_PREFIX}{number:014d}"
    return body + luhn_digit(body)


def _secret(iccid_text: str) -> bytes:
    return hashlib.sha256(b"sandbox-go:" + iccid_text.encode()).digest()


def matching_id(iccid_text: str) -> str:
    """Four groups of five characters, always the same for one ICCID."""
    letters = base64.b32encode(_secret(iccid_text)).decode()[:20]
    return "-".join(letters[start : start + 5] for start in range(0, 20, 5))


def pin_and_puk(iccid_text: str) -> tuple[str, str]:
    """PIN of 4 and PUK of 8 digits."""
    number = int.from_bytes(_secret(iccid_text)[20:28])
    return f"{number % 10_000:04d}", f"{number // 10_000 % 100_000_000:08d}"


def smdp_address(iccid_text: str) -> str:
    """The host; one eSIM in five is given with `http://`, as the vendor does now and then."""
    return f"http://{SMDP_HOST}" if int(iccid_text[:-1]) % 5 == 0 else SMDP_HOST


def activation_code(iccid_text: str) -> str:
    """`LPA:1$host$matching id`."""
    return f"LPA:1${SMDP_HOST}${matching_id(iccid_text)}"


def install_links(iccid_text: str, *, android: bool) -> dict[str, str]:
    """One-tap links; the Android one came with API version 2.5."""
    code = activation_code(iccid_text)
    links = {"appleInstallUrl": APPLE_LINK + code}
    return {**links, "androidInstallUrl": ANDROID_LINK + code} if android else links

"""Telecom identifiers as the GSMA writes them: activation code (SGP.22 section 4.1) and ICCID (ITU-T E.118)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from simplane.core.errors import BadTelecomId

_HOST = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$")
_MATCHING_ID = re.compile(r"^[A-Z0-9-]{0,255}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ActivationCode:
    """What a phone needs to download a profile: a bearer secret, never to be logged."""

    smdp: str
    """Host of the SM-DP+, no scheme, no path."""
    matching_id: str
    oid: str = ""
    confirmation_code_required: bool = False

    def __str__(self) -> str:
        parts = ["1", self.smdp, self.matching_id]
        if self.oid or self.confirmation_code_required:
            parts.append(self.oid)
        if self.confirmation_code_required:
            parts.append("1")
        return "LPA:" + "$".join(parts)

    def __repr__(self) -> str:
        return f"ActivationCode(smdp={self.smdp!r}, matching_id=…)"

    @property
    def ios_link(self) -> str:
        """One tap on iOS 17.4 and later (Apple's public guide); `$` stays literal."""
        return "https://esimsetup.apple.com/esim_qrcode_provisioning?carddata=" + quote(str(self), safe=":$")

    @property
    def android_link(self) -> str:
        """One tap on Android 10 and later with current Play services."""
        return "https://esimsetup.android.com/esim_qrcode_provisioning?carddata=" + quote(str(self), safe=":$")


def activation_code(smdp: str, matching_id: str, *, confirmation: bool = False) -> ActivationCode:
    """From the parts a supplier gives. A scheme or trailing slash is stripped (eSIM Go sends both). Raises BadTelecomId."""
    host = re.sub(r"^[a-z]+://", "", smdp.strip(), flags=re.IGNORECASE).rstrip("/")
    if not _HOST.match(host) or "." not in host:
        raise BadTelecomId(f"{smdp!r} is not the host of an SM-DP+", fix="send a bare host name")
    if not _MATCHING_ID.match(matching_id.strip()):
        raise BadTelecomId("the matching id holds characters that none can have", fix="letters, digits and - only")
    return ActivationCode(host, matching_id.strip(), confirmation_code_required=confirmation)


def parse_activation_code(text: str) -> ActivationCode:
    """`LPA:1$host$matching-id[$oid[$1]]`, with or without `LPA:`. Raises BadTelecomId."""
    body = text.strip()
    body = body[4:] if body[:4].upper() == "LPA:" else body
    parts = body.split("$")
    if parts[0] != "1" or not 3 <= len(parts) <= 5:
        raise BadTelecomId("this is not an activation code", fix="it reads LPA:1$host$matching-id")
    made = activation_code(parts[1], parts[2], confirmation=len(parts) == 5 and parts[4] == "1")
    oid = parts[3] if len(parts) > 3 else ""
    return ActivationCode(made.smdp, made.matching_id, oid, made.confirmation_code_required)


def clean_iccid(text: str) -> str:
    """Digits of an ICCID as a supplier sent it; padding F and blanks go. Raises BadTelecomId. No Luhn: samples fail it."""
    digits = text.strip().replace(" ", "").rstrip("fF")
    if not re.fullmatch(r"89\d{16,18}", digits):
        raise BadTelecomId(f"{text!r} is not an ICCID", fix="18 to 20 digits beginning with 89")
    return digits

"""Callback bodies and signatures, versions 2 (unsigned) and 3 (HMAC-SHA256 with the API key)."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from sandbox.esimgo.formats import second_time
from sandbox.kit.books import JsonObject, Row
from sandbox.kit.desk import Desk
from sandbox.kit.http import dump

SIGNATURE_HEADER = "X-Signature-SHA256"
SIGNATURES = ("good", "wrong", "none")


def signature(body: bytes, key: str, encoding: str) -> str:
    """HMAC-SHA256 of the raw body: base64 as the API reference says, hex as the webhook guide shows."""
    digest = hmac.new(key.encode(), body, hashlib.sha256).digest()
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


@dataclass(frozen=True, slots=True)
class Manner:
    """How callbacks are sent this time."""

    notify: bool = True
    signature: str = "good"
    repeat: int = 1
    delay_seconds: float = 0.0


class Callbacks:
    """Queues callbacks for the organisation's one URL."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def send(self, content: JsonObject, manner: Manner) -> None:
        """Queue one event as JSON."""
        self.send_raw(dump(content), str(content.get("alertType") or content.get("event") or ""), manner)

    def send_raw(self, body: bytes, label: str, manner: Manner) -> None:
        """Queue one body `repeat` times; nothing when no URL is set or nobody is to be told."""
        settings = self._desk.settings
        url = settings.text("callback_url")
        if not url or not manner.notify:
            return
        headers = {"Content-Type": "application/json"}
        if settings["callback_version"] == 3 and manner.signature != "none":
            key = settings.text("api_key") + ("-wrong" if manner.signature == "wrong" else "")
            headers[SIGNATURE_HEADER] = signature(body, key, settings.text("callback_encoding"))
        for _ in range(manner.repeat):
            self._desk.sender.enqueue(url, body, headers, delay_seconds=manner.delay_seconds, label=label)

    def bundle_alert(self, kind: str, assignment: Row, description: str, manner: Manner) -> None:
        """`Utilisation`, `FirstUse`: an event about one bundle on one eSIM."""
        bundle = self._bundle(assignment, description)
        self.send({"iccid": assignment["iccid"], "alertType": kind, "bundle": bundle}, manner)

    def _bundle(self, assignment: Row, description: str) -> JsonObject:
        quantities: JsonObject = {
            "initialQuantity": assignment["initial_bytes"],
            "remainingQuantity": assignment["remaining_bytes"],
        }
        if assignment["start_at"] is not None:
            quantities["startTime"] = second_time(assignment["start_at"])
            quantities["endTime"] = second_time(assignment["end_at"])
        if self._desk.settings["callback_version"] == 2:
            return {"name": assignment["bundle"], **quantities}
        return {
            "id": str(assignment["id"]),
            "name": assignment["bundle"],
            "description": description,
            **quantities,
            "reference": f"{assignment['reference']}-{assignment['ordinal']}",
            "unlimited": assignment["initial_bytes"] == 0,
        }

    def line_alert(self, kind: str, iccid: str, manner: Manner, **fields: Any) -> None:
        """`FirstAttachment`, `CountryChange`, `ProfileStatusChange`: an event about one eSIM."""
        self.send({"alertType": kind, "iccid": iccid, **fields}, manner)

    def line_event(self, kind: str, iccid: str, timestamp: float, manner: Manner) -> None:
        """`esim.deletion_scheduled`, `esim.deleted`: the other envelope."""
        self.send({"date": second_time(timestamp), "event": kind, "iccid": iccid}, manner)

    def balance_alert(self, kind: str, balance_minor: int, threshold_minor: int, opening_minor: int) -> None:
        """`LowBalance`, `InsufficientBalance`: an event about the account."""
        percent = round(100 * balance_minor / opening_minor) if opening_minor else 0
        info = {
            "balance": balance_minor / 100,
            "threshold": threshold_minor / 100,
            "thresholdPercentRemaining": percent,
        }
        self.send({"alertType": kind, "balanceInfo": info}, Manner())

"""Crowds for `simplane chaos --money`: many callers of POST /api/v1/orders at the same moment, over HTTP."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """One answer: status, body, and whether it is a repetition of an earlier one."""

    status: int
    body: bytes
    replayed: bool


def crowd(port: int, secret: str, keys: Sequence[str], sku: str) -> list[Told]:
    """One order for one eSIM per key, all sent at once; each caller has a connection of its own."""
    gate = threading.Barrier(len(keys))

    def call(key: str) -> Told:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.connect()
        gate.wait(60)
        connection.request("POST", "/api/v1/orders", json.dumps({"lines": [{"sku": sku}]}), _headers(secret, key))
        answer = connection.getresponse()
        told = Told(answer.status, answer.read(), answer.headers["Idempotent-Replayed"] == "true")
        connection.close()
        return told

    with ThreadPoolExecutor(len(keys)) as pool:
        return list(pool.map(call, keys))


def _headers(secret: str, key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "Idempotency-Key": key, "Content-Type": "application/json"}

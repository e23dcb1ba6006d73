"""What the visitor's browser says about the phone it runs on. A hint for what to show first; everything stays reachable."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["iphone", "samsung", "android", "desktop"]


@dataclass(frozen=True, slots=True)
class Device:
    """`one_tap`: the phone opens its own eSIM set-up from a link (iOS 17.4, Android 10 with Play services)."""

    kind: Kind
    one_tap: bool = False

    @property
    def ios(self) -> bool:
        return self.kind == "iphone"

    @property
    def phone(self) -> bool:
        return self.kind != "desktop"


def device_of(user_agent: str) -> Device:
    """From a User-Agent header. Browsers freeze its version at a recent one, never at an older, so a floor is safe."""
    apple = re.search(r"\b(?:iPhone|iPad|iPod)\b.*?\bOS (\d+)_(\d+)", user_agent)
    if apple is not None:
        return Device("iphone", one_tap=(int(apple[1]), int(apple[2])) >= (17, 4))
    android = re.search(r"\bAndroid (\d+)", user_agent)
    if android is not None:
        kind: Kind = "samsung" if re.search(r"SamsungBrowser|\bSM-[A-Z]\d", user_agent) else "android"
        return Device(kind, one_tap=int(android[1]) >= 10)
    return Device("desktop")

"""Telling phones apart by their User-Agent."""

from __future__ import annotations

import pytest

from simplane.store.device import Device, device_of
from tests.store.conftest import ANDROID, DESKTOP, IPHONE


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (IPHONE, Device("iphone", one_tap=True)),
        (IPHONE.replace("18_5", "17_4_1"), Device("iphone", one_tap=True)),
        (IPHONE.replace("18_5", "17_3"), Device("iphone", one_tap=False)),
        ("Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15", Device("iphone", one_tap=False)),
        (ANDROID, Device("android", one_tap=True)),
        (ANDROID.replace("Android 10", "Android 9"), Device("android", one_tap=False)),
        (ANDROID.replace("Chrome/140", "SamsungBrowser/28.0 Chrome/140"), Device("samsung", one_tap=True)),
        ("Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 Chrome/120", Device("samsung", one_tap=True)),
        (DESKTOP, Device("desktop")),
        ("", Device("desktop")),
        ("curl/8", Device("desktop")),
    ],
)
def test_a_visitor_gets_the_way_that_their_phone_knows(user_agent: str, device: Device) -> None:
    assert device_of(user_agent) == device

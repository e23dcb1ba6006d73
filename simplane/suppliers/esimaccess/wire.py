"""eSIM Access's JSON as we read it: only the fields we use, in every type they have been seen in. The rest is ignored."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct, field


class Envelope(Struct, rename="camel"):
    """Around every answer. `success` comes as a boolean or as text, the message under two names."""

    success: bool | str
    error_code: str | int | None = None
    error_msg: Any = None
    error_message: Any = None
    obj: Raw = field(default_factory=lambda: Raw(b"null"))

    @property
    def code(self) -> str:
        """The error code with its leading zeros; empty for success."""
        return "" if self.error_code in (None, "", "0", 0) else str(self.error_code)

    @property
    def fine(self) -> bool:
        """Success is `success` true and no error code."""
        return not self.code and str(self.success).lower() == "true"

    @property
    def text(self) -> str:
        """What it says went wrong."""
        return str(self.error_msg or self.error_message or self.code or "no reason given")[:300]


class Ordered(Struct, rename="camel"):
    """Answer of an order."""

    order_no: str


class Plan(Struct, rename="camel"):
    """One package on a line."""

    package_code: str | None = None
    create_time: str | None = None


class Line(Struct, rename="camel"):
    """One eSIM. `ac` is the whole activation code; totals are cumulative over top-ups."""

    esim_tran_no: str
    order_no: str | None = None
    transaction_id: str | None = None
    iccid: str | int | None = None
    ac: str | None = None
    eid: str | None = None
    apn: str | None = None
    esim_status: str | None = None
    smdp_status: str | None = None
    data_type: int | None = None
    expired_time: str | None = None
    total_volume: int | None = None
    total_duration: int | None = None
    order_usage: int | None = None
    package_list: list[Plan] | None = None


class Pager(Struct, rename="camel"):
    """Where we are in a list."""

    total: int | None = None


class Lines(Struct, rename="camel"):
    """Answer of a query."""

    esim_list: list[Line] | None = None
    pager: Pager | None = None


class ToppedUp(Struct, rename="camel"):
    """Answer of a top-up."""

    transaction_id: str | None = None
    top_up_esim_tran_no: str | None = None
    expired_time: str | None = None
    total_volume: int | None = None


class Used(Struct, rename="camel"):
    """Bytes used by one line."""

    esim_tran_no: str
    data_usage: int
    total_data: int | None = None
    last_update_time: str | None = None


class Usage(Struct, rename="camel"):
    """Answer of a usage query."""

    esim_usage_list: list[Used] | None = None


class Balance(Struct):
    """USD x 10,000."""

    balance: int | str


class Place(Struct, rename="camel"):
    """A country, or a region with its countries (the field table calls the list subLocation)."""

    code: str
    name: str | None = None
    sub_location_list: list[Place] | None = None
    sub_location: list[Place] | None = None


class Places(Struct, rename="camel"):
    """Answer of the list of locations."""

    location_list: list[Place]


class Packages(Struct, rename="camel"):
    """The catalogue, its rows unread."""

    package_list: list[Raw] | None = None


envelope = msgspec.json.Decoder(Envelope)
ordered = msgspec.json.Decoder(Ordered)
lines = msgspec.json.Decoder(Lines)
topped_up = msgspec.json.Decoder(ToppedUp)
usage = msgspec.json.Decoder(Usage)
balance = msgspec.json.Decoder(Balance)
places = msgspec.json.Decoder(Places)
packages = msgspec.json.Decoder(Packages)

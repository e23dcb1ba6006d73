"""Timetable of refunds."""

from __future__ import annotations

from typing import Any

from simplane.channels import refund_proposals
from simplane.core.schedule import scheduled


@scheduled(
    "overtaken_refunds", cron="* * * * * */10", title="Refund proposals that a delivery overtook", most_seconds=60
)
def overtaken_refunds() -> dict[str, Any]:
    return {"withdrawn": refund_proposals.withdraw_overtaken()}

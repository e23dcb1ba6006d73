"""Shopify's ways to write a moment. Input is milliseconds since 1970 in UTC."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def utc(ms: int) -> str:
    """GraphQL: `2026-11-20T09:30:15Z`."""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local(ms: int, zone: ZoneInfo) -> str:
    """Webhook bodies, in the shop's zone: `2026-11-20T10:30:15+01:00`."""
    return datetime.fromtimestamp(ms // 1000, zone).isoformat()


def nanoseconds(seconds: float) -> str:
    """X-Shopify-Triggered-At: `2026-11-20T09:30:15.123456123Z`, from epoch seconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond * 1000 + moment.microsecond % 1000:09d}Z"

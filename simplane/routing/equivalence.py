"""Does an offer keep a product's promise? In words: what is missing, what nobody knows, what comes on top. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simplane.catalog.models import ClockStart, Product
from simplane.suppliers.models import Offer

_EARLIEST_FIRST = (ClockStart.PURCHASE, ClockStart.INSTALL, ClockStart.FIRST_USE)
_SAME_SIZE_PERCENT = 8
"""1 GB is 1000 MB at one supplier and 1024 MiB at another (7 % more): the same to a buyer."""


# The same rules for a whole catalogue: true exactly where `compare` finds nothing missing (a test holds them together).
KEEPS = """(
      offer.days >= product.days
  AND offer.daily = product.daily
  AND (offer.data_bytes >= product.data_bytes OR (offer.data_bytes IS NULL AND product.data_bytes IS NULL))
  AND array_position(ARRAY['purchase', 'install', 'first_use'], offer.clock_start::text)
      >= array_position(ARRAY['purchase', 'install', 'first_use'], product.clock_start::text)
  AND (offer.top_up OR NOT product.top_up)
  AND (offer.hotspot IS NOT FALSE OR NOT product.hotspot)
  AND offer.voice_minutes >= product.voice_minutes
  AND offer.sms_count >= product.sms_count
  AND offer.countries @> product.countries
  AND (product.carrier = '' OR NOT EXISTS (
    SELECT FROM unnest(product.countries) AS country WHERE NOT EXISTS (
      SELECT FROM jsonb_array_elements(offer.networks) AS network
       WHERE network->>'country' = country AND lower(network->>'operator') = lower(product.carrier)))))"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An offer beside a promise. `missing` not empty: it must not serve the product."""

    missing: tuple[str, ...]
    unsure: tuple[str, ...]
    more: tuple[str, ...]
    score: int
    """100: exactly as promised; less for what is unsure or superfluous (somebody pays for it); 0: promise broken."""

    @property
    def differences(self) -> list[str]:
        """All of it, the worst first."""
        return [*self.missing, *self.unsure, *self.more]


def compare(product: Product, offer: Offer) -> Comparison:
    """Set a product and an offer side by side."""
    missing = tuple(_missing(product, offer))
    unsure = ("the supplier does not say whether hotspot works",) if product.hotspot and offer.hotspot is None else ()
    more = tuple(text for text, _ in _more(product, offer))
    cost = 10 * len(unsure) + sum(points for _, points in _more(product, offer))
    return Comparison(missing=missing, unsure=unsure, more=more, score=0 if missing else max(1, 100 - cost))


def _missing(product: Product, offer: Offer) -> Iterator[str]:
    uncovered = sorted(set(product.countries) - set(offer.countries))
    if uncovered:
        yield f"does not cover {_listed(uncovered)}"
    yield from _missing_data(product, offer)
    if offer.days < product.days:
        yield f"{offer.days} days instead of {product.days}"
    if _EARLIEST_FIRST.index(ClockStart(offer.clock_start)) < _EARLIEST_FIRST.index(ClockStart(product.clock_start)):
        yield f"days begin {ClockStart(offer.clock_start).label}, not {ClockStart(product.clock_start).label}"
    if product.top_up and not offer.top_up:
        yield "can not be topped up"
    if product.hotspot and offer.hotspot is False:
        yield "no hotspot"
    if offer.voice_minutes < product.voice_minutes:
        yield f"{offer.voice_minutes} voice minutes instead of {product.voice_minutes}"
    if offer.sms_count < product.sms_count:
        yield f"{offer.sms_count} messages instead of {product.sms_count}"
    yield from _missing_carrier(product, offer)


def _missing_carrier(product: Product, offer: Offer) -> Iterator[str]:
    carrier = product.carrier.lower()
    there = {one.get("country") for one in offer.networks if str(one.get("operator", "")).lower() == carrier}
    gaps = [country for country in product.countries if country not in there]
    if carrier and gaps:
        yield f"{product.carrier} is not among its networks in {_listed(gaps)}"


def _missing_data(product: Product, offer: Offer) -> Iterator[str]:
    another_kind = (product.data_bytes is None) != (offer.data_bytes is None) or product.daily != offer.daily
    if another_kind or (offer.data_bytes or 0) < (product.data_bytes or 0):
        yield f"{size(offer.data_bytes, daily=offer.daily)} instead of {size(product.data_bytes, daily=product.daily)}"


def _more(product: Product, offer: Offer) -> Iterator[tuple[str, int]]:
    """What comes on top, with the points it costs."""
    if product.data_bytes and offer.data_bytes:
        percent = 100 * offer.data_bytes // product.data_bytes - 100
        if percent > _SAME_SIZE_PERCENT:
            text = f"{size(offer.data_bytes, daily=offer.daily)} instead of {size(product.data_bytes, daily=product.daily)}"
            yield text, min(20, 2 + percent // 20)
    if offer.days > product.days:
        yield (
            f"{offer.days} days instead of {product.days}",
            min(20, 1 + 5 * (offer.days - product.days) // product.days),
        )
    extra = len(set(offer.countries) - set(product.countries))
    if extra:
        yield f"{extra} more {'country' if extra == 1 else 'countries'}", min(20, 1 + extra // 2)
    if offer.voice_minutes > product.voice_minutes:
        yield f"{offer.voice_minutes} voice minutes instead of {product.voice_minutes}", 2
    if offer.sms_count > product.sms_count:
        yield f"{offer.sms_count} messages instead of {product.sms_count}", 1


def size(data_bytes: int | None, *, daily: bool = False) -> str:
    """`5 GB`, `500 MB`, `1 GB a day`, `unlimited data`. 1 GB = 1,000,000,000 bytes."""
    if data_bytes is None:
        return "unlimited data"
    giga = data_bytes >= 1_000_000_000
    amount = data_bytes / (1_000_000_000 if giga else 1_000_000)
    return f"{amount:.2f}".rstrip("0").rstrip(".") + (" GB" if giga else " MB") + (" a day" if daily else "")


def _listed(codes: list[str]) -> str:
    shown = ", ".join(codes[:5])
    return shown if len(codes) <= 5 else f"{shown} and {len(codes) - 5} more"

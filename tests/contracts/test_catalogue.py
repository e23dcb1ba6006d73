"""The catalogue: whole or not at all, odd rows put aside with a reason, no code twice."""

from __future__ import annotations

import pytest

from simplane.core.countries import known
from simplane.core.money import Money
from simplane.suppliers.errors import CatalogUnavailable
from simplane.suppliers.outcomes import Ok, Permanent
from simplane.suppliers.values import CatalogOffer, UnreadableRow
from tests.contracts.desk import Desk


def offers(desk: Desk) -> dict[str, CatalogOffer]:
    return {row.code: row for row in desk.catalogue() if isinstance(row, CatalogOffer)}


def unreadable(desk: Desk) -> dict[str, UnreadableRow]:
    return {row.code: row for row in desk.catalogue() if isinstance(row, UnreadableRow)}


def test_reads_the_offer_we_buy(desk: Desk) -> None:
    offer = offers(desk)[desk.vendor.offer]
    vendor = desk.vendor
    assert offer.countries == (vendor.country,)
    assert offer.data_bytes == vendor.size
    assert (offer.days, offer.daily, offer.clock_start) == (vendor.days, False, "first_use")
    assert offer.cost == desk.vendor.price
    assert offer.supplier_price == desk.vendor.supplier_price
    assert offer.top_up
    places = {network["country"] for network in offer.networks}
    assert places == ({vendor.country} if "networks" in vendor.tells else set())


def test_lists_no_code_twice(desk: Desk) -> None:
    codes = [row.code for row in desk.catalogue()]
    assert len(codes) == len(set(codes))


def test_sells_only_what_it_understands(desk: Desk) -> None:
    for offer in offers(desk).values():
        assert offer.cost.minor > 0
        assert offer.days > 0
        assert offer.data_bytes is None or offer.data_bytes > 0
        assert set(offer.countries) <= known()


def test_spells_regions_out(desk: Desk) -> None:
    widest = max(offers(desk).values(), key=lambda offer: len(offer.countries))
    assert len(widest.countries) > 20
    assert {network["country"] for network in widest.networks} <= set(widest.countries)


def test_reads_unlimited_offers(desk: Desk) -> None:
    unlimited = [offer for offer in offers(desk).values() if offer.data_bytes is None]
    assert unlimited
    assert not any(offer.daily for offer in unlimited)


def test_puts_a_row_without_price_aside(desk: Desk) -> None:
    desk.vendor.reprice(desk.standin, desk.vendor.offer, None)
    row = unreadable(desk)[desk.vendor.offer]
    assert row.reason == "no price"
    assert row.raw
    assert desk.vendor.offer not in offers(desk)


def test_gives_a_reason_for_every_row_put_aside(desk: Desk) -> None:
    found = unreadable(desk)
    expected = {
        "esimgo": {
            "esim_1GB_10D_MT_V2": "no price",
            "esim_2GB_10D_MT_V2": "no price",
            "esim_X_10D_MT_V2": "no amount of data, and not unlimited",
            "esim_8GB_10D_XX_V2": "no known country in XX",
        },
        "esimaccess": dict.fromkeys([next(iter(found), "")], "no price"),
        "oneglobal": {
            "prdoff_01JPX5Y7Z00000000000000045": "no price",
            "prdoff_01JPX5Y7Z00000000000000046": "no known country in XX",
            "prdoff_01JPX5Y7Z00000000000000047": "it renews by itself and charges again",
        },
    }[desk.vendor.vendor]
    assert {code: row.reason for code, row in found.items()} == expected


@pytest.mark.parametrize("kind", ["html", "malformed", "empty", "drop_before", "status_before", "wrong_type"])
def test_a_catalogue_that_can_not_be_read_is_none(desk: Desk, kind: str) -> None:
    desk.standin.fault("packages" if desk.vendor.vendor == "esimaccess" else "catalogue", kind, times=-1)
    with pytest.raises(CatalogUnavailable):
        desk.catalogue()


def test_quotes_the_price_of_now(desk: Desk) -> None:
    desk.vendor.reprice(desk.standin, desk.vendor.offer, 250)
    assert desk.do(desk.adapter.quote(desk.vendor.offer, 2)) == Ok(Money(500, desk.vendor.price.currency))


def test_quotes_nothing_for_a_vanished_offer(desk: Desk) -> None:
    desk.vendor.remove(desk.standin, desk.vendor.offer)
    answer = desk.do(desk.adapter.quote(desk.vendor.offer, 1))
    assert isinstance(answer, Permanent)
    assert answer.stale_catalogue


def test_quoting_buys_nothing(desk: Desk) -> None:
    desk.do(desk.adapter.quote(desk.vendor.offer, 1))
    assert desk.bought() == []

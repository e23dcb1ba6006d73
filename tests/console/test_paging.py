"""Keyset pages: nothing shown twice, nothing left out, forwards and backwards, also between equal moments."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import QueryDict

from simplane.core import clock
from simplane.ordering.models import Order
from simplane.ui.paging import Page, page_of
from tests import factories

pytestmark = pytest.mark.django_db


def _orders(count: int) -> list[Order]:
    """Newest last; every two share their moment."""
    now, customer = clock.now(), factories.customer()
    return [
        factories.order(customer=customer, received_at=now - timedelta(minutes=count - place // 2))
        for place in range(count)
    ]


def _page(query: str, *, ascending: bool = False) -> Page[Order]:
    return page_of(Order.objects.all(), QueryDict(query), by="received_at", ascending=ascending, size=3)


def _keys(page: Page[Order]) -> list[int]:
    return [order.pk for order in page.rows]


@pytest.mark.parametrize("ascending", [False, True])
def test_going_through_all_pages_shows_each_row_once(ascending: bool) -> None:
    made = [order.pk for order in _orders(8)]
    query, seen = "", []
    while True:
        page = _page(query, ascending=ascending)
        seen += _keys(page)
        if not page.older:
            break
        query = page.older

    assert seen == (made if ascending else made[::-1])


@pytest.mark.parametrize("ascending", [False, True])
def test_going_back_shows_the_same_pages(ascending: bool) -> None:
    _orders(8)
    first = _page("", ascending=ascending)
    second = _page(first.older, ascending=ascending)
    third = _page(second.older, ascending=ascending)

    assert _keys(_page(third.newer, ascending=ascending)) == _keys(second)
    assert _keys(_page(second.newer, ascending=ascending)) == _keys(first)


def test_the_ends_have_no_link_beyond() -> None:
    _orders(4)
    first = _page("")
    last = _page(first.older)

    assert (first.newer, last.older) == ("", "")
    assert _page(last.newer).newer == ""


def test_rows_that_arrive_meanwhile_shift_nothing() -> None:
    _orders(6)
    first = _page("")
    expected = _keys(_page(first.older))
    factories.order(received_at=clock.now() + timedelta(minutes=1))

    assert _keys(_page(first.older)) == expected


def test_filters_stay_in_the_links() -> None:
    _orders(4)

    assert QueryDict(_page("state=open&after=").older)["state"] == "open"


@pytest.mark.parametrize("cursor", ["x", "!!", "MjAyNX4x", "bm90LWEtZGF0ZX4x", "%00"])
def test_an_unreadable_cursor_shows_the_first_page(cursor: str) -> None:
    _orders(4)

    assert _keys(_page(f"after={cursor}")) == _keys(_page(""))

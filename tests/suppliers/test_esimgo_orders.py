"""Orders in every type eSIM Go has been seen to send."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from simplane.core.money import Money
from simplane.suppliers.esimgo import orders, wire
from simplane.suppliers.outcomes import Accepted, NotReady, Permanent
from simplane.suppliers.transport import Doubtful

ESIM = {"iccid": "8943108167001960542", "matchingId": "AB-12", "smdpAddress": "rsp.example.com"}
ORDER = {
    "order": [{"esims": [ESIM], "type": "bundle", "item": "a", "quantity": 1, "subTotal": 1.36, "pricePerUnit": 1.36}],
    "total": 1.36,
    "currency": "USD",
    "status": "completed",
    "orderReference": "ref-1",
    "createdDate": "2026-01-04T13:15:43.785826016Z",
}


def order(**changes: Any) -> wire.Order:
    content = {key: value for key, value in (ORDER | changes).items() if value is not ...}
    return wire.order.decode(json.dumps(content).encode())


def order_of(**changes: Any) -> wire.Order:
    return order(order=[{**ORDER["order"][0], "esims": [ESIM | changes]}])  # type: ignore[index]


def test_an_iccid_as_a_number() -> None:
    line = orders.issued(order_of(iccid=8943108167001960542))
    assert line is not None
    assert line.iccid == "8943108167001960542"


@pytest.mark.parametrize("address", ["http://rsp.example.com", "https://rsp.example.com/", "RSP.example.com"])
def test_an_address_with_scheme_or_slash(address: str) -> None:
    line = orders.issued(order_of(smdpAddress=address))
    assert line is not None
    assert line.code.smdp.lower() == "rsp.example.com"


@pytest.mark.parametrize("status", ["processing", "pending", "PROCESSING", "anything new", None])
def test_any_word_but_completed_is_on_its_way(status: str | None) -> None:
    assert orders.bought(order(status=status)) == Accepted("ref-1")


@pytest.mark.parametrize("status", ["failed", "Cancelled", "FAILED"])
def test_a_failed_order_is_refused(status: str) -> None:
    assert isinstance(orders.bought(order(status=status)), Permanent)


@pytest.mark.parametrize("missing", [{"matchingId": None}, {"smdpAddress": ""}])
def test_a_bought_esim_without_install_details_is_fetched_later(missing: Any) -> None:
    assert orders.bought(order_of(**missing)) == Accepted("ref-1")


def test_a_completed_order_without_esims_is_fetched_later() -> None:
    bare = order(order=[{"type": "bundle", "item": "a", "quantity": 1}])
    assert orders.bought(bare) == Accepted("ref-1")
    assert isinstance(orders.present(bare), NotReady)


def test_an_order_without_a_number_is_doubtful() -> None:
    with pytest.raises(Doubtful):
        orders.bought(order(orderReference=...))


@pytest.mark.parametrize("changes", [{"order": {"0": {}}}, {"total": [1.36]}, {"status": 7}, {"orderReference": {}}])
def test_a_wrong_type_is_no_answer(changes: Any) -> None:
    with pytest.raises(ValueError, match="Expected"):
        order(**changes)


@pytest.mark.parametrize("smdp", ["no host at all", "a b", "http://"])
def test_an_impossible_address_is_no_answer(smdp: str) -> None:
    with pytest.raises(Exception, match="SM-DP"):
        orders.issued(order_of(smdpAddress=smdp))


def test_a_price_as_text_or_with_many_decimals() -> None:
    assert orders.unit_cost(order(total="1.36")) == Money(136, "USD")
    assert orders.unit_cost(order(total=1.365)) == Money(137, "USD")


def test_the_price_of_one_of_several() -> None:
    several = order(order=[{"type": "bundle", "item": "a", "quantity": 4, "pricePerUnit": 1.36}], total=5.44)
    assert orders.unit_cost(several) == Money(136, "USD")


def test_a_listed_order_with_its_other_date() -> None:
    [found] = orders.found([order(createdDate=..., createDate="2026-01-04T13:15:43.785826999Z")], "a")
    assert found.created_at == datetime(2026, 1, 4, 13, 15, 43, 785_826, UTC)


@pytest.mark.parametrize("kind", ["autoTopup", "apiTopup", "topup", "bundleAssignment"])
def test_money_and_stock_are_no_purchases(kind: str) -> None:
    assert orders.found([order(order=[{"type": kind, "item": "a", "quantity": 1}])], "a") == []


def test_other_bundles_are_left_out() -> None:
    assert orders.found([order()], "b") == []


def test_a_listed_order_without_a_time_spoils_the_lookup() -> None:
    with pytest.raises(Doubtful):
        orders.found([order(createdDate=...)], "a")

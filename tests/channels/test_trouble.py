"""Trouble that a shop tells of an order: disputes, holds, risk. A person sees it, and it ends when it is over."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from simplane.channels.models import Shop
from simplane.channels.shopify.trouble import DISPUTED, HIGH_RISK, ON_HOLD
from simplane.core import clock
from simplane.core.models import DeadLetter
from simplane.ordering.models import Order
from tests.channels import bodies
from tests.channels.helpers import Merchant, handled, order_of, told, work_off


@pytest.mark.usefixtures("esim")
class TestTrouble:
    def paid(self, **given: Any) -> tuple[dict[str, Any], Order]:
        body = bodies.order(**given)
        return body, order_of(told("orders/paid", body))

    def test_a_dispute_holds_the_order_and_tells_a_person_until_it_is_won(self) -> None:
        body, order = self.paid()
        dispute = {
            "id": 77,
            "order_id": body["id"],
            "amount": "19.00",
            "currency": "EUR",
            "reason": "fraudulent",
            "status": "needs_response",
            "initiated_at": clock.now().isoformat(),
            "evidence_due_by": "2026-12-01T00:00:00+01:00",
        }
        told("disputes/create", dispute)
        order.refresh_from_db()
        assert (order.state, order.hold_reason) == ("held", DISPUTED)
        letter = DeadLetter.objects.get(kind="dispute")
        assert (letter.cause, letter.money_minor) == ("payment_disputed", 1900)
        assert "2026-11-30" in letter.summary
        told("disputes/update", dispute | {"status": "won"})
        order.refresh_from_db()
        assert order.state == "open"
        assert DeadLetter.objects.get(kind="dispute").resolved_at is not None

    @pytest.mark.parametrize(
        ("setting", "level", "state"), [(True, "high", "held"), (True, "low", "open"), (False, "high", "open")]
    )
    def test_high_risk_holds_if_the_merchant_wants_that(
        self, shop: Shop, setting: bool, level: str, state: str
    ) -> None:
        shop.settings = {"hold_high_risk": setting}
        shop.save()
        body, order = self.paid()
        risk = {"risk_level": level, "admin_graphql_api_order_id": f"gid://shopify/Order/{body['id']}"}
        told("orders/risk_assessment_changed", risk)
        order.refresh_from_db()
        assert order.state == state
        assert order.hold_reason == (HIGH_RISK if state == "held" else "")

    def test_a_fulfilment_hold_stops_buying_and_its_release_goes_on(self, merchant: Merchant) -> None:
        made = merchant.sells({}, {"sku": "CASE", "requires_shipping": True})
        handled(bodies.message("orders/edited", {"order_edit": {"order_id": made["order_id"]}}))
        order = Order.objects.get()
        digital, physical = homes(merchant, made)
        for home, state in ((physical, "open"), (digital, "held")):
            merchant.does("hold", made, fulfillment_order=home)
            told(
                "fulfillment_orders/placed_on_hold",
                {"fulfillment_order": {"id": f"gid://shopify/FulfillmentOrder/{home}"}},
            )
            work_off("channels.read_hold")
            order.refresh_from_db()
            assert order.state == state
        assert order.hold_reason == ON_HOLD
        merchant.does("release", made, fulfillment_order=digital)
        told(
            "fulfillment_orders/hold_released",
            {"fulfillment_order": {"id": f"gid://shopify/FulfillmentOrder/{digital}"}},
        )
        work_off("channels.read_hold")
        order.refresh_from_db()
        assert order.state == "open"


def homes(merchant: Merchant, made: dict[str, Any]) -> list[int]:
    """Fulfilment orders of an order: the stand-in numbers an order's parts one after the other."""
    query = {"query": "query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 9) { nodes { id } } } }"}
    shop = Shop.objects.get()
    token = shop.access_token["token"]
    answer = httpx2.post(
        f"{shop.api_url}/admin/api/2026-10/graphql.json",
        json=query | {"variables": {"id": f"gid://shopify/Order/{made['order_id']}"}},
        headers={"X-Shopify-Access-Token": token},
        trust_env=False,
    ).json()
    nodes = answer["data"]["order"]["fulfillmentOrders"]["nodes"]
    return [int(node["id"].rpartition("/")[2]) for node in nodes]

"""Suspend, resume, end and give back, against the suppliers' stand-ins."""

from __future__ import annotations

import pytest

from simplane.core import clock
from simplane.core.models import AuditEntry
from simplane.ledger.models import Wallet
from simplane.ledger.verify import verify
from simplane.lines.models import Line
from simplane.ordering.models import Unit
from simplane.suppliers.models import Supplier
from tests import factories
from tests.api.v1.calls import program
from tests.world import World


def test_an_esim_is_suspended_resumed_given_back_or_ended(world: World) -> None:
    world.only(world.redtea)
    caller = program()
    placed = caller.post("/orders", {"lines": [{"sku": world.product.sku, "quantity": 2}]}, key="o-1").told
    world.work()
    first, second = placed["lines"][0]["units"]
    assert caller.get(f"/esims/{first}").told["can"] == {
        "suspend": True, "resume": False, "cancel": True, "refund": True, "top_up": False,
    }  # fmt: skip

    assert caller.post(f"/esims/{first}/suspend").told["state"] == "suspended"
    assert caller.post(f"/esims/{first}/suspend").told["can"]["resume"] is True
    assert caller.post(f"/esims/{first}/resume").told["state"] == "ready"

    asked = caller.post(f"/esims/{first}/refund", key="r-1")
    assert (asked.status, asked.told["refund"]["state"]) == (202, "under_way")
    assert caller.post(f"/esims/{first}/refund", key="r-1").raw == asked.raw
    assert caller.post(f"/esims/{first}/refund").told["refund"]["state"] == "under_way"
    world.work()
    shown = caller.get(f"/esims/{first}").told
    assert (shown["state"], shown["refund"]["state"], shown["activation"]) == ("ended", "done", None)
    assert caller.get(f"/units/{first}").told["state"] == "cancelled"
    assert caller.post(f"/esims/{first}/suspend").code == "not_now"
    assert Wallet.objects.get().balance_minor == 91_00

    ended = caller.post(f"/esims/{second}/cancel")
    assert (ended.status, ended.told["state"], ended.told["service"]) == (200, "ended", "terminated")
    assert caller.post(f"/esims/{second}/cancel").code == "not_now"
    assert Wallet.objects.get().balance_minor == 91_00
    assert verify().problems == ()
    done = AuditEntry.objects.filter(actor__startswith="api_key:", entity="line").order_by("pk")
    assert list(done.values_list("action", flat=True)) == [
        "line.suspended", "line.suspended", "line.resumed", "line.terminated",
    ]  # fmt: skip


@pytest.mark.django_db
def test_what_can_not_be_done_is_told_and_changes_nothing() -> None:
    caller = program()
    order = factories.order(organization=caller.organization, book="wholesale", account=caller.organization.slug)
    unit = factories.delivered_unit(order_line=factories.order_line(order=order))
    path = f"/esims/{unit.public_id}"
    Supplier.objects.update(vendor="esimgo", options={"version": "2.4"}, base_url="http://127.0.0.1:9")
    assert caller.post(f"{path}/suspend").code == caller.post(f"{path}/resume").code == "not_supported"
    assert caller.get(path).told["can"]["suspend"] is False
    Line.objects.update(data_used=1)
    assert caller.post(f"{path}/refund").code == "not_refundable"
    for over in ({"service_state": "terminated"}, {"ended_at": clock.now()}, {"plan_state": "expired"}):
        Line.objects.update(
            **{"data_used": 0, "service_state": "active", "ended_at": None, "plan_state": "queued"} | over
        )
        assert caller.get(path).told["can"]["refund"] is False
        assert caller.post(f"{path}/refund").code == "not_refundable"
    assert Unit.objects.get().state == "delivered"
    assert not AuditEntry.objects.filter(actor__startswith="api_key:").exists()


@pytest.mark.django_db
def test_a_unit_that_is_not_bought_is_cancelled_and_its_money_is_back(transactional_db: None) -> None:
    factories.price(product=factories.product(sku="EU-5"), amount_minor=4_50)
    caller = program()
    placed = caller.post("/orders", {"lines": [{"sku": "EU-5", "quantity": 2}]}, key="o-1").told
    first, second = placed["lines"][0]["units"]
    cancelled = caller.post(f"/units/{first}/cancel", key="c-1")
    assert (cancelled.status, cancelled.told["state"]) == (200, "cancelled")
    assert caller.post(f"/units/{first}/cancel").told["state"] == "cancelled"
    assert caller.get(f"/orders/{placed['id']}").told["units"][1]["state"] == "waiting"
    assert Wallet.objects.get().balance_minor == 95_50
    Unit.objects.filter(public_id=second).update(line=factories.line(), state="ready")
    assert caller.post(f"/units/{second}/cancel").code == "not_now"
    assert verify().problems == ()

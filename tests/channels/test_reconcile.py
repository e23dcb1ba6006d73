"""Comparing a shop with us: what was missing is taken in, and the proof adds up or says what does not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from simplane.channels import mapping, reconcile
from simplane.channels.errors import ReconciliationFailed
from simplane.channels.models import Reconciliation, Shop
from simplane.core import clock
from simplane.core.models import DeadLetter, Event
from simplane.ops import reconcile as command
from simplane.ordering import actions as ordering
from simplane.ordering.models import Order, Unit
from tests import factories
from tests.channels.helpers import SKU, Merchant, queued, run, units_of, work_off

pytestmark = pytest.mark.usefixtures("esim")
CASE = {"sku": "CASE", "requires_shipping": True}


def compared(kind: str = "recent") -> dict[str, Any]:
    proof: dict[str, Any] = run(reconcile.reconcile(Shop.objects.get().pk, kind))  # type: ignore[arg-type]
    return proof


def whys(proof: dict[str, Any]) -> dict[str, str]:
    """Order name -> the exception it is named with."""
    return {entry["name"]: entry["why"] for entry in proof["exceptions"]}


class TestFindsWhatWasMissed:
    def test_lost_webhooks_are_made_up_for(self, merchant: Merchant) -> None:
        made = [merchant.sells({"quantity": 2}) for _ in range(3)]
        proof = compared()
        assert (proof["at_shop"], proof["here"], proof["recovered"], proof["balanced"]) == (3, 3, 3, True)
        assert [len(units_of(one["order_id"])) for one in made] == [2, 2, 2]
        again = compared()
        assert (again["here"], again["recovered"], again["balanced"]) == (3, 0, True)
        assert Unit.objects.count() == 6

    def test_a_lost_cancel_and_a_lost_edit_are_taken_in(self, merchant: Merchant) -> None:
        cancelled, raised = merchant.sells(), merchant.sells()
        compared()
        merchant.does("cancel", cancelled)
        merchant.does("edit", raised, **{"raise": {str(raised["lines"][0]["id"]): 1}})
        merchant.does("pay", raised)
        proof = compared()
        assert proof["balanced"]
        assert [unit.state for unit in units_of(cancelled["order_id"])] == ["cancelled"]
        assert len(units_of(raised["order_id"])) == 2

    def test_every_page_is_read(self, merchant: Merchant) -> None:
        merchant.standin.control("shops/demo-shop.myshopify.com/orders", count=60, lines=[{"sku": SKU}])
        proof = compared()
        assert (proof["at_shop"], proof["here"], proof["balanced"]) == (60, 60, True)

    def test_an_order_of_many_lines_is_read_whole(self, merchant: Merchant) -> None:
        made = merchant.sells(*({"title": f"Line {n}"} for n in range(30)))
        assert compared()["balanced"]
        assert len(units_of(made["order_id"])) == 30

    def test_throttling_is_waited_out(self, merchant: Merchant) -> None:
        merchant.sells()
        merchant.standin.fault("graphql", "throttle", times=2)
        assert compared()["balanced"]


class TestProof:
    def test_every_exception_has_its_name(self, merchant: Merchant) -> None:
        Shop.objects.update(settings={"test_orders": "ignore", "free_orders": False})
        pending = merchant.sells(financial_status="pending")
        part = merchant.sells(financial_status="partially_paid")
        cancelled, refunded = merchant.sells(), merchant.sells()
        merchant.does("cancel", cancelled, refund=False)
        merchant.does("refund", refunded, full=True)
        test = merchant.sells(test=True)
        free = merchant.sells(total="0.00")
        unknown = merchant.sells({"sku": "ESIM-MARS"}, {})
        merchant.sells(CASE)
        merchant.sells(CASE)
        mixed = merchant.sells({}, CASE)
        proof = compared()
        assert proof["balanced"]
        assert proof["unexplained"] == []
        assert whys(proof) == {
            pending["reference"]: "not paid: pending",
            part["reference"]: "not paid: partly_paid",
            cancelled["reference"]: "cancelled",
            refunded["reference"]: "refunded",
            test["reference"]: "test order, ignored by setting",
            free["reference"]: "held: free orders are not allowed by the settings of this shop",
            unknown["reference"]: "needs mapping: ESIM-MARS",
            "": "nothing of ours",
        }
        assert sum(entry.get("count", 1) for entry in proof["exceptions"]) == 9
        assert (proof["at_shop"], proof["here"]) == (10, 1)
        assert len(units_of(mixed["order_id"])) == 1
        row = Reconciliation.objects.get()
        assert (row.balanced, row.at_shop, row.here) == (True, 10, 1)

    def test_a_unit_too_few_is_told_and_goes_before_a_person(self, merchant: Merchant) -> None:
        made = merchant.sells({"quantity": 2})
        compared()
        units_of(made["order_id"])[0].delete()
        proof = compared()
        assert not proof["balanced"]
        assert proof["unexplained"][0]["why"] == f"line {SKU}: 2 owed at the shop, 1 here"
        letter = DeadLetter.objects.get(kind="reconciliation")
        assert (letter.cause, letter.subject_id) == ("reconciliation_unbalanced", "demo")
        assert Event.objects.filter(name="ReconciliationUnbalanced").count() == 1
        assert (proof["at_shop"], proof["here"]) == (1, 0)

    def test_a_later_balanced_run_closes_the_letter(self, merchant: Merchant) -> None:
        made = merchant.sells({"quantity": 2})
        compared()
        taken = units_of(made["order_id"])[0]
        taken.delete()
        compared()
        taken.save(force_insert=True)
        assert compared()["balanced"]
        assert DeadLetter.objects.get(kind="reconciliation").resolution == "balanced"

    def test_units_given_up_here_fit_until_the_shop_pays_them_back(self, merchant: Merchant) -> None:
        made = merchant.sells({"quantity": 2})
        compared()
        ordering.cancel_unit(units_of(made["order_id"])[0].pk, "no offer")
        assert compared()["balanced"]
        merchant.does("refund", made, lines={str(made["lines"][0]["id"]): 1})
        assert compared()["balanced"]

    def test_an_order_that_can_not_be_taken_in_is_named_and_hides_no_other(self, merchant: Merchant) -> None:
        # More eSIMs than a column of ours can count.
        Shop.objects.update(settings={"hold_above_units": 10_000_000})
        bad, good = merchant.sells({"quantity": 2_000_000, "price": "0.01"}), merchant.sells()
        proof = compared()
        assert [entry["name"] for entry in proof["unexplained"]] == [bad["reference"]]
        assert len(units_of(good["order_id"])) == 1
        assert (proof["at_shop"], proof["here"], proof["balanced"]) == (2, 1, False)


class TestWindow:
    def test_the_watermark_follows_the_newest_order_and_overlaps(self, merchant: Merchant, shop: Shop) -> None:
        merchant.sells()
        compared()
        shop.refresh_from_db()
        assert shop.watermark is not None
        assert abs(shop.watermark - clock.now()) < timedelta(minutes=1)
        assert compared()["since"] == (shop.watermark - timedelta(minutes=10)).isoformat()

    def test_a_full_run_looks_three_days_back(self, merchant: Merchant) -> None:
        merchant.sells()
        compared()
        since = clock.parse_time(compared("full")["since"])
        assert abs(clock.now() - timedelta(days=3) - since) < timedelta(minutes=1)

    @pytest.mark.parametrize("fault", [{"kind": "status_before", "status": 404}, {"kind": "access_denied"}])
    def test_a_run_that_breaks_off_moves_no_watermark_and_says_so(
        self, merchant: Merchant, shop: Shop, fault: Any
    ) -> None:
        merchant.sells()
        merchant.standin.control("faults", operation="graphql", match="ChangedOrders", **fault)
        with pytest.raises(ReconciliationFailed):
            compared()
        shop.refresh_from_db()
        assert shop.watermark is None
        row = Reconciliation.objects.get()
        assert row.balanced is None
        assert row.problem
        assert DeadLetter.objects.get(kind="reconciliation").cause == "reconciliation_failed"

    def test_a_filter_the_shop_left_out_fails_loudly(self, merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
        # What a wrong format of the moment would do: the shop ignores the filter and sends everything.
        merchant.sells()
        monkeypatch.setattr(reconcile, "QUERY", "updated_at:>=%Y-%m-%dT%H:%M")
        with pytest.raises(ReconciliationFailed, match="did not understand our filter"):
            compared()
        assert not Order.objects.exists()


class TestTimetable:
    def test_a_paused_shop_is_asked_and_goes_on_by_itself(self) -> None:
        Shop.objects.update(state="paused", problem="the access token is refused")
        assert run(reconcile.probe_paused()) == ["demo"]
        assert Shop.objects.get().state == "active"

    def test_a_paused_shop_that_still_refuses_stays_paused(self, merchant: Merchant) -> None:
        Shop.objects.update(state="paused")
        merchant.standin.fault("graphql", "status_before", status=423)
        assert run(reconcile.probe_paused()) == []
        assert Shop.objects.get().state == "paused"

    def test_one_shop_that_fails_does_not_stop_the_others(self, merchant: Merchant) -> None:
        factories.shop(key="broken", domain="no-shop.example")
        made = merchant.sells()
        with pytest.raises(ReconciliationFailed, match="broken"):
            run(reconcile.reconcile_all("recent"))
        assert len(units_of(made["order_id"])) == 1

    def test_a_line_that_came_in_while_its_sku_was_mapped_goes_on(self, merchant: Merchant, shop: Shop) -> None:
        made = merchant.sells({"sku": "NEW"})
        compared()
        factories.channel_sku(shop=shop, sku="NEW", product=factories.product())
        compared()
        assert len(units_of(made["order_id"])) == 1


class TestCommand:
    def test_prints_the_proof_as_one_object(self, merchant: Merchant, capsys: pytest.CaptureFixture[str]) -> None:
        merchant.sells()
        assert command.main(["--shop", "demo", "--json"]) == 0
        proof = json.loads(capsys.readouterr().out)
        assert (proof["shop"], proof["at_shop"], proof["here"], proof["balanced"]) == ("demo", 1, 1, True)

    def test_says_in_words_what_does_not_fit_and_fails(
        self, merchant: Merchant, capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = merchant.sells({"quantity": 2})
        command.main(["--full"])
        units_of(made["order_id"])[0].delete()
        capsys.readouterr()
        assert command.main([]) == 1
        assert f"{made['reference']} DOES NOT FIT" in capsys.readouterr().out

    def test_a_shop_that_can_not_be_asked_fails(self, merchant: Merchant, capsys: pytest.CaptureFixture[str]) -> None:
        merchant.standin.fault("graphql", "status_before", status=404)
        assert command.main(["--shop", "demo", "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["problem"]

    def test_an_unknown_shop_is_refused(self) -> None:
        with pytest.raises(SystemExit) as refused:
            command.main(["--shop", "nobody"])
        assert refused.value.code == 2


class TestMapping:
    def test_a_mapped_sku_lets_waiting_orders_go_on(self, merchant: Merchant, shop: Shop) -> None:
        made = [merchant.sells({"sku": "NEW", "quantity": 2}) for _ in range(2)]
        compared()
        assert [units_of(one["order_id"]) for one in made] == [[], []]
        product = factories.product()
        mapping.map_sku(shop.pk, sku=" NEW ", product_id=product.pk)
        assert work_off("channels.map_waiting_lines") == 1
        assert [len(units_of(one["order_id"])) for one in made] == [2, 2]
        assert compared()["balanced"]

    def test_a_sku_that_is_none_of_ours_closes_the_question(self, merchant: Merchant, shop: Shop) -> None:
        merchant.sells({"sku": "INSURANCE"}, {})
        compared()
        mapping.map_sku(shop.pk, sku="INSURANCE", product_id=None, reason="shipping protection")
        work_off("channels.map_waiting_lines")
        assert DeadLetter.objects.get(kind="order_line").resolved_at is not None
        proof = compared()
        assert (proof["here"], proof["exceptions"]) == (1, [])

    def test_a_later_word_replaces_an_earlier_one(self, shop: Shop) -> None:
        first, second = factories.product(), factories.product()
        row = mapping.map_sku(shop.pk, sku="X", product_id=first.pk)
        assert mapping.map_sku(shop.pk, sku="X", product_id=second.pk) == row

    @pytest.mark.parametrize(("sku", "variant"), [("", ""), ("A", "7")])
    def test_it_takes_a_sku_or_a_variant(self, shop: Shop, sku: str, variant: str) -> None:
        from simplane.core.errors import BadInput

        with pytest.raises(BadInput):
            mapping.map_sku(shop.pk, sku=sku, variant=variant, product_id=None)
        assert queued("channels.map_waiting_lines") == []

"""Any story of an order at a shop, told in any order and any number of times: what is owed here is what the shop owes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from simplane.core import clock
from simplane.core.db import transaction
from simplane.ordering import states
from simplane.ordering.actions import NotNow, accept_order, cancel_unit, hold_order, release_order, retry_unit
from simplane.ordering.actions.compensate import Finding, _keep
from simplane.ordering.actions.shrink import settle_cancel_wanted
from simplane.ordering.models import Compensation, Order, Unit
from simplane.ordering.moves import die, finish_order, lock_order, move
from simplane.ordering.queries import given_back
from simplane.ordering.values import IncomingOrder, Paid
from simplane.suppliers.models import Purchase
from tests import factories
from tests.ordering import incoming

S = Unit.State
MONEY: tuple[Paid, ...] = ("pending", "paid", "partly_refunded", "refunded")
picks = st.integers(0, 5)


@dataclass
class ShopLine:
    """As Shopify counts: `ordered` only grows, what is removed or refunded is counted beside it."""

    external_id: str
    ordered: int
    removed: int = 0
    paid_back: bool = False
    """By an amount that named no line: the shop still shows it as it was."""

    @property
    def current(self) -> int:
        return self.ordered - self.removed


class Story(RuleBasedStateMachine):
    """One order. The shop changes it; we hear of it late, twice, in part and out of order; our own work goes on beside."""

    @initialize(paid=st.sampled_from(["pending", "paid"]), quantity=st.integers(1, 3))
    def placed(self, paid: Paid, quantity: int) -> None:
        self.product = factories.product()
        self.start = clock.now() - timedelta(hours=1)
        self.external_id = f"story-{factories.number()}"
        self.paid: Paid = paid
        self.cancelled = False
        self.lines = [ShopLine(f"L{factories.number()}", quantity)]
        self.versions: list[IncomingOrder] = []
        self.ended: dict[int, str] = {}
        self._next()
        self.read()

    # The shop

    def _next(self) -> None:
        moment = self.start + timedelta(seconds=len(self.versions))
        lines = [
            incoming.line(self.product, external_id=one.external_id, quantity=one.ordered, current=one.current)
            for one in self.lines
        ]
        made = incoming.order(
            *lines,
            external_id=self.external_id,
            paid=self.paid,
            email="ana@example.com",
            updated_at=moment,
            cancelled_at=moment if self.cancelled else None,
        )
        self.versions.append(made)
        self.in_step = False

    @rule(which=picks, more=st.integers(1, 2))
    @precondition(lambda self: not self.cancelled)
    def raised(self, which: int, more: int) -> None:
        self.lines[which % len(self.lines)].ordered += more
        self._next()

    @rule(which=picks)
    def removed(self, which: int) -> None:
        line = self.lines[which % len(self.lines)]
        if line.current:
            line.removed += 1
            self._next()

    @rule(quantity=st.integers(1, 2))
    @precondition(lambda self: not self.cancelled and len(self.lines) < 3)
    def line_added(self, quantity: int) -> None:
        self.lines.append(ShopLine(f"L{factories.number()}", quantity))
        self._next()

    @rule(rarely=st.integers(0, 5))
    @precondition(lambda self: not self.cancelled and self.paid != "refunded")
    def money_moved(self, rarely: int) -> None:
        if self.paid == "pending" or rarely == 0:
            self.paid = MONEY[MONEY.index(self.paid) + 1]
            self._next()

    @rule(quantity=st.integers(1, 2))
    @precondition(lambda self: self.paid == "refunded" and not self.cancelled and len(self.lines) < 3)
    def more_bought_after_a_whole_refund(self, quantity: int) -> None:
        for line in self.lines:
            line.paid_back = True
        self.paid = "partly_refunded"
        self.lines.append(ShopLine(f"L{factories.number()}", quantity))
        self._next()

    @rule(rarely=st.integers(0, 7))
    @precondition(lambda self: not self.cancelled)
    def cancelled_at_the_shop(self, rarely: int) -> None:
        if rarely == 0:
            self.cancelled = True
            self._next()

    # What we hear

    def _hear(self, told: IncomingOrder) -> None:
        accept_order(told)
        self.in_step = told.complete and told.updated_at == self.versions[-1].updated_at

    @rule()
    def read(self) -> None:
        self._hear(self.versions[-1])

    @rule(which=st.integers(0, 30), complete=st.booleans())
    def an_old_message(self, which: int, complete: bool) -> None:
        in_step = self.in_step
        told = replace(self.versions[which % len(self.versions)], complete=complete)
        self._hear(told)
        self.in_step = self.in_step or (in_step and told.updated_at < self.versions[-1].updated_at)

    @rule()
    def the_same_read_twice(self) -> None:
        self._hear(self.versions[-1])
        before = self._picture()
        again = accept_order(self.versions[-1])
        assert (again.created, again.new_units, again.cancelled_units) == (False, 0, 0)
        assert self._picture() == before

    # Our own work

    def _pick(self, which: int, *wanted: str) -> Unit | None:
        found = list(self._units().filter(state__in=wanted).select_related("order", "line", "purchase").order_by("pk"))
        return found[which % len(found)] if found else None

    @rule(steps=st.lists(st.tuples(picks, st.booleans()), min_size=1, max_size=5))
    def our_work(self, steps: list[tuple[int, bool]]) -> None:
        """Some units go on by a step each, for better or worse."""
        for which, well in steps:
            unit = self._pick(which, S.WAITING, S.BUYING, S.PENDING, S.UNKNOWN, S.READY)
            compensation = self._compensation(which)
            if compensation is not None:
                assert compensation.unit.line is not None
                finding = Finding(Compensation.State.DONE if well else Compensation.State.LOSS, "as it is")
                _keep(compensation, compensation.unit.line, finding)
            elif unit is not None and unit.state == S.WAITING:
                self._sent(unit, "pending" if well else "unknown")
            elif unit is not None and unit.state == S.READY:
                self._mailed(unit)
            elif unit is not None:
                self._answered(unit, sold=well)

    def _compensation(self, which: int) -> Compensation | None:
        found = list(Compensation.objects.filter(unit__in=self._units(), state="open").select_related("unit__line"))
        return found[which % len(found)] if found else None

    def _sent(self, unit: Unit, state: str) -> None:
        if unit.order.state != "open":
            return
        purchase = factories.purchase(unit_id=unit.pk, state=state)
        with transaction():
            lock_order(unit.order_id)
            move(unit, S.ROUTED, S.BUYING, state, due_at=clock.now(), purchase=purchase)

    def _answered(self, unit: Unit, *, sold: bool) -> None:
        purchase = Purchase.objects.filter(unit_id=unit.pk).latest("pk")
        Purchase.objects.filter(pk=purchase.pk).update(state="bought" if sold else "rejected")
        line = factories.line(unit_id=unit.pk, purchase=purchase) if sold else None
        with transaction():
            lock_order(unit.order_id)
            if line is not None:
                move(unit, S.READY, due_at=clock.now(), line=line)
            if unit.cancel_wanted:
                settle_cancel_wanted(unit)
            elif line is None:
                move(unit, S.WAITING, due_at=clock.now())

    def _mailed(self, unit: Unit) -> None:
        if not unit.cancel_wanted:
            with transaction():
                lock_order(unit.order_id)
                move(unit, S.DELIVERED, due_at=None)
                finish_order(unit.order_id)

    @rule(which=picks)
    def died(self, which: int) -> None:
        unit = self._pick(which, S.WAITING, S.PENDING, S.UNKNOWN)
        if unit is not None:
            with transaction():
                die(unit, "no_offer", "nobody sells it")

    @rule(which=picks, verb=st.sampled_from(["cancel", "retry"]))
    def a_person(self, which: int, verb: str) -> None:
        standing = set(S.values) - {S.CANCELLED, S.REFUNDED}
        unit = self._pick(which, *(standing - {S.FAILED, S.DEAD} if verb == "cancel" else (S.DEAD, S.FAILED)))
        if unit is not None:
            with suppress(NotNow):
                cancel_unit(unit.pk, "given up") if verb == "cancel" else retry_unit(unit.pk)

    @rule(rarely=st.integers(0, 3))
    def held_or_released(self, rarely: int) -> None:
        order = self._order()
        if order is not None:
            with suppress(NotNow):
                hold_order(order.pk, "a look") if rarely == 0 else release_order(order.pk)
            self.in_step = False

    # What must be true at any time

    def _order(self) -> Order | None:
        return Order.objects.filter(external_id=self.external_id).first()

    def _units(self) -> Any:
        return Unit.objects.filter(external_order=self.external_id)

    def _picture(self) -> object:
        order = self._order()
        assert order is not None
        units = list(self._units().order_by("pk").values_list("pk", "state", "cancel_wanted", "due_at"))
        lines = list(order.lines.order_by("pk").values_list("external_id", "quantity", "wanted"))
        rows = list(
            Compensation.objects.filter(unit__in=self._units()).order_by("pk").values_list("pk", "state", "reason")
        )
        return units, lines, rows, order.state, order.clock_next_at, order.hold_reason

    @invariant()
    def what_the_shop_owes_is_owed_here(self) -> None:
        order = self._order()
        if order is None or not self.in_step or order.state in ("held", "awaiting_payment"):
            return
        for line in self.lines:
            units = self._units().filter(external_line=line.external_id).exclude(given_back())
            wanted = 0 if self.cancelled or self.paid == "refunded" else line.current
            assert units.count() <= wanted if line.paid_back else units.count() == wanted, line

    @invariant()
    def never_more_units_than_were_ever_ordered(self) -> None:
        for line in self.lines:
            indexes = list(
                self._units().filter(external_line=line.external_id).order_by("index").values_list("index", flat=True)
            )
            assert indexes == list(range(len(indexes)))
            assert len(indexes) <= line.ordered

    @invariant()
    def what_was_taken_back_stays_so(self) -> None:
        now = dict(self._units().filter(state__in=states.TAKEN_BACK).values_list("pk", "state"))
        assert self.ended.items() <= now.items()
        self.ended = now

    @invariant()
    def the_order_says_what_its_units_are(self) -> None:
        order = self._order()
        if order is None:
            return
        found = set(self._units().values_list("state", flat=True))
        unfinished = found - states.ENDED
        if order.state == "open":
            assert unfinished
            assert order.clock_next_at is not None
        else:
            assert order.clock_next_at is None
        if order.state == "done":
            assert not unfinished
            assert S.DELIVERED in found
        if order.state == "cancelled":
            assert not unfinished
            assert S.DELIVERED not in found

    @invariant()
    def what_owes_a_step_has_a_time(self) -> None:
        order = self._order()
        if order is not None and order.state == "open":
            owing = self._units().exclude(state__in=[*states.ENDED, S.DEAD])
            assert not owing.filter(due_at__isnull=True, cancel_wanted="").exists()
            forgotten = Unit.objects.filter(pk__in=owing, cancel_wanted__gt="", due_at__isnull=True)
            assert not forgotten.filter(compensation__isnull=True).exists()


@pytest.mark.django_db
def test_any_story_ends_with_what_the_shop_owes() -> None:
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

"""Setting prices with the guard that needs costs: below a product's least margin a price waits for a second person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from simplane.catalog import queries as catalog
from simplane.catalog.errors import StaleDecision
from simplane.catalog.models import MarkupRule, PriceProposal, Product
from simplane.catalog.prices import NewPrice, check, markup_of, put
from simplane.catalog.scopes import Scope, agreed_prices, money_of
from simplane.core import audit, clock, context
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.foureyes import require_another
from simplane.core.money import Money
from simplane.routing import margins

State = PriceProposal.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A price to be beside what it replaces and what it would leave of the cheapest cost (None: no cost is known)."""

    new: NewPrice
    before: Money | None
    cost: Money | None
    """With the supplier's handling, in the price's currency."""
    left: Money | None

    @property
    def percent(self) -> int | None:
        """Of the price, rounded down."""
        return margins.percent(self.left, self.new.price) if self.left else None

    @property
    def least(self) -> Money:
        """What it should leave."""
        return Money(self.new.product.min_margin_minor, self.new.price.currency)

    @property
    def needs_approval(self) -> bool:
        """A second person must look at it."""
        return self.left is not None and self.left.minor < self.least.minor

    @property
    def unchanged(self) -> bool:
        """It is the price already."""
        return self.before == self.new.price and self.new.valid_from is None and self.new.valid_until is None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many prices hold now, wait for a second person, or were as wanted already."""

    done: int
    waiting: int
    unchanged: int

    def __str__(self) -> str:
        parts = [f"{self.done} price{'' if self.done == 1 else 's'} set"]
        if self.waiting:
            parts.append(f"{self.waiting} below the least margin: a colleague must approve")
        if self.unchanged:
            parts.append(f"{self.unchanged} unchanged")
        return ", ".join(parts)


def judge(news: Sequence[NewPrice]) -> list[Judged]:
    """Each price with its margin, in a fixed number of queries for each scope. Changes nothing."""
    offers = margins.approved_offers({one.product.pk: one.product for one in news}.values())
    rates = catalog.rates_in_force()
    groups: defaultdict[tuple[Scope, str], list[int]] = defaultdict(list)
    for one in news:
        groups[one.scope, one.price.currency].append(one.product.pk)
    agreed = {group: agreed_prices(*group, product_ids) for group, product_ids in groups.items()}
    made = []
    for one in news:
        row = agreed[one.scope, one.price.currency].get(one.product.pk)
        best = margins.best(offers.get(one.product.pk, []), one.price, rates)
        left = best.left if best else None
        cost = one.price - left if left else None
        made.append(Judged(new=one, before=money_of(row) if row else None, cost=cost, left=left))
    return made


def set_prices(news: Sequence[NewPrice]) -> Outcome:
    """All of them or none. Raises BadPrice, BadMoney, and BadInput when one that needs approval gives no reason."""
    with transaction():
        _lock(sorted({one.product.pk for one in news}))
        done = waiting = unchanged = 0
        for one in judge(news):
            if one.unchanged:
                unchanged += 1
                continue
            _withdraw(one.new)
            if one.needs_approval:
                _propose(one)
                waiting += 1
            else:
                put(one.new)
                done += 1
        return Outcome(done, waiting, unchanged)


def decide(proposal_id: int, *, approve: bool, reason: str) -> None:
    """Another person's word on a price below the least margin. Raises SecondPersonNeeded, StaleDecision, BadInput."""
    if not reason.strip():
        raise BadInput("a reason is missing", fix="say why; it stands in the history of the price")
    with transaction():
        found = PriceProposal.objects.filter(pk=proposal_id).values_list("product_id", flat=True).first()
        if found is None:
            raise NotFound("there is no such proposal")
        _lock([found])
        rows = PriceProposal.objects.select_for_update(of=("self",)).select_related("product", "tier", "organization")
        row = rows.get(pk=proposal_id)
        if row.state != State.WAITING:
            raise StaleDecision(f"this proposal was {row.state} already", fix="look at the prices as they are now")
        if approve:
            require_another(row.proposed_by, context.actor())
            _approve(row, reason)
        _close(row, State.APPROVED if approve else State.DECLINED, reason)


def prices_by_rule(rule: MarkupRule, *, reason: str = "") -> list[NewPrice]:
    """What the rule makes of today's costs, for every product that is sold and has a cost. Changes nothing."""
    products = list(Product.objects.filter(active=True).order_by("sku"))
    offers, rates, markup = margins.approved_offers(products), catalog.rates_in_force(), markup_of(rule)
    scope, nothing = Scope(rule.tier, rule.organization), Money(0, rule.currency)
    made = []
    for product in products:
        best = margins.best(offers.get(product.pk, []), nothing, rates)
        if best is not None and best.left is not None:
            price = markup.price_of(nothing - best.left)
            made.append(NewPrice(product=product, scope=scope, price=price, reason=reason or f"rule: {markup}"))
    return made


@needs_transaction
def _approve(row: PriceProposal, reason: str) -> None:
    if row.valid_until is not None and row.valid_until <= clock.now():
        raise StaleDecision("the price would be over already", fix="decline it; propose another")
    new = NewPrice(
        product=row.product,
        scope=Scope(row.tier, row.organization),
        price=Money(row.amount_minor, row.currency),
        valid_from=row.valid_from if row.valid_from and row.valid_from > clock.now() else None,
        valid_until=row.valid_until,
        reason=f"{row.reason}; approved: {reason}",
    )
    (now,) = judge([new])
    # Whoever approved saw both: what it left when it was proposed, and what it leaves now.
    floor = min(row.left_minor, now.left.minor if now.left else row.left_minor)
    put(new, proposed_by=row.proposed_by, floor_minor=floor)


@needs_transaction
def _propose(one: Judged) -> None:
    assert one.left is not None
    check(one.new)
    if not one.new.reason.strip():
        raise BadInput(
            f"{one.new.product.sku}: {one.new.price} leaves {one.left}, less than {one.least}",
            fix="give a reason; a colleague then decides",
        )
    PriceProposal.objects.create(
        product=one.new.product,
        **one.new.scope.columns,
        currency=one.new.price.currency,
        amount_minor=one.new.price.minor,
        valid_from=one.new.valid_from,
        valid_until=one.new.valid_until,
        reason=one.new.reason[:200],
        left_minor=one.left.minor,
        least_minor=one.least.minor,
        proposed_by=context.actor()[:120],
        proposed_at=clock.now(),
    )
    audit.note(
        "price.proposed",
        "price",
        f"{one.new.product.sku} {one.new.scope.key}",
        after={"price": str(one.new.price), "leaves": str(one.left), "least": str(one.least)},
        reason=one.new.reason,
    )


@needs_transaction
def _withdraw(new: NewPrice) -> None:
    """The later word counts: a proposal that waits for the same price from the same day is replaced."""
    waiting = PriceProposal.objects.filter(
        **new.scope.columns,
        product=new.product,
        currency=new.price.currency,
        valid_from=new.valid_from,
        state=State.WAITING,
    )
    for row in waiting.select_related("product", "tier", "organization"):
        _close(row, State.DECLINED, "replaced by a newer price")


@needs_transaction
def _close(row: PriceProposal, state: State, reason: str) -> None:
    row.state, row.decision = state, reason[:200]
    row.decided_by, row.decided_at = context.actor()[:120], clock.now()
    row.save(update_fields=["state", "decision", "decided_by", "decided_at"])
    audit.note(
        f"price.{state.value}",
        "price",
        f"{row.product.sku} {Scope(row.tier, row.organization).key}",
        before={"proposed_by": row.proposed_by, "price": str(Money(row.amount_minor, row.currency))},
        reason=reason,
    )


def _lock(product_ids: Sequence[int]) -> None:
    """One price change of a product at a time; orders, which only refer to the product, are not held up."""
    list(Product.objects.select_for_update(no_key=True).filter(pk__in=product_ids).order_by("pk").values_list("pk"))

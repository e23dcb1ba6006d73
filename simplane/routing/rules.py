"""A person's rules on routing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from simplane.catalog.models import Product
from simplane.core import audit, clock, context
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.routing.errors import BadRule
from simplane.routing.models import Rule
from simplane.suppliers.models import Offer, Supplier


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSpec:
    """A rule as somebody wants it. A field that is None is not looked at; `amount_minor` only counts for `prefer`."""

    kind: str
    reason: str
    product_id: int | None = None
    supplier_id: int | None = None
    offer_id: int | None = None
    amount_minor: int = 0
    valid_until: datetime | None = None


def add_rule(spec: RuleSpec) -> Rule:
    """Put a rule in force. Raises BadRule."""
    with transaction():
        return put_rule(spec) or _same(spec)


def expire_rule(rule_id: int, *, reason: str = "") -> None:
    """End a rule; it stays as history. Raises NotFound."""
    with transaction():
        rule = Rule.objects.select_for_update().filter(pk=rule_id, active=True).first()
        if rule is None:
            raise NotFound("there is no such rule in force")
        rule.active, rule.valid_until = False, clock.now()
        rule.save(update_fields=["active", "valid_until"])
        audit.note("rule.expired", "rule", rule.pk, before={"kind": rule.kind, "reason": rule.reason}, reason=reason)


@needs_transaction
def put_rule(spec: RuleSpec) -> Rule | None:
    """Part of a write: put a rule in force. None: the same one is. Raises BadRule."""
    _check(spec)
    if Rule.objects.filter(**asdict(spec), active=True).exists():
        return None
    rule = Rule.objects.create(**asdict(spec), created_at=clock.now(), created_by=context.actor()[:120])
    after = {name: value for name, value in asdict(spec).items() if value is not None and name != "valid_until"}
    audit.note("rule.added", "rule", rule.pk, after=after, reason=spec.reason)
    return rule


def _same(spec: RuleSpec) -> Rule:
    return Rule.objects.filter(**asdict(spec), active=True).latest("pk")


def _check(spec: RuleSpec) -> None:
    if spec.kind not in Rule.Kind.values:
        raise BadRule(f"{spec.kind!r} is no kind of rule", fix=f"one of {', '.join(Rule.Kind.values)}")
    if not spec.reason.strip() or len(spec.reason) > 200:
        raise BadRule(
            "a rule needs a reason of at most 200 characters", fix="say why, for whoever reads a receipt later"
        )
    if spec.kind == Rule.Kind.PREFER and (spec.amount_minor == 0 or abs(spec.amount_minor) >= 2**53):
        raise BadRule("a preference needs an amount", fix="how much more (or, negative, less) it is worth")
    if spec.kind != Rule.Kind.PREFER and spec.amount_minor:
        raise BadRule("only a preference has an amount", fix="leave the amount out")
    if spec.valid_until is not None and spec.valid_until <= clock.now():
        raise BadRule("this rule would end before it begins", fix="choose a moment in the future")
    scopes = ((Product, spec.product_id), (Supplier, spec.supplier_id), (Offer, spec.offer_id))
    for model, pk in scopes:
        if pk is not None and not model._default_manager.filter(pk=pk).exists():
            raise BadRule(f"there is no {model._meta.model_name} {pk}", fix="choose one from the list")
    if spec.kind != Rule.Kind.PREFER and not (spec.product_id or spec.supplier_id or spec.offer_id):
        raise BadRule("this rule would speak of everything", fix="name a product, a supplier or an offer")

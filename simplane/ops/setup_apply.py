"""Bringing the database to what a setup file says: one transaction, every difference noted, secrets never."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction as django_transaction

from simplane.catalog import actions as catalog
from simplane.catalog.models import Product
from simplane.catalog.values import Change, ProductSpec
from simplane.core import audit, context, money
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import Refusal
from simplane.ops import setup_accounts, setup_payments
from simplane.ops.setup_file import BadSetup, ProductEntry, SetupFile, path
from simplane.organizations.queries import operator
from simplane.routing.matching import put_match
from simplane.routing.models import Match
from simplane.routing.rules import RuleSpec, put_rule
from simplane.suppliers.models import CatalogRun, Offer, Supplier

ACTOR = "setup file"


@dataclass(slots=True)
class Report:
    """What loading did, or would do. `waiting`: matches to offers that no sync has brought yet; `kept`: what a person decided."""

    changes: list[Change] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Work:
    """One loading under way: what it found wrong and what it did."""

    file: SetupFile
    environ: Mapping[str, str]
    report: Report = field(default_factory=Report)
    problems: list[str] = field(default_factory=list)

    @contextmanager
    def at(self, *place: int | str) -> Iterator[None]:
        """A refusal inside is a problem of this place; the rest goes on, so that all problems are told at once."""
        try:
            with django_transaction.atomic():
                yield
        except Refusal as refusal:
            self.problems.append(f"{path(*place)}: {refusal.message}")

    def stop_if_wrong(self) -> None:
        """Raise BadSetup when there was a problem so far."""
        if self.problems:
            raise BadSetup(self.problems)

    def did(self, change: Change | None) -> None:
        """Note a difference, if there was one."""
        if change is not None:
            self.report.changes.append(change)


def bring_about(file: SetupFile, *, dry_run: bool, environ: Mapping[str, str]) -> Report:
    """All of the file or nothing. Raises BadSetup."""
    work = Work(file, environ)
    with context.acting(ACTOR), transaction():
        for step in (_operator, _rates, _products, _suppliers, _payments):
            step(work)
        work.stop_if_wrong()
        # These name products and suppliers: with a faulty one every mention of it would seem a fault too.
        for step in (_shops, _matches, _rules):
            step(work)
        work.stop_if_wrong()
        django_transaction.set_rollback(dry_run)
    return work.report


@needs_transaction
def _operator(work: Work) -> None:
    if work.file.operator is None:
        return
    found, name = operator(), work.file.operator.name
    if found.name != name:
        before = {"name": found.name}
        found.name = name
        found.save(update_fields=["name"])
        audit.note("organization.changed", "organization", found.pk, before=before, after={"name": name})
        work.did(Change("operator", found.slug, before, {"name": name}))


def _rates(work: Work) -> None:
    for pair, rate in work.file.rates.items():
        with work.at("rates", pair):
            base, _, quote = pair.partition("/")
            work.did(catalog.put_rate(base, quote, rate))


def _products(work: Work) -> None:
    known = dict(Product.objects.values_list("sku", "active"))
    for number, entry in enumerate(work.file.products):
        with work.at("products", number):
            active = entry.active if entry.active is not None else known.get(entry.sku, True)
            work.did(catalog.put_product(_spec(entry, active=active)))
        product = Product.objects.filter(sku=entry.sku).first()
        for currency, text in entry.prices.items() if product else ():
            with work.at("products", number, "prices", currency):
                assert product is not None
                work.did(catalog.put_price(product, money.parse(text, currency), reason=ACTOR))


def _spec(entry: ProductEntry, *, active: bool) -> ProductSpec:
    fields = entry.model_dump(exclude={"prices", "data", "countries", "active"})
    return ProductSpec(**fields, data_bytes=entry.data, countries=tuple(entry.countries), active=active)


def _suppliers(work: Work) -> None:
    for number, entry in enumerate(work.file.suppliers):
        with work.at("suppliers", number):
            problems = setup_accounts.Problems("suppliers", number)
            work.did(setup_accounts.put_supplier(entry, work.environ, problems))
            work.problems += problems.lines


def _payments(work: Work) -> None:
    for number, entry in enumerate(work.file.payments):
        with work.at("payments", number):
            problems = setup_accounts.Problems("payments", number)
            work.did(setup_payments.put_payments(entry, work.environ, problems))
            work.problems += problems.lines


def _shops(work: Work) -> None:
    for number, entry in enumerate(work.file.shops):
        with work.at("shops", number):
            problems = setup_accounts.Problems("shops", number)
            for change in setup_accounts.put_shop(entry, work.environ, problems):
                work.did(change)
            work.problems += problems.lines


def _matches(work: Work) -> None:
    for number, entry in enumerate(work.file.matches):
        key = f"{entry.sku} = {entry.supplier}/{entry.code}"
        product = _found(work, Product, ("matches", number, "sku"), sku=entry.sku)
        supplier = _found(work, Supplier, ("matches", number, "supplier"), code=entry.supplier)
        offer = Offer.objects.filter(supplier__code=entry.supplier, code=entry.code).first()
        if product is None or supplier is None:
            continue
        if (
            offer is None
            and CatalogRun.objects.filter(supplier=supplier, problem="", finished_at__isnull=False).exists()
        ):
            work.problems.append(f"{path('matches', number, 'code')}: {entry.supplier} sells no {entry.code!r}")
        elif offer is None:
            work.report.waiting.append(f"{key} waits for the first `simplane sync-catalog`; load the file again then")
        else:
            with work.at("matches", number):
                _match(work, product, offer, key)


def _match(work: Work, product: Product, offer: Offer, key: str) -> None:
    if put_match(product, offer, note="approved by the author of the setup file"):
        work.did(Change("match", key, None, {"state": "approved"}))
        return
    known = Match.objects.get(product=product, offer=offer)
    if known.state == Match.State.REJECTED:
        work.report.kept.append(f"{key} stays rejected, as {known.reviewed_by or 'somebody'} decided")
    elif known.offer_hash != offer.content_hash:
        work.report.kept.append(f"{key} waits for review: the offer's content changed since it was approved")


def _rules(work: Work) -> None:
    for number, entry in enumerate(work.file.rules):
        place = ("rules", number)
        product = _found(work, Product, (*place, "sku"), sku=entry.sku) if entry.sku else None
        supplier = _found(work, Supplier, (*place, "supplier"), code=entry.supplier) if entry.supplier else None
        offer = None
        if entry.offer and supplier is not None:
            offer = _found(work, Offer, (*place, "offer"), supplier=supplier, code=entry.offer)
        if (entry.sku and not product) or (entry.supplier and not supplier) or (entry.offer and not offer):
            continue
        spec = RuleSpec(
            kind=entry.kind,
            reason=entry.reason,
            product_id=product.pk if product else None,
            supplier_id=supplier.pk if supplier and not offer else None,
            offer_id=offer.pk if offer else None,
            amount_minor=entry.amount_minor,
        )
        with work.at(*place):
            made = put_rule(spec)
            work.did(Change("rule", f"{entry.kind}: {entry.reason}", None, {"id": made.pk}) if made else None)


def _found(work: Work, model: Any, place: tuple[int | str, ...], **by: Any) -> Any:
    found = model.objects.filter(**by).first()
    if found is None:
        name = list(by.values())[-1]
        work.problems.append(f"{path(*place)}: there is no {model._meta.model_name} {name!r}")
    return found

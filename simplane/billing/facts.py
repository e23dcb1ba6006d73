"""What a customer owes for, read from the ledger: captured sales of its orders, and what was given back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from itertools import chain

from django.db.models import Exists, OuterRef, QuerySet

from simplane.billing import port
from simplane.billing.grouping import first_moment
from simplane.billing.models import BilledFact
from simplane.billing.values import BillableFact, LineKind
from simplane.ledger import queries
from simplane.ledger.actions.wallet import ledger_of
from simplane.ledger.chart import Kind
from simplane.ledger.models import Entry
from simplane.ledger.statements import following
from simplane.ledger.values import AccountRef
from simplane.organizations.models import Organization

_UNIT = re.compile(r"(unt_[0-9a-z]+):(?:sale|refund)$")
_UNNAMED = port.Named(what="eSIM")


def facts_from_ledger(organization: Organization, month: date, since: date) -> list[BillableFact]:
    """Every sale and refund from `since` until the end of `month` that is on no invoice yet, oldest first.

    What is late (posted after its month was invoiced) is therefore in the next one.
    """
    rows = sorted(_entries(organization, first_moment(since), first_moment(following(month))), key=lambda row: row.pk)
    units = {row.pk: _unit_of(row) for row in rows}
    known = port.names(organization, sorted({unit for unit in units.values() if unit}))
    return [_fact(row, units[row.pk], known.get(units[row.pk], _UNNAMED)) for row in rows]


def unbilled(organization: Organization, month: date, since: date) -> list[BillableFact]:
    """All facts until the end of a month that are on no invoice."""
    others = chain.from_iterable(source(organization, month) for source in port.sources())
    until = first_moment(following(month))
    wanted = [one for one in others if first_moment(since) <= one.at < until]
    taken = BilledFact.objects.filter(organization=organization, released=False, key__in=[one.key for one in wanted])
    billed = set(taken.values_list("key", flat=True))
    free = chain(facts_from_ledger(organization, month, since), (one for one in wanted if one.key not in billed))
    return [_short(one) for one in free]


def _short(fact: BillableFact) -> BillableFact:
    """No longer than our tables, so that what was drafted and what is read back are the same."""
    return replace(
        fact, what=fact.what[:200], sku=fact.sku[:80], person=fact.person[:200], cost_centre=fact.cost_centre[:80]
    )


def _entries(organization: Organization, since: datetime, until: datetime) -> Iterator[Entry]:
    """A sale leaves the money set aside; a refund comes into the wallet."""
    ledger = ledger_of(organization)
    for wallet in queries.wallets(organization.pk):
        for kind, transactions in ((Kind.HELD, "sale"), (Kind.WALLET, "refund")):
            ref = AccountRef(kind, wallet.currency, organization.pk)
            rows = queries.entries(ref, ledger=ledger).filter(at__gte=since, at__lt=until)
            yield from _free(rows.filter(transaction__kind=transactions), organization)


def _free(rows: QuerySet[Entry], organization: Organization) -> QuerySet[Entry]:
    billed = BilledFact.objects.filter(
        organization=organization, transaction_id=OuterRef("transaction_id"), released=False
    )
    return rows.filter(~Exists(billed))


def _unit_of(row: Entry) -> str:
    found = _UNIT.search(row.transaction.key)
    return found[1] if found else ""


def _fact(row: Entry, unit: str, named: port.Named) -> BillableFact:
    sold = row.amount_minor < 0
    return BillableFact(
        key=f"ledger:{row.transaction_id}",
        kind=named.kind if sold else LineKind.CREDIT,
        what=named.what,
        minor=-row.amount_minor,
        currency=row.currency,
        at=row.at,
        sku=named.sku,
        unit=unit,
        order=row.transaction.subject,
        person=named.person,
        cost_centre=named.cost_centre,
        transaction_id=row.transaction_id,
    )

"""The verdict of `chaos --companies`: companies' tables against ours, the ledger's and the suppliers' own books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simplane.ops.companies_storm import CAP_BYTES
from simplane.ops.stage import Stage

_BILLED = """
SELECT count(*) AS booked, count(DISTINCT s.key) AS different, coalesce(sum(s.amount_minor), 0) AS spent,
  (SELECT count(*) FROM fleet_planperiod) AS periods,
  (SELECT count(*) FROM ordering_unit AS u JOIN fleet_operation AS o ON o.unit_id = u.id WHERE u.line_id IS NOT NULL) AS esims,
  (SELECT count(*) FROM ordering_unit AS u JOIN fleet_operation AS o ON o.unit_id = u.id
     WHERE u.tops_up_id IS NOT NULL AND u.state = 'delivered') AS filled,
  (SELECT coalesce(sum(-w.balance_minor), 0) FROM ledger_wallet AS w JOIN organizations_organization AS c
     ON c.id = w.organization_id AND c.kind = 'company') AS owed
FROM usage_spend AS s
"""
_OVER_BUDGET = "SELECT count(*) FROM policies_budgetperiod WHERE spent_minor + reserved_minor > most_minor"
_HELD = "SELECT count(*) FROM policies_reservation WHERE state = 'held'"
_LINES = """
SELECT f.public_id, f.wanted, f.service, f.data_used, s.vendor, l.supplier_line_id, l.iccid, l.service_state
FROM fleet_fleetline AS f JOIN lines_line AS l ON l.id = f.line_id JOIN suppliers_supplier AS s ON s.id = l.supplier_id
"""
_TWICE = """
SELECT count(*) FROM (SELECT unit_id FROM suppliers_purchase WHERE state = 'bought' GROUP BY unit_id HAVING count(*) > 1) AS x
"""
PAUSED = frozenset({"suspended", "terminated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """One line: what the company's table says, what ours says, what its supplier's books say. `used`: bytes."""

    name: str
    wanted: str
    service: str
    used: int | None
    ours: str
    there: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everybody's books after the calm. Amounts in minor units."""

    booked: int
    different: int
    spent: int
    periods: int
    esims: int
    filled: int
    owed: int
    bought: int
    """eSIMs that suppliers were paid for, by their own books."""
    topped: int
    """Orders for eSIMs that were there, in the suppliers' books."""
    over_budget: int
    held: int
    twice: int
    lines: tuple[LineFacts, ...]


def collect(stage: Stage) -> Facts:
    """Read them all."""
    names = ("booked", "different", "spent", "periods", "esims", "filled", "owed")
    figures = dict(zip(names, map(int, _rows(_BILLED)[0]), strict=True))
    bought, topped = _bought(stage)
    over, held, twice = (int(_rows(sql)[0][0]) for sql in (_OVER_BUDGET, _HELD, _TWICE))
    counted = {"bought": bought, "topped": topped, "over_budget": over, "held": held, "twice": twice}
    return Facts(**figures, **counted, lines=_lines(stage))


def _lines(stage: Stage) -> tuple[LineFacts, ...]:
    rows = _rows(_LINES)
    books = _services(stage, rows)
    found = []
    for name, wanted, service, used, vendor, key, iccid, ours in rows:
        there = books.get((vendor, iccid if vendor == "esimgo" else key), "unknown")
        found.append(LineFacts(name=name, wanted=wanted, service=service, used=used, ours=ours, there=there))
    return tuple(found)


def judge(facts: Facts) -> dict[str, Any]:
    """All figures, and in `wrong` a line for each thing that must not be."""
    units = facts.esims + facts.filled
    differ = [one for one in facts.lines if _differs(one)]
    running = [one for one in facts.lines if (one.used or 0) > CAP_BYTES and one.there not in PAUSED]
    wrong = [
        f"{one.name}: confirmed {one.service}, wanted {one.wanted}, our line {one.ours}, its supplier says {one.there}"
        for one in differ
    ]
    if not facts.booked == facts.different == facts.periods == units:
        wrong.append(
            f"{units} units bought, {facts.booked} purchases booked ({facts.different} different), {facts.periods} plan periods"
        )
    if facts.bought != facts.esims or facts.topped != facts.filled:
        wrong.append(
            f"suppliers' books: {facts.bought} eSIMs, {facts.topped} filled; ours: {facts.esims} and {facts.filled}"
        )
    if facts.spent != facts.owed:
        wrong.append(f"booked for companies: {facts.spent}, their accounts owe {facts.owed}")
    if facts.over_budget or facts.held or facts.twice:
        wrong.append(
            f"budgets overdrawn {facts.over_budget}, reservations left {facts.held}, bought twice {facts.twice}"
        )
    if running:
        wrong.append(f"{len(running)} lines are over their cap and run")
    return {
        "lines": len(facts.lines),
        "bought": facts.bought,
        "topped": facts.topped,
        "billed": facts.booked,
        "differ": len(differ),
        "over_budget": facts.over_budget,
        "over_cap": len(running),
        "wrong": wrong,
    }


def _differs(one: LineFacts) -> bool:
    """Whether what is confirmed is not what the supplier's books say, or not what our own line says."""
    return one.there != one.service or (one.service == "active") != (one.ours in ("active", "deletion_scheduled"))


def _services(stage: Stage, lines: list[tuple[Any, ...]]) -> dict[tuple[str, str], str]:
    go = stage.control("esimgo", "lines?limit=1000000", method="GET")["lines"]
    words = {"suspended": "suspended", "deactivated": "terminated"}
    found = {("esimgo", str(one["iccid"])): words.get(one["state"], "active") for one in go}
    for _, _, _, _, vendor, key, _, _ in lines:
        if vendor == "esimaccess":
            shown = stage.control(vendor, f"lines/{key}", method="GET")
            found[vendor, key] = _access(shown)
    return found


def _access(shown: dict[str, Any]) -> str:
    state = str(shown.get("esimStatus", shown.get("status", ""))).upper()
    if state in ("CANCEL", "REVOKE", "REVOKED"):
        return "terminated"
    return "suspended" if state == "SUSPENDED" else "active"


def _bought(stage: Stage) -> tuple[int, int]:
    """As `counted`, of both suppliers' books."""
    return counted(
        [one for name in ("esimgo", "esimaccess") for one in stage.control(name, "books", method="GET")["orders"]]
    )


def counted(orders: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """eSIMs, and fillings of eSIMs, that suppliers were paid for: an order that failed there gave its money back."""
    paid = [one for one in orders if one["refunded_minor"] < one["charged_minor"]]
    topped = sum(int(one["quantity"]) for one in paid if one["topup"])
    return sum(int(one["quantity"]) for one in paid) - topped, topped


def _rows(sql: str) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())

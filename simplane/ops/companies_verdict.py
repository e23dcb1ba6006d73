"""The verdict of `chaos --companies`: companies' tables against ours, the ledger's and the suppliers' own books."""

from __future__ import annotations

from typing import Any

from simplane.ops.companies_storm import CAP_BYTES
from simplane.ops.stage import Stage

_BILLED = """
SELECT count(*), count(DISTINCT s.key), coalesce(sum(s.amount_minor), 0),
  (SELECT count(*) FROM fleet_planperiod),
  (SELECT count(*) FROM ordering_unit AS u JOIN fleet_operation AS o ON o.unit_id = u.id WHERE u.line_id IS NOT NULL),
  (SELECT coalesce(sum(-w.balance_minor), 0) FROM ledger_wallet AS w JOIN organizations_organization AS c
     ON c.id = w.organization_id AND c.kind = 'company')
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


def judge(stage: Stage) -> dict[str, Any]:
    """All figures, and in `wrong` a line for each thing that must not be."""
    wrong: list[str] = []
    bought = _bought(stage)
    told, distinct, spent, periods, units, owed = _row(_BILLED)
    if not told == distinct == periods == units:
        wrong.append(f"{units} units bought, {told} purchases booked ({distinct} different), {periods} plan periods")
    if bought != units:
        wrong.append(f"{bought} eSIMs in the suppliers' books, {units} units bought")
    if spent != owed:
        wrong.append(f"booked for companies: {spent}, their accounts owe {owed}")
    over, held, twice = _row(_OVER_BUDGET)[0], _row(_HELD)[0], _row(_TWICE)[0]
    if over or held or twice:
        wrong.append(f"budgets overdrawn {over}, reservations left {held}, bought twice {twice}")
    lines = _rows(_LINES)
    differ, running = _states(stage, lines, wrong)
    if running:
        wrong.append(f"{running} lines are over their cap and run")
    return {
        "lines": len(lines),
        "bought": bought,
        "billed": told,
        "differ": differ,
        "over_budget": over,
        "over_cap": running,
        "wrong": wrong,
    }


def _states(stage: Stage, lines: list[tuple[Any, ...]], wrong: list[str]) -> tuple[int, int]:
    """Lines whose confirmed service is not what their supplier's books say, and lines over their cap that run."""
    books = _services(stage, lines)
    differ = running = 0
    for name, wanted, service, used, vendor, key, iccid, ours in lines:
        there = books.get((vendor, iccid if vendor == "esimgo" else key), "unknown")
        if there != service or (service == "active") != (ours in ("active", "deletion_scheduled")):
            differ += 1
            wrong.append(f"{name}: confirmed {service}, wanted {wanted}, our line {ours}, its supplier says {there}")
        running += used is not None and used > CAP_BYTES and there not in PAUSED
    return differ, running


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


def _bought(stage: Stage) -> int:
    """eSIMs in both suppliers' books, whatever became of them."""
    orders = [one for name in ("esimgo", "esimaccess") for one in stage.control(name, "books", method="GET")["orders"]]
    return sum(int(one["quantity"]) for one in orders if not one["topup"])


def _row(sql: str) -> tuple[Any, ...]:
    return _rows(sql)[0]


def _rows(sql: str) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())

"""`simplane doctor`: says in plain words what is missing or misconfigured, and what to do about it."""

from __future__ import annotations

import argparse
import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import asdict

from simplane.ops import doctor_machine
from simplane.ops.database import ensure_database, state_dir
from simplane.ops.doctor_findings import Finding, look

MARKS = {"ok": "ok  ", "note": "note", "warn": "WARN", "fail": "FAIL"}


def main(argv: list[str]) -> int:
    """Look at everything. Returns 1 when something does not work or must not be so, else 0."""
    parser = argparse.ArgumentParser(prog="simplane doctor", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args(argv)
    findings = []
    area = ""
    for one in examine():
        findings.append(one)
        if not options.json:
            _print(one, new_area=one.area != area)
            area = one.area
    problems = sum(one.state == "fail" for one in findings)
    warnings = sum(one.state == "warn" for one in findings)
    if options.json:
        facts = {"ok": not problems, "problems": problems, "warnings": warnings}
        print(json.dumps({**facts, "findings": [asdict(one) for one in findings]}, ensure_ascii=False))
    else:
        print(f"\n{problems} problems, {warnings} warnings." if problems or warnings else "\nAll is well.")
    return 1 if problems else 0


def _print(one: Finding, *, new_area: bool) -> None:
    if new_area:
        print(f"\n{one.area}")
    print(f"  {MARKS[one.state]}  {one.text}", flush=True)
    if one.fix:
        print(f"        -> {one.fix}")


def examine() -> Iterator[Finding]:
    """Every finding, as soon as it is made. What stands on something broken is not looked at."""
    yield from look("machine", doctor_machine.programs)
    yield from look("machine", doctor_machine.front_end)
    yield from look("machine", lambda: doctor_machine.disk(state_dir()))
    wrong = _start()
    yield from (Finding("settings", "fail", line, "correct the variable and try again") for line in wrong)
    if not wrong:
        yield from _inside()


def _start() -> list[str]:
    """Bring up what a command of ours needs; returns what is wrong with it, a line each."""
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            ensure_database()
            import simplane.config.env  # noqa: F401  reads and checks the settings
    except SystemExit:
        return [line.removeprefix("settings: ") for line in said.getvalue().splitlines()]
    import django

    django.setup()
    logging.disable(logging.CRITICAL)  # what goes wrong is told here, in words
    return []


def _inside() -> Iterator[Finding]:
    from simplane.ops import (
        doctor_database,
        doctor_payments,
        doctor_settings,
        doctor_shops,
        doctor_suppliers,
        doctor_work,
    )

    yield from look("settings", doctor_settings.settings)
    yield from look("database", doctor_database.database)
    yield from look("outside", doctor_settings.mail)
    yield from look("outside", doctor_settings.others)
    if not (doctor_database.reachable() and doctor_database.has_tables()):
        yield Finding("suppliers, shops, work", "note", "not looked at: they stand in the database")
        return
    yield from look("suppliers", doctor_suppliers.suppliers)
    yield from look("shops", doctor_shops.shops)
    yield from look("payments", doctor_payments.payments)
    yield from look("work", doctor_work.worker)
    yield from look("work", doctor_work.schedules)
    yield from look("work", doctor_work.letters)

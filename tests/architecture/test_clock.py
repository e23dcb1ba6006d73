"""Time comes from one clock, so that a setting can freeze or shift all of it."""

from __future__ import annotations

import ast
import re

from django.apps import apps

from tests.architecture.code import calls, modules

REAL_TIME = {
    "core/clock.py": "it is the clock",
    "core/ids.py": "ids only have to grow",
    "suppliers/esimaccess/client.py": "the supplier compares the signature's time with its own clock",
    "organizations/adapter.py": "compares with times that the sign-in library wrote",
    "payments/intake.py": "Stripe stamps a signature with its own clock",
    "ops/": "measures and samples the machine, not the business",
}
"""Who may read the machine's time, and why."""
_READS = re.compile(
    r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|timezone\.now|time\.(time|time_ns|localtime|gmtime))$"
)
QUEUE_TIME = re.compile(r"procrastinate_(jobs|workers)|INSERT INTO core_inboxmessage")
"""The queue lives by the database's time, in its own tables only."""


def test_nobody_else_asks_what_time_it_is() -> None:
    readers = {path for path, tree in modules() for name, _ in calls(tree) if _READS.search(name)}
    strangers = {path for path in readers if not path.startswith(tuple(REAL_TIME))}
    assert strangers == set()


def test_the_machines_time_is_borrowed_by_few() -> None:
    borrowers = {path for path, tree in modules() for name, _ in calls(tree) if name in ("clock.real", "real")}
    assert {path for path in borrowers if not path.startswith("ops/")} <= {"core/clock.py"}


def test_no_column_fills_itself_with_another_clock() -> None:
    own = [model for model in apps.get_models() if model.__module__.startswith("simplane.")]
    automatic = [
        f"{model._meta.label}.{field.name}"
        for model in own
        for field in model._meta.get_fields()
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    ]
    assert automatic == []


def test_sql_asks_the_database_for_the_time_only_about_the_queue() -> None:
    strangers = [
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not path.startswith("ops/")
        if re.search(r"\bnow\(\)|current_timestamp|clock_timestamp\(", node.value, re.IGNORECASE)
        if re.search(r"\b(select|insert|update|delete)\b", node.value, re.IGNORECASE)
        if not QUEUE_TIME.search(node.value)
    ]
    assert set(strangers) <= {"core/jobs.py"}, "core.jobs writes the queue's table in pieces"

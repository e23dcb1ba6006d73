"""The watchdog: runs the rules, raises what is wrong and resolves what is no longer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import Error as DatabaseProblem

from simplane.alerts import actions
from simplane.alerts.models import Alert
from simplane.alerts.rules import RULES, STILL, Rule
from simplane.core import clock
from simplane.core.log import logger

log = logger(__name__)


def watch() -> dict[str, Any]:
    """Every rule once. One that fails does not stop the others; the figures say how many troubles each found."""
    result: dict[str, Any] = {}
    for name, rule in RULES.items():
        started = clock.now()
        try:
            still = _raise(name, rule)
        except DatabaseProblem as problem:
            log.exception("watch.rule_failed", rule=name)
            result[name] = type(problem).__name__
        else:
            _resolve_others(name, still, started)
            result[name] = len(still)
    for name, subjects in STILL.items():
        started = clock.now()
        _resolve_others(name, subjects(), started)
    return result


def _raise(name: str, rule: Rule) -> set[str]:
    troubles = rule()
    open_now = set(Alert.objects.filter(rule=name, resolved_at__isnull=True).values_list("subject", flat=True))
    for one in troubles:
        if one.once and one.subject in open_now:
            continue
        actions.raise_alert(name, one.subject, level=one.level, title=one.title, text=one.text, link=one.link)
    return {one.subject for one in troubles}


def _resolve_others(rule: str, still: set[str], started: datetime) -> None:
    """An alert raised after the rule looked is left alone: the rule did not see its trouble yet."""
    for subject in Alert.objects.filter(rule=rule, resolved_at__isnull=True).values_list("subject", flat=True):
        if subject not in still:
            actions.resolve(rule, subject, unless_raised_since=started)

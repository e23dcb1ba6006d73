"""From usage to lines that stop: told at 75, 90 and 100 percent, stopped once, resumed when no rule stops them any more."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.core.errors import NotFound
from simplane.organizations.models import Organization
from simplane.policies import alerting, care, jobs, queries, rule_acts
from simplane.policies.alert_models import Alert
from simplane.policies.consequences import Outcome
from simplane.policies.errors import NeedsConfirmation, Stale, Twice
from simplane.policies.models import CompanySettings, Stop
from simplane.policies.on_usage import on_usage
from simplane.policies.values import LineMonth
from tests.companies import company
from tests.policies.conftest import GB, Time

Lines = dict[int, LineMonth]
News = Callable[[], list[dict[str, Any]]]
HARD = {"cap_bytes": 5 * GB, "hard": True}


def test_a_persons_hard_cap_warns_then_stops_all_their_lines_once(acme: Organization, lines: Lines, news: News) -> None:
    use(lines, {1: (7, 1 * GB), 2: (7, 2 * GB), 3: (70, 1 * GB)})
    rule(acme, "data_cap", {**HARD, "per": "employee"})
    assert on_usage(acme.pk, [1, 3]) == Outcome(2)
    assert news() == []

    use(lines, {1: (7, 2 * GB), 2: (7, 2 * GB)})
    assert on_usage(acme.pk, [1]) == Outcome(1)
    use(lines, {1: (7, 3 * GB), 2: (7, 2 * GB)})
    assert on_usage(acme.pk, [1]) == Outcome(3, stopped=2)
    assert on_usage(acme.pk, [1, 2, 3]) == Outcome(3)

    told = news()
    assert [(one["fleet_line_id"], one["rule"], one["why"]) for one in told if one["name"] == "LineMustStop"] == [
        (1, "data_cap", "The person used 5 GB this month; the cap is 5 GB."),
        (2, "data_cap", "The person used 5 GB this month; the cap is 5 GB."),
    ]
    with tenancy.scope(acme.pk):
        cap, stop = Alert.objects.order_by("pk")
        assert (cap.title, cap.severity, cap.told) == ("100 % of the data of a person is used", "critical", 2)
        assert (stop.title, stop.told, Stop.objects.count()) == ("2 lines are suspended by a rule", 1, 2)


def test_raising_a_cap_resumes_what_the_rule_stopped_and_so_does_a_new_month(
    acme: Organization, lines: Lines, news: News, time: Time
) -> None:
    use(lines, {1: (7, 6 * GB), 2: (8, 9 * GB), 3: (9, 0)})
    made = rule(acme, "data_cap", HARD, confirm=True)
    assert (on_usage(acme.pk, None).stopped, kinds(news())) == (2, stops(2))

    with tenancy.scope(acme.pk):
        rule_acts.change(acme.pk, made.public_id, {**HARD, "cap_bytes": 8 * GB}, version=1, reason="they travel")
        with pytest.raises(Stale, match="version 2"):
            rule_acts.change(acme.pk, made.public_id, HARD, version=1)
    assert on_usage(acme.pk, None) == Outcome(3, resumed=1)
    (resumed,) = [one for one in news() if one["name"] == "LineMustResume"]
    assert (resumed["fleet_line_id"], resumed["rule"]) == (1, "data_cap")

    with tenancy.scope(acme.pk):
        CompanySettings.objects.create(time_zone="America/New_York")
    time.at(datetime(2026, 12, 1, 4, 59, tzinfo=UTC))
    assert care.stopped_before_this_month() == []
    time.at(datetime(2026, 12, 1, 5, 0, tzinfo=UTC))
    assert jobs.policies_month() == {"companies": 1, "resolved": 2}
    use(lines, {1: (7, 0), 2: (8, 0)})
    assert on_usage(acme.pk, None) == Outcome(3, resumed=1)
    with tenancy.scope(acme.pk):
        assert list(Alert.objects.exclude(state="resolved")) == []
        assert [
            (one.version, one.params["cap_bytes"], one.reason) for one in queries.history(acme.pk, made.public_id)
        ] == [
            (2, 8 * GB, "they travel"),
            (1, 5 * GB, ""),
        ]


def test_a_grace_of_hours_ends_without_any_usage(acme: Organization, lines: Lines, time: Time) -> None:
    use(lines, {1: (7, 6 * GB)})
    made = rule(acme, "data_cap", {**HARD, "grace_hours": 24, "grace_percent": 50})
    assert on_usage(acme.pk, [1]) == Outcome(1)
    assert on_usage(acme.pk, [1]) == Outcome(1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE queueing_lock LIKE 'policies-grace%'")
        ((args,),) = cursor.fetchall()
    assert (json.loads(args)["organization_id"], json.loads(args)["line_ids"]) == (acme.pk, [1])
    time.after(hours=24)
    assert on_usage(acme.pk, [1]) == Outcome(1, stopped=1)
    with tenancy.scope(acme.pk):
        rule_acts.change(acme.pk, made.public_id, {**HARD, "cap_bytes": 6 * GB, "grace_hours": 24}, version=1)
    assert on_usage(acme.pk, [1]) == Outcome(1, resumed=1), "a new cap has a grace of its own"


def test_more_data_is_asked_for_once_until_it_came(acme: Organization, lines: Lines, news: News, time: Time) -> None:
    lines[1] = LineMonth(line_id=1, line_bytes=5 * GB, plan_bytes=5 * GB, plan_used_bytes=5 * GB - 1)
    rule(acme, "auto_top_up", {"plan": "plan_eu", "most_a_month": 2})
    assert [on_usage(acme.pk, [1]).topped_up for _ in range(2)] == [1, 0]
    lines[1] = replace(lines[1], plan_bytes=10 * GB, plan_used_bytes=10 * GB)
    assert [on_usage(acme.pk, [1]).topped_up for _ in range(2)] == [1, 0]
    lines[1] = replace(lines[1], plan_bytes=15 * GB, plan_used_bytes=15 * GB)
    assert on_usage(acme.pk, [1]).topped_up == 0
    wanted = [(one["key"], one["plan_public_id"]) for one in news() if one["name"] == "TopUpWanted"]
    assert wanted == [("auto:1:2026-11:1", "plan_eu"), ("auto:1:2026-11:2", "plan_eu")]


def test_a_line_abroad_is_told_of_while_it_is_there_and_an_unused_one_stops(
    acme: Organization, lines: Lines, news: News
) -> None:
    lines[1] = LineMonth(line_id=1, line_bytes=1, country="RU", last_use_at=clock.now())
    lines[2] = LineMonth(line_id=2, line_bytes=0, since=clock.now() - timedelta(days=61))
    rule(acme, "countries", {"blocked": ["RU"]})
    rule(acme, "unused", {"days": 60, "then": "stop"}, confirm=True)
    assert [on_usage(acme.pk, None) for _ in range(2)] == [Outcome(2, stopped=1), Outcome(2)]
    assert kinds(news()) == ["AlertRaised", "AlertRaised", "LineMustStop"]
    lines[1] = replace(lines[1], country="DE")
    on_usage(acme.pk, [1])
    with tenancy.scope(acme.pk):
        assert list(Alert.objects.order_by("pk").values_list("kind", "state")) == [
            ("countries", "resolved"),
            ("unused", "open"),
        ]
    assert jobs.policies_unused() == {"companies": 1}


def test_a_rule_that_would_stop_everybody_asks_first(acme: Organization, lines: Lines) -> None:
    use(lines, {number: (number, 6 * GB) for number in range(1, 13)})
    with pytest.raises(NeedsConfirmation) as asked:
        rule(acme, "data_cap", HARD)
    assert (asked.value.lines, asked.value.of) == (12, 12)
    assert "would stop 12 of 12 lines" in str(asked.value)
    use(lines, {number: (number, GB) for number in range(2, 13)})
    made = rule(acme, "data_cap", HARD)
    with pytest.raises(Twice):
        rule(acme, "data_cap", {"cap_bytes": 1})
    with tenancy.scope(acme.pk):
        with pytest.raises(NeedsConfirmation, match="12 of 12"):
            rule_acts.change(acme.pk, made.public_id, {**HARD, "cap_bytes": 1}, version=1)
        rule_acts.retire(acme.pk, made.public_id, version=1)
        assert queries.rules(acme.pk) == []
        with pytest.raises(NotFound):
            rule_acts.retire(acme.pk, made.public_id, version=2)


def test_many_lines_cost_a_fixed_number_of_statements_and_a_storm_is_one_message(
    acme: Organization, lines: Lines, news: News
) -> None:
    rule(acme, "data_cap", HARD, confirm=True)
    counts = []
    for first, many in ((0, 21), (1000, 400)):
        lines.update({n: LineMonth(line_id=n, line_bytes=9 * GB) for n in range(first, first + many)})
        with CaptureQueriesContext(connection) as seen:
            assert on_usage(acme.pk, None).stopped == many
        counts.append(len(seen))
    assert counts[1] <= counts[0]
    assert kinds(news()) == ["AlertRaised"] * 4 + ["LineMustStop"] * 421
    with tenancy.scope(acme.pk):
        assert sorted(Alert.objects.exclude(level="line").values_list("title", "told")) == [
            ("400 alerts at once: 100 % of the data of a line is used", 2),
            ("400 lines are suspended by a rule", 2),
        ]
        assert Alert.objects.filter(level="line").count() == 421


@pytest.mark.django_db(transaction=True)
def test_evaluations_at_once_stop_a_line_once(lines: Lines, news: News, time: Time) -> None:
    acme = company("acme")
    use(lines, {1: (7, 6 * GB)})
    rule(acme, "data_cap", HARD, confirm=True)
    ready, said = threading.Barrier(6), list[int]()

    def judge() -> None:
        ready.wait()
        said.append(on_usage(acme.pk, [1]).stopped)
        connection.close()

    threads = [threading.Thread(target=judge) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(said) == [0, 0, 0, 0, 0, 1]
    assert kinds(news()) == ["AlertRaised", "AlertRaised", "LineMustStop"]


def test_an_alert_is_acknowledged_or_told_again_to_all(acme: Organization, time: Time, news: News) -> None:
    with tenancy.scope(acme.pk):
        raised = [raise_one(acme, f"x{number}") for number in (1, 2, 2)]
        first = Alert.objects.get(pk=raised[0])
        alerting.acknowledge(acme.pk, first.public_id)
    assert raised[1] == raised[2]
    time.after(hours=24)
    assert jobs.policies_due() == {"escalated": 0, "expired": 0, "alerts": 1}
    assert jobs.policies_due() == {"escalated": 0, "expired": 0, "alerts": 0}
    assert [(one["alert_id"], one["step"]) for one in news()] == [(raised[0], 1), (raised[1], 1), (raised[1], 2)]
    with tenancy.scope(acme.pk):
        alerting.resolve(acme.pk, first.public_id)
        with pytest.raises(NotFound):
            alerting.acknowledge(acme.pk, first.public_id)
        assert Alert.objects.get(pk=raised[1]).count == 2


def raise_one(of: Organization, name: str) -> int:
    raised = alerting.Raised(organization_id=of.pk, kind="usage", severity="critical", dedupe=name, title="Trouble")
    with transaction():
        return alerting.raise_alert(raised)


def use(lines: Lines, figures: dict[int, tuple[int, int]]) -> None:
    """Lines with their person and what they used this month."""
    known = {number: (one.employee_id or 0, one.line_bytes) for number, one in lines.items()} | figures
    for number, (person, amount) in known.items():
        theirs = sum(other for who, other in known.values() if who == person)
        lines[number] = LineMonth(line_id=number, employee_id=person, line_bytes=amount, employee_bytes=theirs)


def rule(of: Organization, kind: str, params: dict[str, Any], **options: Any) -> Any:
    with tenancy.scope(of.pk):
        return rule_acts.make(of.pk, kind, params, **options)


def kinds(told: list[dict[str, Any]]) -> list[str]:
    return sorted(one["name"] for one in told)


def stops(number: int) -> list[str]:
    return ["AlertRaised"] * 3 + ["LineMustStop"] * number

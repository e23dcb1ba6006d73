"""The stuck queue: previewed before it is done, done letter by letter, each with its own result."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from simplane.console import stuck
from simplane.console.figures import Risk
from simplane.core import deadletters
from simplane.core.deadletters import ActionRefused, Cause, SafeAction
from simplane.core.models import AuditEntry, DeadLetter
from simplane.ordering.models import Order, Unit
from tests import factories


class Suppliers:
    """The outside of a made-up cause: it remembers what was asked, refuses letters of 1.00 and breaks at 2.00."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def ask(self, letter: DeadLetter) -> None:
        if letter.money_minor == 100:
            raise ActionRefused("too small", fix="leave it")
        if letter.money_minor == 200:
            raise ZeroDivisionError
        self.asked.append(letter.pk)


@pytest.fixture
def suppliers() -> Iterator[Suppliers]:
    """A cause of its own with an action for many and one for single letters."""
    outside = Suppliers()
    for name, bulk in (("test.ask", True), ("test.phone", False)):
        deadletters.register_action(
            SafeAction(name=name, label=name, explain=f"It will {name}.", run=outside.ask, bulk=bulk)
        )
    deadletters.register_cause(Cause("test_cause", "A test", "Nothing is wrong.", ("test.ask", "test.phone")))
    yield outside
    deadletters._actions.pop("test.ask")
    deadletters._actions.pop("test.phone")
    deadletters._causes.pop("test_cause")


def _letter(minor: int = 900) -> DeadLetter:
    unit = factories.unit()
    return factories.letter(
        cause="test_cause", subject_id=str(unit.pk), order_id=unit.order_id, money_minor=minor, money_currency="EUR"
    )


def _open() -> set[int]:
    return set(DeadLetter.objects.filter(resolved_at__isnull=True).values_list("pk", flat=True))


def test_the_queue_groups_by_cause_with_words_and_money(console: Client, suppliers: Suppliers) -> None:
    _letter(900)
    _letter(1100)

    text = console.get("/console/stuck/").content.decode()

    assert "A test" in text
    assert "Nothing is wrong." in text
    assert "€20.00" in text


def test_test_orders_stand_apart_and_risk_nothing(console: Client, suppliers: Suppliers) -> None:
    live, test = _letter(900), _letter(1100)
    Order.objects.filter(pk__in=[test.order_id]).update(is_test=True)

    usual, tests = console.get("/console/stuck/"), console.get("/console/stuck/?tests=1")
    assert (usual.context["total"], usual.context["risk"]) == (1, [Risk("EUR", 900)])
    assert (tests.context["total"], tests.context["risk"]) == (1, [Risk("EUR", 1100)])
    assert ("stuck", 1, "open") in usual.context["badges"]
    shown = [console.get(f"/console/stuck/test_cause/{query}").context["rows"] for query in ("", "?tests=1")]
    assert [[row.letter.pk for row in rows] for rows in shown] == [[live.pk], [test.pk]]

    console.post("/console/stuck/test_cause/perform/", {"action": "test.ask", "everything": "1"})
    assert _open() == {test.pk}
    form = {"action": "test.ask", "everything": "1", "tests": "1"}
    assert b'name="tests"' in console.post("/console/stuck/test_cause/preview/", form).content
    console.post("/console/stuck/test_cause/perform/", form)
    assert _open() == set()


def test_an_alerts_link_leads_to_the_cause(console: Client) -> None:
    assert console.get("/console/stuck/?cause=no_offer").headers["Location"] == "/console/stuck/no_offer/"


def test_a_preview_does_nothing_and_says_what_would_happen(console: Client, suppliers: Suppliers) -> None:
    first, second, other = _letter(900), _letter(1100), _letter(300)

    answer = console.post("/console/stuck/test_cause/preview/", {"action": "test.ask", "letter": [first.pk, second.pk]})

    assert "It will test.ask." in answer.content.decode()
    assert answer.context["risk"] == [Risk("EUR", 2000)]
    assert answer.context["left_out"] == 1
    assert suppliers.asked == []
    assert _open() == {first.pk, second.pk, other.pk}


def test_confirmed_it_is_done_and_the_letters_close(console: Client, suppliers: Suppliers) -> None:
    first, second, other = _letter(), _letter(), _letter()

    answer = console.post("/console/stuck/test_cause/perform/", {"action": "test.ask", "letter": [first.pk, second.pk]})

    assert (answer.context["done"], answer.context["refused"]) == (2, 0)
    assert suppliers.asked == [first.pk, second.pk]
    assert _open() == {other.pk}
    assert AuditEntry.objects.filter(action="deadletter.test.ask").count() == 2


def test_one_that_is_refused_or_breaks_does_not_stop_the_others(console: Client, suppliers: Suppliers) -> None:
    refused, broken, fine = _letter(100), _letter(200), _letter(900)

    answer = console.post("/console/stuck/test_cause/perform/", {"action": "test.ask", "everything": "1"})

    problems = {outcome.row.letter.pk: outcome.problem for outcome in answer.context["outcomes"]}
    assert problems[refused.pk] == "too small: leave it"
    assert problems[broken.pk].startswith("it broke (ZeroDivisionError)")
    assert problems[fine.pk] == ""
    assert _open() == {refused.pk, broken.pk}


def test_sent_twice_the_second_time_finds_nothing_to_do(console: Client, suppliers: Suppliers) -> None:
    letter = _letter()
    form = {"action": "test.ask", "letter": [letter.pk]}
    console.post("/console/stuck/test_cause/perform/", form)

    answer = console.post("/console/stuck/test_cause/perform/", form)

    assert answer.context["outcomes"] == []
    assert suppliers.asked == [letter.pk]


def test_an_action_that_is_not_safe_for_the_cause_is_refused(console: Client, suppliers: Suppliers) -> None:
    letter = _letter()

    answer = console.post("/console/stuck/test_cause/perform/", {"action": "fail_unit", "letter": [letter.pk]})

    (outcome,) = answer.context["outcomes"]
    assert outcome.problem == "'fail_unit' is not safe for test_cause: choose one of the offered actions"
    assert _open() == {letter.pk}


def test_letters_of_another_cause_are_left_alone(console: Client, suppliers: Suppliers) -> None:
    other = factories.letter(cause="no_offer")

    console.post("/console/stuck/test_cause/perform/", {"action": "test.ask", "letter": [other.pk]})

    assert suppliers.asked == []


@pytest.mark.parametrize("form", [{}, {"action": "nonsense"}, {"action": "test.ask"}, {"letter": "x"}])
def test_a_preview_of_nothing_goes_back(console: Client, suppliers: Suppliers, form: dict[str, str]) -> None:
    _letter()

    answer = console.post("/console/stuck/test_cause/preview/", form)

    assert answer.headers["Location"] == "/console/stuck/test_cause/"


def test_actions_for_single_letters_are_not_offered_for_many(console: Client, suppliers: Suppliers) -> None:
    letter = _letter()

    many = console.get("/console/stuck/test_cause/").context["actions"]
    one = console.get(f"/console/stuck/letter/{letter.pk}/").context["actions"]

    assert [action.name for action in many] == ["test.ask"]
    assert [action.name for action in one] == ["test.ask", "test.phone"]


def test_never_more_than_the_limit_at_once(
    console: Client, suppliers: Suppliers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stuck, "MOST_AT_ONCE", 2)
    first, second, _ = _letter(), _letter(), _letter()

    console.post("/console/stuck/test_cause/perform/", {"action": "test.ask", "everything": "1"})

    assert suppliers.asked == [first.pk, second.pk]


def test_trying_dead_units_again_sets_them_going(console: Client) -> None:
    unit = factories.unit(state=Unit.State.DEAD, due_at=None)
    letter = factories.letter(cause="no_offer", action="retry_unit", subject_id=str(unit.pk), order_id=unit.order_id)

    console.post("/console/stuck/no_offer/perform/", {"action": "retry_unit", "letter": [letter.pk]})

    unit.refresh_from_db()
    assert unit.state == Unit.State.WAITING
    assert _open() == set()

"""What a catalogue sync changes, and what it leaves alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from simplane.core.models import AuditEntry, DeadLetter, Event
from simplane.core.money import Money
from simplane.routing.matching import approve_offers
from simplane.suppliers.catalog_queries import with_last_seen
from simplane.suppliers.models import Offer, OfferChange, QuarantinedOffer, Supplier
from tests import factories
from tests.suppliers.catalogues import many, offer, priced, pull, row, unreadable

pytestmark = pytest.mark.django_db
FIRST = ("new", "price", "content", "networks", "vanished", "back", "unchanged", "quarantined")


@pytest.fixture
def supplier() -> Supplier:
    return factories.supplier(options={"price_tolerance_bps": 500})


def counts(run: Any) -> dict[str, int]:
    return {name: run.counts[name] for name in FIRST if run.counts[name]}


def kinds(made: Offer) -> list[str]:
    return list(OfferChange.objects.filter(offer=made).order_by("pk").values_list("kind", flat=True))


def test_first_pull_stores_every_row_as_sold(supplier: Supplier) -> None:
    run = pull(supplier, row("a", name="Spain", hotspot=True, data_bytes=None), row("b"))

    made = offer(supplier, "a")
    assert counts(run) == {"new": 2}
    assert (made.name, made.countries, made.data_bytes, made.hotspot, made.state) == (
        "Spain",
        ["ES"],
        None,
        True,
        "active",
    )
    assert made.networks == [{"country": "ES", "operator": "Movistar", "technology": "5G"}]
    assert (made.cost_minor, made.currency, made.supplier_price, made.raw) == (100, "USD", "1.00", {"code": "a"})
    assert kinds(made) == ["new"]


def test_unchanged_rows_are_not_written(supplier: Supplier) -> None:
    pull(supplier, row("a"), row("b"))
    before = versions(supplier)

    run = pull(supplier, row("a"), row("b"))

    assert counts(run) == {"unchanged": 2}
    assert versions(supplier) == before
    assert OfferChange.objects.filter(run=run).count() == 0
    assert Event.objects.filter(name="CatalogChanged").count() == 1


def before_and_after(change: OfferChange, name: str) -> tuple[Any, Any]:
    assert change.before is not None
    assert change.after is not None
    return change.before[name], change.after[name]


def versions(supplier: Supplier) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text FROM suppliers_offer WHERE supplier_id = %s ORDER BY code", [supplier.pk])
        return list(cursor.fetchall())


def test_price_that_falls_is_applied_and_recorded(supplier: Supplier) -> None:
    pull(supplier, priced("a", 100))

    run = pull(supplier, priced("a", 80))

    made = offer(supplier, "a")
    assert counts(run) == {"price": 1}
    assert (made.state, made.cost_minor, made.supplier_price) == ("active", 80, "0.80")
    change = OfferChange.objects.get(run=run)
    assert change.before == {"cost_minor": 100, "currency": "USD", "supplier_price": "1.00"}
    assert change.after == {"cost_minor": 80, "currency": "USD", "supplier_price": "0.80"}


def test_price_that_rises_within_the_tolerance_is_applied(supplier: Supplier) -> None:
    pull(supplier, priced("a", 100))
    pull(supplier, priced("a", 105))

    made = offer(supplier, "a")
    assert (made.state, made.cost_minor, made.review_reason) == ("active", 105, "")


def test_price_that_rises_beyond_the_tolerance_waits_for_a_person(supplier: Supplier) -> None:
    pull(supplier, priced("a", 100))
    pull(supplier, priced("a", 110))

    made = offer(supplier, "a")
    assert (made.state, made.cost_minor, made.review_reason) == ("review", 110, "price rose by 10.0 %")


def test_price_in_another_currency_waits_for_a_person(supplier: Supplier) -> None:
    pull(supplier, row("a"))
    pull(supplier, row("a", cost=Money(90, "EUR"), supplier_price="0.90"))

    made = offer(supplier, "a")
    assert (made.state, made.review_reason) == ("review", "price in EUR, was in USD")


def test_fraction_of_a_cent_is_kept_for_the_suppliers_own_price_check(supplier: Supplier) -> None:
    pull(supplier, row("a", supplier_price="9137"))
    pull(supplier, row("a", supplier_price="9121"))

    made = offer(supplier, "a")
    assert (made.state, made.supplier_price, kinds(made)) == ("active", "9121", ["new", "price"])


def test_changed_content_waits_for_a_person_and_changes_the_hash(supplier: Supplier) -> None:
    pull(supplier, row("a", days=30))
    before = offer(supplier, "a").content_hash

    run = pull(supplier, row("a", days=15))

    made = offer(supplier, "a")
    assert counts(run) == {"content": 1}
    assert (made.state, made.days, made.review_reason) == ("review", 15, "content changed")
    assert made.content_hash != before
    change = OfferChange.objects.get(run=run)
    assert before_and_after(change, "days") == (30, 15)


def test_order_of_networks_and_a_new_name_are_no_change_of_content(supplier: Supplier) -> None:
    one, two = ({"country": "ES", "operator": name, "technology": "4G"} for name in ("Orange", "Movistar"))
    pull(supplier, row("a", name="Old", networks=(one, two)))

    run = pull(supplier, row("a", name="New", networks=(two, one)))

    made = offer(supplier, "a")
    assert counts(run) == {"unchanged": 1}
    assert (made.name, made.state, made.changed_at) == ("New", "active", None)


def test_changed_networks_are_applied_and_recorded_without_review(supplier: Supplier) -> None:
    odd = {"country": "ES", "operator": 'Ôrange "ES" \\ \t', "technology": "4G"}
    pull(supplier, row("a", networks=(odd,)))
    pull(supplier, row("a", networks=(odd,)))
    run = pull(supplier, row("a", networks=()))

    made = offer(supplier, "a")
    change = OfferChange.objects.get(run=run)
    assert counts(run) == {"networks": 1}
    assert (made.state, made.networks, kinds(made)) == ("active", [], ["new", "networks"])
    assert (change.before, change.after) == ([odd], [])


def test_offer_that_vanished_is_not_sold_and_keeps_when_it_was_last_seen(supplier: Supplier) -> None:
    pull(supplier, row("a"), row("b"))
    seen = pull(supplier, row("a"), row("b"))
    run = pull(supplier, row("a"))

    made = offer(supplier, "b")
    assert counts(run) == {"vanished": 1, "unchanged": 1}
    assert (made.state, made.last_seen_at, made.changed_at) == ("vanished", seen.started_at, run.started_at)


def test_when_an_offer_was_last_seen_needs_no_write(supplier: Supplier) -> None:
    pull(supplier, row("a"), row("b"))
    pull(supplier, row("a"), row("b"))
    last = pull(supplier, row("a"))

    seen = {one.code: vars(one)["seen_at"] for one in with_last_seen(Offer.objects.all())}
    assert seen == {"a": last.started_at, "b": offer(supplier, "b").last_seen_at}
    assert offer(supplier, "a").last_seen_at < last.started_at


def test_offer_that_comes_back_as_it_was_is_sold_again(supplier: Supplier) -> None:
    pull(supplier, row("a"), row("b"))
    pull(supplier, row("a"))
    run = pull(supplier, row("a"), row("b"))

    made = offer(supplier, "b")
    assert counts(run) == {"back": 1, "unchanged": 1}
    assert (made.state, kinds(made)) == ("active", ["new", "vanished", "back"])


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        (row("b", days=1), "content changed"),
        (priced("b", 90), "came back with another price"),
        (priced("b", 200), "price rose by 100.0 %"),
    ],
)
def test_offer_that_comes_back_different_waits_for_a_person(supplier: Supplier, later: Any, reason: str) -> None:
    pull(supplier, row("a"), row("b"))
    pull(supplier, row("a"))
    pull(supplier, row("a"), later)

    assert (offer(supplier, "b").state, offer(supplier, "b").review_reason) == ("review", reason)


def test_vanishing_does_not_lose_that_a_review_is_due(supplier: Supplier) -> None:
    pull(supplier, row("a"), priced("b", 100))
    pull(supplier, row("a"), priced("b", 200))
    pull(supplier, row("a"))
    pull(supplier, row("a"), priced("b", 200))

    assert (offer(supplier, "b").state, offer(supplier, "b").review_reason) == ("review", "price rose by 100.0 %")


def test_review_stays_open_through_later_pulls_and_keeps_all_reasons(supplier: Supplier) -> None:
    pull(supplier, priced("a", 100))
    pull(supplier, priced("a", 200))
    pull(supplier, priced("a", 200))
    pull(supplier, priced("a", 150, days=3))

    made = offer(supplier, "a")
    assert (made.state, made.cost_minor, made.review_reason) == (
        "review",
        150,
        "price rose by 100.0 %; content changed",
    )


def test_unreadable_rows_are_quarantined_with_the_reason(supplier: Supplier) -> None:
    run = pull(supplier, row("a"), unreadable("bad", "no price"))

    kept = QuarantinedOffer.objects.get(supplier=supplier)
    assert counts(run) == {"new": 1, "quarantined": 1}
    assert (kept.code, kept.reason, kept.raw) == ("bad", "no price", {"code": "bad"})


def test_quarantine_ends_when_the_row_can_be_read_or_is_gone(supplier: Supplier) -> None:
    pull(supplier, row("a"), unreadable("b"), unreadable("c"), unreadable("d", "first"))
    first = QuarantinedOffer.objects.get(code="d").first_seen_at
    pull(supplier, row("a"), row("b"), unreadable("d", "second"))

    kept = QuarantinedOffer.objects.get(supplier=supplier)
    assert (kept.code, kept.reason, kept.first_seen_at) == ("d", "second", first)


def test_offer_whose_row_can_no_longer_be_read_is_not_sold(supplier: Supplier) -> None:
    pull(supplier, row("a"), row("b"))
    run = pull(supplier, row("a"), unreadable("b", "no price"))

    assert offer(supplier, "b").state == "vanished"
    assert OfferChange.objects.get(run=run).after == {"unreadable": "no price"}


def test_the_same_row_twice_counts_once(supplier: Supplier) -> None:
    run = pull(supplier, row("a"), row("a"), row("b"))

    assert counts(run) == {"new": 2}


def test_a_code_listed_twice_with_different_content_is_not_sold(supplier: Supplier) -> None:
    run = pull(supplier, row("a", days=7), row("a", days=30), row("b"))

    assert counts(run) == {"new": 1, "quarantined": 1}
    assert QuarantinedOffer.objects.get().reason == "listed more than once, each time differently"


def test_text_that_a_database_can_not_hold_does_not_stop_the_others(supplier: Supplier) -> None:
    odd = {"nul": "a\0b", "half": "\ud800", "tab": "x\ty\\n\nz", "huge": 10**30, "deep": [{"k\0": "v"}]}
    run = pull(supplier, row("a", raw=odd, name="tab\there \\N\0"), row("b"))

    made = offer(supplier, "a")
    assert counts(run) == {"new": 2}
    assert made.name == "tab\there \\N"
    assert made.raw == {"nul": "ab", "half": "?", "tab": "x\ty\\n\nz", "huge": str(10**30), "deep": [{"k": "v"}]}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"countries": ()}, "names no country"),
        ({"countries": ("Spain",)}, "no two-letter code"),
        ({"days": 0}, "days can not be"),
        ({"days": 40_000}, "days can not be"),
        ({"data_bytes": 0}, "amount of data"),
        ({"data_bytes": None, "daily": True}, "can not be daily"),
        ({"clock_start": "some day"}, "when its days begin"),
        ({"cost": Money(0, "USD")}, "its price is nothing"),
        ({"cost": Money(1, "XYZ")}, "currency is unknown"),
        ({"supplier_price": "1" * 41}, "longer than 40"),
        ({"code": "x" * 121}, "longer than 120"),
        ({"code": "x\0y"}, "control characters"),
    ],
)
def test_rows_that_break_a_limit_are_quarantined_not_fatal(supplier: Supplier, wrong: Any, reason: str) -> None:
    fields = {"code": "odd", **wrong}
    run = pull(supplier, row("fine"), row(**fields))

    assert counts(run) == {"new": 1, "quarantined": 1}
    assert reason in QuarantinedOffer.objects.get().reason


def test_losing_much_at_once_changes_nothing_and_asks_a_person(supplier: Supplier) -> None:
    pull(supplier, *many(40))
    run = pull(supplier, *many(20), row("new"))

    assert run.problem == "20 of 40 offers are missing (50 %); nothing was changed"
    assert run.counts["vanished"] == 20
    assert Offer.objects.filter(supplier=supplier, state="active").count() == 40
    letter = DeadLetter.objects.get(kind="catalog", subject_id=supplier.code)
    assert (letter.cause, letter.resolved_at) == ("catalog_shrunk", None)
    assert Event.objects.filter(name="CatalogRefused").count() == 1


def test_a_person_can_accept_the_loss_and_the_letter_closes(supplier: Supplier) -> None:
    pull(supplier, *many(40))
    pull(supplier, *many(20))
    run = pull(supplier, *many(20), accept_loss=True)

    assert counts(run) == {"vanished": 20, "unchanged": 20}
    assert DeadLetter.objects.get(kind="catalog").resolution == "synced"


def test_an_empty_catalogue_is_never_believed(supplier: Supplier) -> None:
    pull(supplier, row("a"), row("b"))
    run = pull(supplier, accept_loss=True)

    assert run.problem == "the catalogue was empty"
    assert Offer.objects.filter(supplier=supplier, state="active").count() == 2


def test_a_catalogue_of_which_nothing_can_be_read_changes_nothing(supplier: Supplier) -> None:
    pull(supplier, row("a"))
    run = pull(supplier, unreadable("a"), unreadable("b"))

    assert run.problem == "not one of 2 rows could be read"
    assert (offer(supplier, "a").state, QuarantinedOffer.objects.count()) == ("active", 0)


def test_offers_of_another_supplier_are_left_alone(supplier: Supplier) -> None:
    other = factories.supplier()
    pull(other, row("a"), row("b"))
    pull(supplier, row("a"))

    assert Offer.objects.filter(supplier=other, state="active").count() == 2


def test_a_pull_that_began_earlier_does_not_overwrite_a_later_one(supplier: Supplier) -> None:
    early = factories.catalog_run(supplier=supplier, finished_at=None, counts={})
    pull(supplier, priced("a", 100))

    from simplane.suppliers import catalog_sync

    with catalog_sync.spooled() as spool:
        spool.add([priced("a", 50)])
        catalog_sync.apply(supplier, early, spool)

    assert early.problem == "a sync that began later finished first"
    assert offer(supplier, "a").cost_minor == 100
    assert DeadLetter.objects.count() == 0


def test_approving_a_review_sells_the_offer_again_and_says_who_did_it(supplier: Supplier) -> None:
    pull(supplier, priced("a", 100), row("b"))
    pull(supplier, priced("a", 200), row("b"))

    approved = approve_offers([offer(supplier, "a").pk, offer(supplier, "b").pk], note="asked the supplier")

    made = offer(supplier, "a")
    entry = AuditEntry.objects.get(action="offer.review_approved")
    assert approved == 1
    assert (made.state, made.review_reason, made.cost_minor) == ("active", "", 200)
    assert (entry.entity_id, entry.reason) == (str(made.pk), "asked the supplier")
    assert json.dumps(entry.before) == '{"state": "review", "reason": "price rose by 100.0 %"}'

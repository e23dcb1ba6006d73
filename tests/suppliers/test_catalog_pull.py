"""Pulling catalogues through the port: whole, broken off half way, on time, and again by a person's wish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from simplane.core import clock, deadletters, jobs, schedule
from simplane.core.errors import NotFound
from simplane.core.models import DeadLetter, Schedule
from simplane.suppliers import catalog_jobs, registry
from simplane.suppliers.catalog_sync import sync
from simplane.suppliers.errors import CatalogUnavailable
from simplane.suppliers.models import CatalogRun, Offer, QuarantinedOffer, Supplier
from simplane.suppliers.values import CatalogRow
from tests import factories, standins
from tests.suppliers.catalogues import many, row

pytestmark = pytest.mark.django_db(transaction=True)
BUNDLE = "esim_1GB_7D_GB_V2"
READ: dict[str, Any] = {"per_second": 200, "burst": 50}


class Shelf:
    """A supplier whose catalogue a test writes: an adapter of its own, for what no stand-in does on demand."""

    pages: list[Sequence[CatalogRow] | Exception]

    async def sync_catalogue(self) -> AsyncIterator[Sequence[CatalogRow]]:
        for page in self.pages:
            if isinstance(page, Exception):
                raise page
            yield page


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf()
    monkeypatch.setitem(registry.VENDORS, "shelf", lambda *_: made)
    return made


@pytest.fixture
def supplier(shelf: Shelf) -> Supplier:
    return factories.supplier(vendor="shelf")


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[standins.Standin]:
    with standins.start("esimgo", tmp_path_factory.mktemp("esimgo")) as started:
        yield started


@pytest.fixture
def esimgo(standin: standins.Standin) -> Supplier:
    standin.reset()
    return factories.supplier(base_url=standin.url, credentials={"api_key": "esg_sandbox_key_0001"}, options=READ)


def pull(supplier: Supplier, **given: Any) -> CatalogRun:
    return asyncio.run(sync(supplier.pk, **given))


def job(**arguments: Any) -> None:
    """Run the job as the worker does."""
    function: Any = jobs.registered()["catalog.sync_supplier"].function
    asyncio.run(function(**arguments))


def test_a_real_catalogue_is_pulled_page_by_page(esimgo: Supplier) -> None:
    run = pull(esimgo)

    offer = Offer.objects.get(supplier=esimgo, code=BUNDLE)
    assert (run.problem, run.counts["rows"]) == ("", run.counts["new"] + run.counts["quarantined"])
    assert Offer.objects.filter(supplier=esimgo).count() == run.counts["new"] > 800
    assert (offer.countries, offer.data_bytes, offer.days, offer.cost_minor) == (["GB"], 1_000_000_000, 7, 136)
    assert QuarantinedOffer.objects.get(code="esim_2GB_10D_MT_V2").reason == "no price"
    assert run.finished_at is not None


def test_changes_at_the_supplier_are_seen_at_the_next_pull(esimgo: Supplier, standin: standins.Standin) -> None:
    pull(esimgo)
    standin.control("catalogue/price", name=BUNDLE, price_minor=999)
    standin.control("catalogue/remove", name="esim_1GB_7D_ES_V2")

    run = pull(esimgo)

    assert (run.counts["price"], run.counts["vanished"], run.counts["new"]) == (1, 1, 0)
    assert Offer.objects.get(supplier=esimgo, code=BUNDLE).state == "review"
    assert Offer.objects.get(supplier=esimgo, code="esim_1GB_7D_ES_V2").state == "vanished"


def test_a_catalogue_that_can_not_be_read_changes_nothing(esimgo: Supplier, standin: standins.Standin) -> None:
    pull(esimgo)
    standin.fault("catalogue", "html", times=-1)

    run = pull(esimgo)

    assert run.problem != ""
    assert Offer.objects.filter(supplier=esimgo).exclude(state="active").count() == 0
    assert DeadLetter.objects.get(kind="catalog", subject_id=esimgo.code).cause == "catalog_unavailable"


def test_nothing_of_a_half_read_catalogue_is_used(shelf: Shelf, supplier: Supplier) -> None:
    shelf.pages = [[row("a"), row("b")]]
    pull(supplier)
    shelf.pages = [[row("a", days=1)], CatalogUnavailable("page 2 was not answered")]

    run = pull(supplier)

    assert (run.problem, run.counts) == ("page 2 was not answered", {"rows": 1})
    assert set(Offer.objects.values_list("days", "state")) == {(7, "active")}


def test_a_fault_of_ours_ends_the_run_with_a_problem(shelf: Shelf, supplier: Supplier) -> None:
    shelf.pages = [KeyError("price")]

    with pytest.raises(KeyError):
        pull(supplier)

    assert CatalogRun.objects.get().problem == "KeyError: 'price'"


def test_a_run_that_a_dead_worker_left_is_closed_by_the_next(shelf: Shelf, supplier: Supplier) -> None:
    left = factories.catalog_run(supplier=supplier, started_at=clock.now() - timedelta(hours=2), finished_at=None)
    shelf.pages = [[row("a")]]

    pull(supplier)

    left.refresh_from_db()
    assert left.problem == "interrupted"


def test_a_supplier_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotFound):
        asyncio.run(sync(0))


def test_the_timetable_pulls_every_active_supplier_though_one_fails(shelf: Shelf, supplier: Supplier) -> None:
    broken = factories.supplier(vendor="nobody")
    factories.supplier(vendor="shelf", active=False)
    shelf.pages = [[row("a")]]

    asyncio.run(schedule.run_now("catalog_sync"))

    result = Schedule.objects.get(name="catalog_sync").last_result
    assert result is not None
    assert sorted(result) == sorted([supplier.code, broken.code])
    assert result[supplier.code]["new"] == 1
    assert result[broken.code]["problem"].startswith("UnknownVendor")


def test_a_catalogue_just_pulled_is_not_pulled_again_by_news(shelf: Shelf, supplier: Supplier) -> None:
    shelf.pages = [[row("a")]]

    job(supplier_id=supplier.pk)
    job(supplier_id=supplier.pk)

    assert CatalogRun.objects.count() == 1


def test_a_person_accepts_a_smaller_catalogue_from_the_stuck_queue(shelf: Shelf, supplier: Supplier) -> None:
    catalog_jobs.register()
    shelf.pages = [many(40)]
    pull(supplier)
    shelf.pages = [many(10)]
    pull(supplier)
    letter = DeadLetter.objects.get(cause="catalog_shrunk")
    assert [action.name for action in deadletters.actions_for(letter)] == ["sync_catalog", "accept_smaller_catalog"]

    deadletters.perform(letter.pk, "accept_smaller_catalog")
    job(supplier_id=supplier.pk, accept_loss=True)

    letter.refresh_from_db()
    assert (letter.resolution, Offer.objects.filter(state="active").count()) == ("synced", 10)

"""Working at the console: many stuck orders at once, one order's page, the keyboard, and all of it without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from simplane.channels.models import Shop
from simplane.core import clock
from simplane.core.models import DeadLetter
from simplane.ordering.models import Order, Unit
from tests import factories
from tests.browser.conftest import NewPage

pytestmark = pytest.mark.browser
S = Unit.State


def _dead_units(count: int) -> list[Unit]:
    made = [factories.unit(state=S.DEAD, due_at=None) for _ in range(count)]
    for unit in made:
        factories.letter(cause="no_offer", action="retry_unit", subject_id=str(unit.pk), order_id=unit.order_id)
    return made


def _states(units: list[Unit]) -> list[str]:
    return [Unit.objects.get(pk=unit.pk).state for unit in units]


def test_many_stuck_orders_are_tried_again_after_a_preview(signed_in: NewPage) -> None:
    units = _dead_units(3)
    page = signed_in()
    page.goto("/console/")
    page.get_by_role("link", name="Stuck 3 open").click()
    page.get_by_role("link", name="Nothing to buy").click()

    page.get_by_label("Select all shown").check()
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_label("Select", exact=False).nth(1).uncheck()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_role("heading", name="Try again: 2 items")).to_be_visible()
    expect(page.get_by_text("nothing is ever bought twice")).to_be_visible()
    expect(page.get_by_text("€18.00")).to_be_visible()
    assert _states(units) == [S.DEAD] * 3

    page.get_by_role("button", name="Try again (2)").click()

    expect(page.get_by_role("heading", name="Try again: 2 done")).to_be_visible()
    assert sorted(_states(units)) == sorted([S.DEAD, S.WAITING, S.WAITING])
    assert DeadLetter.objects.filter(resolved_at__isnull=True).count() == 1


def test_an_orders_page_tells_its_story_and_shows_every_call(signed_in: NewPage) -> None:
    unit = factories.delivered_unit(order=factories.order(name="#7001"))
    call = {
        "method": "POST",
        "url": "https://api.example/orders",
        "status": 200,
        "ms": 812,
        "request": {"item": "es_1gb"},
    }
    factories.purchase(unit_id=unit.pk, state="rejected", error_text="sold out", trace=[call])
    factories.message(order_id=unit.order_id, unit_id=unit.pk)
    page = signed_in(width=390)
    page.goto("/console/")

    page.get_by_role("searchbox").first.fill("7001")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="#7001")).to_be_visible()
    expect(page.get_by_text("Mail with the eSIM: sent")).to_be_visible()
    page.get_by_text("POST https://api.example/orders → 200").click()
    expect(page.get_by_text("es_1gb")).to_be_visible()


def test_an_order_is_held_and_released_without_scripts(signed_in: NewPage) -> None:
    order = factories.order()
    factories.unit(order=order)
    page = signed_in(scripts=False)
    page.goto(f"/console/orders/{order.public_id}/")

    page.get_by_text("Hold…").click()
    page.get_by_label("Reason").first.fill("looks odd")
    page.get_by_role("button", name="Hold the order").click()
    expect(page.get_by_text("Held: looks odd", exact=True)).to_be_visible()
    assert Order.objects.get().state == Order.State.HELD
    page.get_by_role("button", name="Release").click()

    expect(page.get_by_text("The order goes on.")).to_be_visible()
    assert Order.objects.get().state == Order.State.OPEN


def test_the_menu_works_on_a_phone_without_scripts(signed_in: NewPage) -> None:
    page = signed_in(width=390, scripts=False)
    page.goto("/console/")
    expect(page.get_by_role("link", name="Suppliers", exact=True)).to_be_hidden()

    page.get_by_role("link", name="Menu", exact=True).click()
    page.get_by_role("link", name="Suppliers", exact=True).click()

    expect(page.get_by_role("heading", name="Suppliers")).to_be_visible()


def test_the_keyboard_is_enough(signed_in: NewPage) -> None:
    for name in ("#7001", "#7002", "#7003"):
        factories.order(name=name)
    page = signed_in()
    page.goto("/console/")

    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name="Orders")).to_be_visible()
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="#7002")).to_be_visible()


def test_the_look_that_was_chosen_stays(signed_in: NewPage) -> None:
    page = signed_in()
    page.goto("/console/")

    page.get_by_role("button", name="Light or dark").click()
    page.goto("/console/orders/")

    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_today_refreshes_itself_and_says_when_it_can_not(signed_in: NewPage) -> None:
    page = signed_in()
    page.clock.install()
    page.goto("/console/")
    expect(page.get_by_role("link", name="Paid today 0")).to_be_visible()
    factories.order()

    page.clock.run_for(16_000)
    expect(page.get_by_role("link", name="Paid today 1")).to_be_visible()
    page.route("**/console/", lambda route: route.abort())
    page.clock.run_for(16_000)

    expect(page.get_by_text("The last refresh failed.")).to_be_visible()


def test_the_result_of_a_check_comes_by_itself(signed_in: NewPage) -> None:
    shop = factories.shop(key="demo")
    page = signed_in()
    page.goto("/console/shops/demo/")
    page.get_by_role("button", name="Check subscriptions").click()
    expect(page.get_by_text("being checked")).to_be_visible()

    Shop.objects.filter(pk=shop.pk).update(subscriptions_at=clock.now(), subscriptions_result="made again: orders/paid")

    expect(page.get_by_text("made again: orders/paid")).to_be_visible()
    expect(page.get_by_text("being checked")).to_have_count(0)


def test_the_evidence_of_a_dispute_is_a_file(signed_in: NewPage) -> None:
    order = factories.delivered_unit().order
    factories.letter(kind="dispute", cause="payment_disputed", order_id=order.pk)
    page = signed_in(scripts=False)
    page.goto(f"/console/orders/{order.public_id}/")

    with page.expect_download() as coming:
        page.get_by_role("button", name="Download the evidence").click()

    assert coming.value.suggested_filename == f"evidence-{order.public_id}.zip"


def test_a_long_name_of_an_order_makes_no_page_wider_than_the_phone(signed_in: NewPage) -> None:
    order = factories.order(name="#WHOLESALE-SPRING-CAMPAIGN-2026-0000001234567", total_minor=123_456_78)
    factories.letter(cause="no_offer", order_id=order.pk, money_minor=123_456_78, money_currency="EUR")
    page = signed_in(width=390)
    for address in ("/console/orders/", "/console/stuck/no_offer/"):
        page.goto(address)
        expect(page.get_by_role("link", name=order.name)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390

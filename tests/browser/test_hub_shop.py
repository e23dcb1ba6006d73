"""The hub's shop in a real browser: from the catalogue to an eSIM in hand; and every page of it looked over by axe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import pytest
from playwright.sync_api import Page, expect

from simplane.core import clock, context
from simplane.ledger.models import Wallet
from simplane.lines.queries import activation_code
from simplane.ordering.models import Order, Unit
from simplane.organizations.keys import create_key
from simplane.organizations.models import Organization, Role
from simplane.payments.invoice_models import MonthlyInvoice
from simplane.payments.invoice_values import Content, Line, Movement, Party
from simplane.payments.models import AutoTopUp, SavedCard, StripeAccount, StripeCustomer, TopUp
from tests import factories, signin
from tests.browser.conftest import NewPage
from tests.hub.people import member
from tests.ordering.wholesale import own_price, reseller, sold

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def acme(transactional_db: None) -> Organization:
    home = reseller(20_00, slug="acme", name="Acme Travel").organization
    own_price(sold("EU-5", 6_00, countries=["ES", "FR"]), 4_50, organization=home)
    sold("US-1", 3_00, countries=["US"])
    return home


@pytest.fixture
def session(acme: Organization) -> str:
    return signin.session_of(member(acme, Role.OWNER, email="rita@acme.example"), second_factor=None)


def test_from_the_catalogue_to_an_esim_in_hand(visitor: NewPage, session: str, acme: Organization) -> None:
    page = visitor(session=session)
    page.goto("/hub/catalogue/")
    page.get_by_label("How many Plan EU-5").fill("2")
    page.get_by_role("row", name="Plan EU-5").get_by_role("button", name="Add").click()
    expect(page.get_by_text("2 in the cart")).to_be_visible()
    page.get_by_role("link", name="Cart · 2 eSIMs").click()

    page.goto("/hub/catalogue/")
    page.evaluate("document.querySelectorAll('table form button').forEach(button => button.click())")
    expect(page.get_by_role("link", name="Cart · 4 eSIMs")).to_be_visible()
    page.get_by_role("link", name="Cart · 4 eSIMs").click()
    page.get_by_role("button", name="Remove US-1").click()
    page.get_by_label("Your reference").fill("PO-7")
    page.get_by_label("Quantity of EU-5").fill("3")
    page.get_by_label("Quantity of EU-5").blur()
    confirm = page.get_by_role("button", name="Place order for €13.50")
    expect(confirm).to_be_visible()
    assert page.get_by_label("Your reference").input_value() == "PO-7"
    confirm.dblclick()
    expect(page.get_by_role("heading", name="PO-7")).to_be_visible()
    expect(page.get_by_text("0 of 3 delivered")).to_be_visible()

    order = Order.objects.get()
    assert (order.total_minor, Wallet.objects.get(organization=acme).balance_minor) == (13_50, 6_50)
    unit = order.units.order_by("pk")[0]
    unit.line = factories.line(unit_id=unit.pk)
    unit.state, unit.delivered_at = Unit.State.DELIVERED, clock.now()
    unit.save()
    expect(page.get_by_text("1 of 3 delivered")).to_be_visible()
    page.get_by_text("QR and code").click()
    picture = page.get_by_role("img", name=f"QR code of eSIM {unit.line.iccid}")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    expect(page.get_by_text(str(activation_code(unit.line)))).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="QR codes (ZIP)").click()
    assert taken.value.suggested_filename == f"esims-{order.public_id}.zip"


def _pages(home: Organization) -> list[str]:
    """Every page of the shop with something on it."""
    now = clock.now()
    order = factories.order(organization=home, book="wholesale", account=home.slug, name="PO-1", external_id="PO-1")
    unit = factories.delivered_unit(order=order)
    assert unit.line is not None
    unit.line.data_used, unit.line.usage_at, unit.line.plan_state = 9 * 10**8, now, "active"
    unit.line.save()
    factories.unit(order=order)
    account = StripeAccount.objects.create(key="live", name="Stripe", is_test=False, credentials={}, created_at=now)
    customer = StripeCustomer.objects.create(account=account, organization=home, public_id="cus_1")
    SavedCard.objects.create(
        customer=customer, organization=home, public_id="crd_1", stripe_id="pm_1", brand="visa", last4="4242",
        exp_month=12, exp_year=2030, created_at=now,
    )  # fmt: skip
    TopUp.objects.create(
        organization=home, account=account, public_id="top_1", method="checkout", state="awaiting",
        amount_minor=5_00, currency="EUR", request={}, created_at=now, url="https://checkout.stripe.example/1",
    )  # fmt: skip
    party, line = Party("We", "DE", "DE123456789"), Line("EU-5", "Europe 5 GB", 3, 4_50)
    MonthlyInvoice.objects.create(
        organization=home, number="WS-2026-00001", month="2026-10-01", currency="EUR", net_minor=13_50, issued_at=now,
        content=asdict(Content(party, Party(home.name), (line,), (Movement("top_up", 20_00),), 0, 6_50)),
    )  # fmt: skip
    AutoTopUp.objects.create(
        organization=home, currency="EUR", card=SavedCard.objects.get(), threshold_minor=10_00, amount_minor=50_00,
        monthly_cap_minor=90_00, armed=False, problem="declined", declined=1, retry_at=now, updated_at=now,
    )  # fmt: skip
    invoices = ("invoices/", "invoices/now/", "invoices/WS-2026-00001/")
    wallet = ("", "top-ups/", "top-ups/top_1/", "statement/", "purchases/", *invoices)
    rest = (
        "",
        "keys/",
        "orders/?sort=-total",
        "catalogue/",
        "catalogue/?q=nowhere",
        "cart/upload/",
        "orders/",
        f"orders/{order.public_id}/",
        "esims/",
    )
    return [*(f"/hub/{one}" for one in rest), *(f"/hub/wallet/{one}" for one in wallet)]


def test_no_page_of_the_shop_has_a_serious_problem(
    visitor: NewPage, session: str, acme: Organization, serious: Callable[[Page], list[str]]
) -> None:
    page = visitor(session=session)
    found: dict[str, list[str]] = {}

    def look(name: str) -> None:
        problems = serious(page)
        page.set_viewport_size({"width": 390, "height": 900})
        if page.evaluate(WIDER) > 0:
            problems.append("wider than a phone")
        page.set_viewport_size({"width": 1280, "height": 900})
        if problems:
            found[name] = problems

    for address in _pages(acme):
        page.goto(address)
        look(address)
    colleague = member(acme, Role.DEVELOPER, email="dev@acme.example")
    with context.acting(f"user:{colleague.pk} dev@acme.example"):
        create_key(acme, "shop")
    page.goto("/hub/team/")
    page.get_by_label("Remove dev@acme.example").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    asked = page.get_by_role("checkbox", name="shop")
    expect(asked).to_be_checked()
    box = asked.locator("xpath=../label").bounding_box()
    assert box is not None
    assert box["width"] > 200
    look("what becomes of the keys of a member who goes")
    page.goto("/hub/cart/upload/")
    page.get_by_label("Or paste the rows").fill("sku,quantity,reference\nEU-5,4,PO-8\nUS-1,2,\nNOPE,1,\n")
    page.get_by_role("button", name="Read it").click()
    look("a file with an error")
    page.get_by_role("button", name="Add the 2 good rows").click()
    expect(page.get_by_text("is missing in the wallet")).to_be_visible()
    look("a cart that is too dear")
    page.get_by_label("Quantity of EU-5").fill("1")
    page.get_by_role("button", name="Update quantities").click()
    expect(page.get_by_role("button", name="Place orders for €10.50")).to_be_visible()
    look("a cart of two orders")

    assert found == {}

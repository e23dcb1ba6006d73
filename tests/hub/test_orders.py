"""Orders of an account: found, watched, sent, taken along, cancelled; never another account's."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from simplane.core import clock
from simplane.delivery import links
from simplane.delivery.models import Message
from simplane.hub.words import filter_choices
from simplane.lines.models import Line
from simplane.lines.queries import activation_code
from simplane.ordering.models import Compensation, Customer, Order, Unit
from simplane.organizations.models import Organization, Role
from tests import factories
from tests.hub.people import browser_of, member, reseller

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    return reseller(slug="acme")


@pytest.fixture
def buyer(acme: Organization) -> Client:
    return browser_of(member(acme, Role.BUYER))


def order(home: Organization, reference: str = "PO-1", *, email: str = "", **given: Any) -> Order:
    customer = factories.customer(organization=home, email=email, name="Ana") if email else None
    fields = {"book": "wholesale", "account": home.slug, "external_id": reference, "name": reference}
    who = customer or home.customer_set.filter(email="").first() or factories.customer(organization=home, email="")
    return factories.order(organization=home, customer=who, **fields | given)


def delivered(home: Organization, made: Order, **given: Any) -> Unit:
    return factories.delivered_unit(order=made, organization=home, book="wholesale", account=home.slug, **given)


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return str(answer.content.decode())


def said(answer: Any) -> str:
    return str(list(get_messages(answer.wsgi_request))[-1])


def test_orders_are_found_by_what_a_reseller_knows(acme: Organization, buyer: Client) -> None:
    first = order(acme, "PO-1", email="ana@example.com")
    second = order(acme, "PO-22", state="done")
    unit = delivered(acme, second)
    assert unit.line is not None
    line = factories.order_line(order=second, sku="EU-5-X")
    Customer.objects.filter(pk=first.customer_id).update(name="Zoe Quill")
    order(reseller(), "PO-3")

    for query, found in (
        ("", ["PO-1", "PO-22"]), ("q=po-2", ["PO-22"]), ("q=ana@", ["PO-1"]), ("state=done", ["PO-22"]),
        (f"q={unit.line.iccid}", ["PO-22"]), (f"q={first.public_id}", ["PO-1"]), (f"q={unit.public_id}", ["PO-22"]),
        ("q=PO-3", []), ("late=1", []), ("state=nonsense", ["PO-1", "PO-22"]), ("q=QUILL", ["PO-1"]),
        (f"q={line.sku.lower()}", ["PO-22"]),
    ):  # fmt: skip
        shown = page(buyer, f"/hub/orders/?{query}")
        assert sorted(re.findall(r"/\">(PO-\d+)</a>", shown)) == found, query
    table = buyer.get("/hub/orders.csv?state=done").getvalue().decode().splitlines()
    assert [row.split(",")[0] for row in table] == ["reference", "PO-22"]
    assert [word for _, word in filter_choices()] == ["in progress", "delivered", "not delivered", "on hold"]


def test_orders_sort_by_a_column_on_every_page_and_in_the_file(acme: Organization, buyer: Client) -> None:
    for number in range(52):
        order(acme, f"PO-{number:02}", total_minor=(number * 7) % 52)

    def names(query: str) -> list[str]:
        found: list[str] = []
        while True:
            shown = page(buyer, f"/hub/orders/?{query}")
            found += re.findall(r"/\">(PO-\d+)</a>", shown)
            older = re.search(r'href="\?([^"]+)" rel="next"', shown)
            if older is None:
                return found
            query = older[1].replace("&amp;", "&")

    rising = [f"PO-{number:02}" for number in range(52)]
    dearest = sorted(rising, key=lambda name: -(int(name[3:]) * 7 % 52))
    assert names("sort=reference") == rising
    assert names("sort=-reference&state=open") == rising[::-1]
    assert names("sort=-total") == dearest
    assert names("sort=nonsense&q=PO") == names("") == rising[::-1]
    shown = page(buyer, "/hub/orders/?sort=-total&state=open")
    assert 'aria-sort="descending"><a class="sort" href="?state=open&amp;sort=total">Total' in shown
    assert shown.count("aria-sort") == 1
    rows = buyer.get("/hub/orders.csv?sort=-total").getvalue().decode().splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == dearest


def test_an_order_page_says_in_words_how_each_esim_stands(acme: Organization, buyer: Client) -> None:
    made = order(acme)
    for state in Unit.State.values:
        if state not in ("ready", "delivered"):
            factories.unit(order=made, organization=acme, state=state)
    unit = delivered(acme, made)
    links.unit_token(unit_id=unit.pk, order_id=made.pk, line=unit.line, locale="en")

    shown = page(buyer, f"/hub/orders/{made.public_id}/")

    for word in (
        "queued",
        "being made",
        "being checked",
        "delayed",
        "not delivered",
        "cancelled",
        "refunded",
        "delivered",
    ):
        assert f">{word}</span>" in shown
    assert unit.line is not None
    assert str(activation_code(unit.line)) in shown
    assert links.address_of_unit("") in shown
    assert 'hx-trigger="every 3s"' in shown
    assert "supplier" not in shown.replace("its supplier takes it", "").replace("the supplier has answered", "")


def test_the_page_looks_again_only_while_something_changes(acme: Organization, buyer: Client) -> None:
    made = order(acme)
    unit = factories.unit(order=made, organization=acme)
    address = f"/hub/orders/{made.public_id}/esims/"
    stamp = re.search(r"stamp=(\w+)", page(buyer, f"/hub/orders/{made.public_id}/"))
    assert stamp is not None

    waits = buyer.get(f"{address}?stamp={stamp[1]}", headers={"HX-Request": "true"})
    assert (waits.status_code, waits.content) == (204, b"")
    unit.state, unit.line = "delivered", factories.line(unit_id=unit.pk)
    unit.save()
    Order.objects.filter(pk=made.pk).update(state="done")
    moved = buyer.get(f"{address}?stamp={stamp[1]}", headers={"HX-Request": "true"}).content.decode()
    assert "1 of 1 delivered" in moved
    assert 'hx-swap-oob="true"' in moved
    assert "hx-trigger" not in moved


@pytest.mark.parametrize(
    ("role", "sees"), [(Role.BUYER, True), (Role.DEVELOPER, True), (Role.VIEWER, False), (Role.FINANCE, False)]
)
def test_activation_codes_are_for_those_who_order(acme: Organization, role: Role, sees: bool) -> None:
    made = order(acme)
    unit = delivered(acme, made)
    assert unit.line is not None
    client = browser_of(member(acme, role))

    assert (str(activation_code(unit.line)) in page(client, f"/hub/orders/{made.public_id}/")) is sees
    for address in (f"/hub/orders/{made.public_id}/zip/", f"/hub/esims/{unit.public_id}/qr.svg"):
        assert client.get(address).status_code == (200 if sees else 403)


def test_the_zip_names_each_picture_by_its_iccid(acme: Organization, buyer: Client) -> None:
    made = order(acme)
    units = [delivered(acme, made) for _ in range(2)]
    factories.unit(order=made, organization=acme)

    answer = buyer.get(f"/hub/orders/{made.public_id}/zip/")

    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Cache-Control"] == "private, no-store"
    names = zipfile.ZipFile(io.BytesIO(answer.getvalue())).namelist()
    assert names == [f"{unit.line.iccid}.png" for unit in units if unit.line] + ["esims.csv"]
    empty = order(acme, "PO-2")
    assert buyer.get(f"/hub/orders/{empty.public_id}/zip/").status_code == 404


def test_esims_are_mailed_to_a_traveller(transactional_db: None, acme: Organization, buyer: Client) -> None:
    made = order(acme)
    units = [delivered(acme, made) for _ in range(2)]

    assert (
        said(buyer.post(f"/hub/esims/{units[0].public_id}/send/", {"to": "Ana@Example.com"}))
        == "The mail is on its way."
    )
    assert (
        said(buyer.post(f"/hub/orders/{made.public_id}/send/", {"to": "bob@example.com"}))
        == "2 mails are on their way."
    )
    refused = said(buyer.post(f"/hub/orders/{made.public_id}/send/", {"to": "nobody"}))

    assert refused.startswith("Refused: that is no e-mail address")
    sent = Message.objects.filter(kind="esim_ready").order_by("pk").values_list("unit_id", "to", "version")
    assert list(sent) == [
        (units[0].pk, "ana@example.com", 1), (units[0].pk, "bob@example.com", 2), (units[1].pk, "bob@example.com", 1),
    ]  # fmt: skip


def test_the_page_says_what_became_of_the_mail(acme: Organization, buyer: Client) -> None:
    made = order(acme, email="ana@example.com")
    unit = delivered(acme, made)
    for version, (state, to) in enumerate((("bounced", "ana@exmaple.com"), ("sent", "ana@example.com")), 1):
        factories.message(order_id=made.pk, unit_id=unit.pk, kind="esim_ready", version=version, state=state, to=to)

    shown = page(buyer, f"/hub/orders/{made.public_id}/")

    assert "Mail to ana@example.com" in shown
    assert "exmaple" not in shown
    assert "hx-trigger" not in shown
    Message.objects.update(state="queued")
    assert "hx-trigger" in page(buyer, f"/hub/orders/{made.public_id}/")


def test_what_is_not_used_is_cancelled(transactional_db: None, acme: Organization, buyer: Client) -> None:
    made = order(acme)
    waiting = factories.unit(order=made, organization=acme, price_minor=0)
    fresh, used, other = (delivered(acme, made) for _ in range(3))
    Line.objects.filter(unit_id=used.pk).update(data_used=5)

    assert said(buyer.post(f"/hub/esims/{fresh.public_id}/cancel/")) == "It is being cancelled."
    assert said(buyer.post(f"/hub/orders/{made.public_id}/cancel/")) == "2 eSIMs are being cancelled."

    waiting.refresh_from_db()
    assert waiting.state == "cancelled"
    asked = Compensation.objects.order_by("unit_id")
    assert list(asked.values_list("unit_id", "reason")) == [(fresh.pk, "asked"), (other.pk, "asked")]
    asked.filter(unit=fresh).update(state="loss", verdict="the profile is installed: nothing to take back")
    assert "It stays yours: the profile is installed" in page(buyer, f"/hub/orders/{made.public_id}/")
    again = said(buyer.post(f"/hub/esims/{fresh.public_id}/cancel/"))
    assert again.startswith("Refused: it can not be taken back")


def test_data_left_is_shown_with_its_age_and_found_when_low(acme: Organization, buyer: Client) -> None:
    made = order(acme)
    units = [delivered(acme, made) for _ in range(3)]
    low, much, silent = (unit.line for unit in units if unit.line)
    now = clock.now()
    fields = {"plan_state": "active", "data_total": 5 * 10**9, "usage_at": now - timedelta(hours=3)}
    Line.objects.filter(pk=low.pk).update(data_used=4 * 10**9, **fields)
    Line.objects.filter(pk=much.pk).update(data_used=1 * 10**9, **fields)
    delivered(reseller(), order(reseller(), "foreign"))

    whole = page(buyer, "/hub/esims/")
    assert [iccid in whole for iccid in (low.iccid, much.iccid, silent.iccid)] == [True, True, True]
    assert whole.count("<tr data-row>") == 3
    assert "1\u00a0GB of 5\u00a0GB" in whole
    assert "3 h ago" in whole
    little = page(buyer, "/hub/esims/?low=1")
    assert [iccid in little for iccid in (low.iccid, much.iccid, silent.iccid)] == [True, False, False]
    assert silent.iccid in page(buyer, f"/hub/esims/?q={silent.iccid[:12]}")
    assert "No eSIM fits" in page(buyer, "/hub/esims/?plan=expired")


def test_nothing_of_another_account_answers(buyer: Client) -> None:
    foreign = order(reseller(), "foreign")
    unit = delivered(foreign.organization, foreign)
    for address in (
        f"/hub/orders/{foreign.public_id}/", f"/hub/orders/{foreign.public_id}/esims/",
        f"/hub/orders/{foreign.public_id}/zip/", f"/hub/esims/{unit.public_id}/qr.svg",
    ):  # fmt: skip
        assert buyer.get(address).status_code == 404, address
    for address in (f"/hub/orders/{foreign.public_id}", f"/hub/esims/{unit.public_id}"):
        for verb in ("send", "cancel"):
            assert buyer.post(f"{address}/{verb}/", {"to": "eve@example.com"}).status_code == 404, address
    assert (Message.objects.count(), Compensation.objects.count()) == (0, 0)


@pytest.mark.parametrize("address", ["/hub/orders/", "/hub/orders.csv", "/hub/esims/", "order"])
def test_more_rows_cost_no_more_queries(acme: Organization, buyer: Client, address: str) -> None:
    made = order(acme)
    where = f"/hub/orders/{made.public_id}/" if address == "order" else address

    def more(count: int) -> int:
        for _ in range(count):
            delivered(acme, made)
            factories.unit(order=order(acme, f"PO-{factories.number()}"), organization=acme)
        buyer.get(where)
        with CaptureQueriesContext(connection) as asked:
            assert buyer.get(where).getvalue()
        return len(asked)

    few = more(2)
    assert more(10) == few

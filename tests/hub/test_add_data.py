"""Adding data in the hub: the page says what fits and costs what, and its form orders it once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simplane.catalog.models import Price
from simplane.ledger.models import Wallet
from simplane.lines.models import Line
from simplane.ordering.models import Order
from simplane.organizations.models import Role
from simplane.suppliers.models import Offer
from tests import factories
from tests.hub.people import browser_of, member, reseller
from tests.ledger.money import funded
from tests.world import open_outside, open_world


@pytest.mark.slow
def test_data_is_added_by_one_form_at_the_price_it_shows(transactional_db: None, tmp_path: Path) -> None:
    # Free of charge: the eSIM itself is not what this is about.
    with open_outside(tmp_path) as outside, open_world(outside) as world:
        world.only(world.redtea)
        home = reseller()
        funded(20_00, owner=home)
        Offer.objects.update(top_up=True)
        order = factories.order(organization=home, book="wholesale", account=home.slug)
        line = factories.order_line(order=order, product=world.product)
        unit = factories.unit(order_line=line, price_minor=0)
        world.work()
        before = Line.objects.get().data_total or 0
        client, page = browser_of(member(home, Role.BUYER)), f"/hub/esims/{unit.public_id}/data/"

        assert page in client.get(f"/hub/orders/{order.public_id}/").content.decode()
        shown = client.get(page).content.decode()
        (token,) = re.findall(r'name="token" value="(\w+)"', shown)
        (choice,) = re.findall(r'name="choice" value="([^"]+)"', shown)
        assert (choice, "9.00" in shown) == (f"{world.product.sku}@900", True)
        Price.objects.update(amount_minor=9_50)
        dearer = client.post(page, {"token": token, "choice": choice})
        assert (dearer.status_code, "Prices rose" in dearer.content.decode()) == (422, True)
        Price.objects.update(amount_minor=9_00)
        done = [client.post(page, {"token": token, "choice": choice}) for _ in range(2)]
        world.work()

        assert done[0].headers["Location"] == done[1].headers["Location"]
        assert (Order.objects.count(), Line.objects.get().data_total) == (2, 2 * before)
        assert Wallet.objects.get(organization=home).balance_minor == 11_00
        assert unit.public_id in client.get(done[0].headers["Location"]).content.decode()
        assert browser_of(member(home, Role.VIEWER)).get(page).status_code == 403

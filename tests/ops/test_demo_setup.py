"""The demo setup against the stand-ins it names: every product can be bought, and the commands say so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from simplane.catalog.models import Product
from simplane.core.db import transaction
from simplane.core.money import Money
from simplane.ops import route, sync_catalog
from simplane.ops.load import load
from simplane.ops.stage import SUPPLIERS
from simplane.routing.actions import choose, explain
from simplane.routing.models import Match
from simplane.suppliers.models import Offer
from tests import factories, standins

DEMO = Path(__file__).resolve().parents[2] / "setup" / "demo.json"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("suppliers")
    with ExitStack() as stack:
        yield {name: stack.enter_context(standins.start(name, folder)).url for name in SUPPLIERS}


@pytest.fixture
def demo(addresses: dict[str, str]) -> dict[str, Any]:
    """The demo setup with the addresses of the stand-ins started here, loaded, catalogues pulled, loaded again."""
    made: dict[str, Any] = json.loads(DEMO.read_text())
    for supplier in made["suppliers"]:
        supplier["base_url"] = addresses[supplier["code"]]
        supplier["options"] |= {"per_second": 200, "burst": 50}
    waiting = load(made).waiting
    assert len(waiting) == len(made["matches"])
    assert sync_catalog.main([]) == 0
    load(made)
    return made


def test_the_demo_sells_every_product_and_the_commands_show_it(
    demo: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert load(demo).changes == []
    assert Match.objects.filter(state="approved").count() == len(demo["matches"])
    _every_product_can_be_bought_at_a_profit()
    _nearly_all_have_two_suppliers()
    capsys.readouterr()
    _sync_shows_a_second_time_unchanged(capsys)
    _sync_shows_what_changed_here(capsys)
    _route_explains_a_sku_a_unit_and_a_receipt(capsys)


def _every_product_can_be_bought_at_a_profit() -> None:
    for product in Product.objects.all():
        for price in product.prices.all():
            found = explain(product.sku, Money(price.amount_minor, price.currency))
            assert found.ranking.chosen is not None, found.why


def _nearly_all_have_two_suppliers() -> None:
    sold_by = {
        sku: set(Match.objects.filter(product__sku=sku).values_list("offer__supplier__code", flat=True))
        for sku in Product.objects.values_list("sku", flat=True)
    }
    assert {sku for sku, codes in sold_by.items() if len(codes) == 1} == {"ESIM-US-UNLIMITED-7D"}


def _sync_shows_a_second_time_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    assert sync_catalog.main(["--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [(one["supplier"], one["changes"]) for one in result["suppliers"]] == [
        ("esimaccess", []),
        ("esimgo", []),
        ("oneglobal", []),
    ]


def _sync_shows_what_changed_here(capsys: pytest.CaptureFixture[str]) -> None:
    Offer.objects.filter(code="esim_5GB_30D_TR_V2").update(cost_minor=1, supplier_price="0.01")
    assert sync_catalog.main(["--supplier", "esimgo"]) == 0
    told = capsys.readouterr().out
    assert "  price     esim_5GB_30D_TR_V2: cost_minor 1 -> " in told
    assert "(waits for review)" in told
    assert sync_catalog.main(["--supplier", "nobody"]) == 2
    capsys.readouterr()


def _route_explains_a_sku_a_unit_and_a_receipt(capsys: pytest.CaptureFixture[str]) -> None:
    product = Product.objects.get(sku="ESIM-EU-5GB-30D")
    unit = factories.unit(product=product)
    with transaction():
        chosen = choose(
            unit_id=unit.pk,
            product=product,
            price=Money(1900, "EUR"),
            refused_offers=frozenset(),
            refused_groups=frozenset(),
            stand_ins_only=False,
        )
    assert route.main(["--explain", product.sku, "--price", "19.00 EUR"]) == 0
    assert "now: ESIM-EU-5GB-30D at 19.00 EUR" in capsys.readouterr().out
    assert route.main(["--explain", unit.public_id]) == 0
    assert "ranked again from its facts it comes out the same" in capsys.readouterr().out
    assert route.main(["--explain", str(chosen.receipt_id), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["decisions"][0]["same"] is True
    assert route.main(["--explain", "NOTHING"]) == 2
    assert "there is no product 'NOTHING'" in capsys.readouterr().err

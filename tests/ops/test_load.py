"""The setup file: what loading it makes, that it can be repeated, and how faults are told."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from simplane.catalog import queries
from simplane.catalog.models import Price, Product
from simplane.channels.models import ChannelSku, Shop
from simplane.core.models import AuditEntry, Event
from simplane.core.money import Money
from simplane.ops import load as command
from simplane.ops.load import load
from simplane.ops.setup_file import BadSetup
from simplane.organizations.queries import operator
from simplane.routing.models import Match, Rule
from simplane.suppliers.models import Supplier
from tests import factories

pytestmark = pytest.mark.django_db
DEMO = Path(__file__).resolve().parents[2] / "setup" / "demo.json"
SETUP: dict[str, Any] = {
    "operator": {"name": "Ana Travels"},
    "rates": {"USD/EUR": "0.92"},
    "products": [
        {
            "sku": "ES-5",
            "name": "Spain 5 GB",
            "countries": ["es"],
            "data": "5 GB",
            "days": 30,
            "prices": {"EUR": "12.90", "JPY": "2100"},
        }
    ],
    "suppliers": [
        {
            "code": "go",
            "vendor": "esimgo",
            "name": "eSIM Go",
            "base_url": "http://127.0.0.1:9",
            "credentials": {"api_key": {"env": "GO_KEY"}},
            "options": {"per_second": 5},
            "upstream_group": "esimgo",
            "float_low": "50.00 USD",
            "stand_in": True,
        }
    ],
    "shops": [
        {
            "key": "demo",
            "channel": "shopify",
            "domain": "demo.myshopify.com",
            "api_url": "http://127.0.0.1:9/shops/demo",
            "name": "Demo",
            "credentials": {"client_id": "id", "client_secret": "secret"},
            "settings": {"free_orders": False},
            "stand_in": True,
            "skus": [{"sku": "ES-5", "product": "ES-5"}, {"sku": "CASE", "product": None}],
        }
    ],
    "rules": [{"kind": "prefer", "reason": "contract", "supplier": "go", "amount_minor": 20}],
}
ENVIRONMENT = {"GO_KEY": "key-from-the-environment"}
OFFER = {"countries": ["ES"], "data_bytes": 5_000_000_000, "days": 30, "code": "es-5-30"}


def setup(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SETUP), **changes}


def put(part: str, **changes: Any) -> dict[str, Any]:
    """The setup with fields of the first entry of a part changed."""
    made = setup()
    made[part][0] |= changes
    return made


def problems(made: dict[str, Any], environ: dict[str, str] = ENVIRONMENT) -> tuple[str, ...]:
    before = rows()
    with pytest.raises(BadSetup) as refusal:
        load(made, environ=environ)
    assert rows() == before
    return refusal.value.problems


def rows() -> tuple[int, ...]:
    models = (Product, Price, Supplier, Shop, ChannelSku, Match, Rule, AuditEntry)
    return tuple(model._default_manager.count() for model in models)


def test_everything_in_the_file_is_made() -> None:
    report = load(SETUP, environ=ENVIRONMENT)

    product = Product.objects.get(sku="ES-5")
    supplier = Supplier.objects.get(code="go")
    shop = Shop.objects.get(key="demo")
    assert (product.countries, product.data_bytes, product.active) == (["ES"], 5_000_000_000, True)
    assert queries.prices_in_force(product.pk) == (Money(1290, "EUR"), Money(2100, "JPY"))
    assert queries.convert(Money(100, "USD"), "EUR") == Money(92, "EUR")
    assert (supplier.credentials, supplier.float_low_minor, supplier.options) == (
        {"api_key": "key-from-the-environment"},
        5000,
        {"per_second": 5},
    )
    assert len(supplier.webhook_token) == 26
    assert (shop.settings, shop.organization, shop.is_stand_in) == ({"free_orders": False}, operator(), True)
    assert list(shop.skus.order_by("pk").values_list("sku", "product__sku")) == [("ES-5", "ES-5"), ("CASE", None)]
    assert Rule.objects.get().created_by == "setup file"
    assert operator().name == "Ana Travels"
    assert [one.entity for one in report.changes] == [
        *("operator", "rate", "product", "price", "price"),
        *("supplier", "shop", "sku", "sku", "rule"),
    ]


def test_the_second_time_there_is_nothing_to_do() -> None:
    load(SETUP, environ=ENVIRONMENT)
    before = rows()

    report = load(SETUP, environ=ENVIRONMENT)

    assert (report.changes, report.waiting, report.kept) == ([], [], [])
    assert rows() == before


def test_a_dry_run_shows_the_same_and_writes_nothing() -> None:
    before = rows()
    shown = load(SETUP, dry_run=True, environ=ENVIRONMENT)
    assert (rows(), Event.objects.count()) == (before, 0)

    made = load(SETUP, environ=ENVIRONMENT)

    assert [(one.entity, one.key) for one in shown.changes] == [(one.entity, one.key) for one in made.changes]


def test_a_changed_file_changes_only_what_differs() -> None:
    load(SETUP, environ=ENVIRONMENT)
    changed = put("products", days=15, prices={"EUR": "11.90"})
    changed["suppliers"][0]["credentials"] = {"api_key": "another"}

    report = load(changed, environ=ENVIRONMENT)

    assert [(one.entity, one.after) for one in report.changes] == [
        ("product", {"days": 15}),
        ("price", report.changes[1].after),
        ("supplier", {"credentials": "(secret)"}),
    ]
    assert report.changes[1].before == {"price": "12.90 EUR"}
    assert "another" not in json.dumps(list(AuditEntry.objects.values("before", "after")))
    assert Supplier.objects.get().credentials == {"api_key": "another"}


def test_a_switch_somebody_turned_off_stays_off_unless_the_file_names_it() -> None:
    load(SETUP, environ=ENVIRONMENT)
    Product.objects.update(active=False)
    Supplier.objects.update(active=False)
    load(SETUP, environ=ENVIRONMENT)
    assert (Product.objects.get().active, Supplier.objects.get().active) == (False, False)

    load(put("products", active=True), environ=ENVIRONMENT)

    assert Product.objects.get().active is True


def test_a_match_to_a_known_offer_is_approved_by_the_author() -> None:
    load(SETUP, environ=ENVIRONMENT)
    offer = factories.offer(supplier=Supplier.objects.get(), **OFFER)

    report = load(setup(matches=[{"sku": "ES-5", "supplier": "go", "code": "es-5-30"}]), environ=ENVIRONMENT)

    match = Match.objects.get()
    assert [one.key for one in report.changes] == ["ES-5 = go/es-5-30"]
    assert (match.state, match.offer_hash, match.reviewed_by) == ("approved", offer.content_hash, "setup file")


def test_a_match_waits_while_no_catalogue_was_pulled() -> None:
    report = load(setup(matches=[{"sku": "ES-5", "supplier": "go", "code": "es-5-30"}]), environ=ENVIRONMENT)

    assert report.waiting == ["ES-5 = go/es-5-30 waits for the first `simplane sync-catalog`; load the file again then"]


def test_a_match_to_an_offer_that_the_supplier_does_not_sell_is_refused() -> None:
    load(SETUP, environ=ENVIRONMENT)
    factories.catalog_run(supplier=Supplier.objects.get())

    found = problems(setup(matches=[{"sku": "ES-5", "supplier": "go", "code": "typo"}]))

    assert found == ("matches[0].code: go sells no 'typo'",)


def test_a_match_that_breaks_the_promise_is_refused() -> None:
    load(SETUP, environ=ENVIRONMENT)
    factories.offer(supplier=Supplier.objects.get(), **OFFER | {"days": 7})

    found = problems(setup(matches=[{"sku": "ES-5", "supplier": "go", "code": "es-5-30"}]))

    assert found == ("matches[0]: es-5-30 does not keep the promise of ES-5: 7 days instead of 30",)


@pytest.mark.parametrize(
    ("decided", "kept"),
    [
        ({"state": "rejected", "reviewed_by": "ana"}, "ES-5 = go/es-5-30 stays rejected, as ana decided"),
        (
            {"state": "approved", "offer_hash": "old"},
            "ES-5 = go/es-5-30 waits for review: the offer's content changed since it was approved",
        ),
    ],
)
def test_what_a_person_decided_on_a_match_is_kept(decided: dict[str, Any], kept: str) -> None:
    load(SETUP, environ=ENVIRONMENT)
    offer = factories.offer(supplier=Supplier.objects.get(), **OFFER)
    factories.match(product=Product.objects.get(), offer=offer, **decided)

    report = load(setup(matches=[{"sku": "ES-5", "supplier": "go", "code": "es-5-30"}]), environ=ENVIRONMENT)

    assert (report.changes, report.kept) == ([], [kept])


def test_a_rule_may_speak_of_one_offer() -> None:
    load(SETUP, environ=ENVIRONMENT)
    offer = factories.offer(supplier=Supplier.objects.get(), **OFFER)

    load(
        setup(rules=[{"kind": "pin", "reason": "best", "sku": "ES-5", "supplier": "go", "offer": "es-5-30"}]),
        environ=ENVIRONMENT,
    )

    rule = Rule.objects.get(kind="pin")
    assert (rule.product, rule.supplier, rule.offer) == (Product.objects.get(), None, offer)


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (put("products", days=0), "products[0].days: Input should be greater than 0"),
        (put("products", days="30"), "products[0].days: Input should be a valid integer"),
        (put("products", data="much"), 'products[0].data: write "5 GB", "500 MB" or "unlimited"'),
        (put("products", countries=[]), "products[0].countries: List should have at least 1 item"),
        (put("products", countries=["XX"]), "products[0]: ES-5: countries holds no country code: XX"),
        (put("products", prices={"EUR": "12.999"}), "products[0].prices.EUR: 12.999 has more decimals than EUR knows"),
        (put("products", prices={"ABC": "1"}), "products[0].prices.ABC: 'ABC' is not an ISO 4217 currency"),
        (put("products", colour="red"), "products[0].colour: Extra inputs are not permitted"),
        (put("suppliers", vendor="airalo"), "suppliers[0].vendor: there is no adapter for 'airalo'"),
        (put("suppliers", base_url="supplier.example"), "suppliers[0].base_url: write a whole address"),
        (put("suppliers", credentials={}), "suppliers[0].credentials.api_key: is missing"),
        (put("suppliers", credentials={"api_key": 5}), "suppliers[0].credentials.api_key: write text"),
        (put("suppliers", options={"per_second": "5"}), "suppliers[0].options.per_second: Expected `float`"),
        (put("suppliers", options={"version": "9"}), "suppliers[0].options: eSIM Go has no version '9'"),
        (put("suppliers", float_low="much"), "suppliers[0].float_low: '' is not an amount; write"),
        (put("suppliers", stand_in=False), "suppliers[0].base_url: only a stand-in may be called without https"),
        (put("shops", settings={"colour": 1}), "shops[0].settings: unknown setting colour"),
        (put("shops", skus=[{"sku": "A", "product": "NONE"}]), "shops[0].skus[0].product: there is no product 'NONE'"),
        (put("shops", skus=[{"product": "ES-5"}]), "shops[0].skus[0]: name either sku or variant"),
        (put("rules", supplier="none"), "rules[0].supplier: there is no supplier 'none'"),
        (put("rules", amount_minor=0), "rules[0]: a preference needs an amount"),
        (put("rules", offer="x", supplier=None), "rules[0]: an offer needs its supplier"),
        (setup(rates={"USD/EUR": 0.92}), "rates.USD/EUR: write a decimal number in quotes"),
        (setup(rates={"USD-EUR": "0.92"}), "rates.USD-EUR: String should match pattern"),
        (setup(rates={"USD/XYZ": "0.92"}), "rates.USD/XYZ: 'XYZ' is not an ISO 4217 currency"),
        (setup(products=[*SETUP["products"], *SETUP["products"]]), "products[1].sku: 'ES-5' stands there twice"),
        (setup(colours=[]), "colours: Extra inputs are not permitted"),
    ],
)
def test_a_fault_is_told_with_its_place_and_nothing_is_changed(made: dict[str, Any], line: str) -> None:
    found = problems(made)

    assert len(found) == 1
    assert found[0].startswith(line)


def test_all_faults_are_told_at_once() -> None:
    made = put("products", countries=["XX"])
    made["suppliers"][0]["options"] = {"version": "9"}

    assert [one.partition(":")[0] for one in problems(made)] == [
        "products[0]",
        "suppliers[0].options",
    ]


def test_a_secret_that_is_not_in_the_environment_is_named() -> None:
    found = problems(setup(), environ={})

    assert "suppliers[0].credentials.api_key: the environment variable GO_KEY is not set" in found


def test_the_vendor_of_an_account_can_not_be_changed() -> None:
    load(SETUP, environ=ENVIRONMENT)
    changed = put("suppliers", vendor="esimaccess", credentials={"access_code": "a"}, options={})

    assert problems(changed) == ("suppliers[0].vendor: go is an account at esimgo; give the new one a code of its own",)


def test_two_shops_can_not_share_a_domain() -> None:
    load(SETUP, environ=ENVIRONMENT)

    assert problems(put("shops", key="other")) == ("shops[0].domain: another shop has the domain demo.myshopify.com",)


def test_production_takes_no_stand_ins(settings: Settings) -> None:
    settings.SIMPLANE = django_settings.SIMPLANE.model_copy(update={"allow_stand_ins": False})

    assert problems(setup()) == ("suppliers[0].stand_in: stand-ins are not allowed here (SIMPLANE_ALLOW_STAND_INS)",)
    shops_only = setup(suppliers=[], rules=[])
    assert problems(shops_only) == ("shops[0].stand_in: stand-ins are not allowed here (SIMPLANE_ALLOW_STAND_INS)",)


def test_the_command_prints_differences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_KEY", "k")
    file = tmp_path / "setup.json"
    file.write_text(json.dumps(SETUP))

    assert command.main([str(file), "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "10 changes would be made"
    assert command.main([str(file), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["changes"]) == 10
    file.write_text(json.dumps(put("products", days=15)))
    assert command.main([str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == ["~ product ES-5: days: 30 -> 15", "1 change made"]


def test_the_command_refuses_with_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad, broken = tmp_path / "bad.json", tmp_path / "broken.json"
    bad.write_text(json.dumps({"products": [{}]}))
    broken.write_text("{")

    assert command.main([str(bad), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
    assert command.main([str(broken)]) == 2
    assert "nothing was changed" in capsys.readouterr().err
    assert command.main([str(tmp_path / "none.json")]) == 2

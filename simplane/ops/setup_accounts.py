"""The accounts of a setup file: suppliers and shops, with secrets that may stand in the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.conf import settings

from simplane.catalog.models import Product
from simplane.catalog.values import Change
from simplane.channels.errors import BadShopSettings
from simplane.channels.events import SkuMapped
from simplane.channels.models import ChannelSku, Shop
from simplane.channels.values import parse_settings
from simplane.core import audit, clock, events, jobs
from simplane.core.db import needs_transaction
from simplane.core.ids import secret_token
from simplane.ops.setup_file import Credentials, EnvReference, ShopEntry, SkuEntry, SupplierEntry, path
from simplane.organizations.queries import operator
from simplane.payments.models import StripeAccount
from simplane.suppliers import registry
from simplane.suppliers.models import Supplier
from simplane.suppliers.values import SupplierOptions

NEEDED = {
    "esimgo": ("api_key",),
    "esimaccess": ("access_code",),
    "oneglobal": ("client_id", "client_secret"),
    "shopify": ("client_id", "client_secret"),
    "stripe": ("api_key", "webhook_secret"),
}
"""Credentials without which an account can not work."""


@dataclass(slots=True)
class Problems:
    """Faults of one entry of the file."""

    part: str
    number: int
    lines: list[str] = field(default_factory=list)

    def add(self, text: str, *place: int | str) -> None:
        """A fault at a place inside the entry."""
        self.lines.append(f"{path(self.part, self.number, *place)}: {text}")


@needs_transaction
def put_supplier(entry: SupplierEntry, environ: Mapping[str, str], problems: Problems) -> Change | None:
    """Make the supplier's account be as the entry says. None: it was, or there are problems."""
    known = Supplier.objects.select_for_update(of=("self",)).filter(code=entry.code).first()
    credentials = secrets_of(entry.credentials, entry.vendor, environ, problems)
    _check_supplier(entry, known, credentials, problems)
    if problems.lines:
        return None
    wanted: dict[str, Any] = {
        "vendor": entry.vendor,
        "name": entry.name,
        "base_url": entry.base_url,
        "credentials": credentials,
        "options": entry.options,
        "upstream_group": entry.upstream_group,
        "handling_minor": entry.handling_minor,
        "is_stand_in": entry.stand_in,
    }
    if entry.active is not None:
        wanted["active"] = entry.active
    if entry.float_low is not None:
        wanted["float_low_minor"] = entry.float_low.minor
    if known is None:
        currency = entry.float_low.currency if entry.float_low else ""
        Supplier.objects.create(code=entry.code, webhook_token=secret_token(), float_currency=currency, **wanted)
    return brought("supplier", entry.code, known, wanted)


def _check_supplier(
    entry: SupplierEntry, known: Supplier | None, credentials: dict[str, Any], problems: Problems
) -> None:
    if entry.vendor not in registry.VENDORS:
        problems.add(f"there is no adapter for {entry.vendor!r}: use one of {', '.join(registry.VENDORS)}", "vendor")
        return
    if known is not None and known.vendor != entry.vendor:
        problems.add(f"{entry.code} is an account at {known.vendor}; give the new one a code of its own", "vendor")
    check_place(entry.base_url, "base_url", problems, stand_in=entry.stand_in)
    try:
        msgspec.convert(entry.options, SupplierOptions)
        unsaved = Supplier(code=entry.code, vendor=entry.vendor, base_url=entry.base_url, options=entry.options)
        unsaved.credentials = credentials
        registry.unshared(unsaved)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$.")
        problems.add(message, "options", *([where.rstrip("`")] if where else []))
    except ValueError as error:
        problems.add(str(error), "options")


@needs_transaction
def put_shop(entry: ShopEntry, environ: Mapping[str, str], problems: Problems) -> list[Change]:
    """Make the shop and its SKUs be as the entry says. Returns what was different."""
    credentials = secrets_of(entry.credentials, entry.channel, environ, problems)
    check_place(entry.api_url, "api_url", problems, stand_in=entry.stand_in)
    try:
        parse_settings(entry.settings)
    except BadShopSettings as error:
        problems.add(error.message, "settings")
    if Shop.objects.filter(channel=entry.channel, domain=entry.domain).exclude(key=entry.key).exists():
        problems.add(f"another shop has the domain {entry.domain}", "domain")
    if problems.lines:
        return []
    wanted: dict[str, Any] = {
        "channel": entry.channel,
        "domain": entry.domain,
        "api_url": entry.api_url,
        "name": entry.name,
        "credentials": credentials,
        "settings": entry.settings,
        "is_stand_in": entry.stand_in,
    }
    known = Shop.objects.select_for_update(of=("self",)).filter(key=entry.key).first()
    shop = known or Shop.objects.create(key=entry.key, organization=operator(), created_at=clock.now(), **wanted)
    change = brought("shop", entry.key, known, wanted)
    return [*([change] if change else []), *_skus(shop, entry.skus, problems)]


def _skus(shop: Shop, entries: list[SkuEntry], problems: Problems) -> Iterator[Change]:
    """Later words replace earlier ones; order lines that waited for a SKU go on by a job, as `channels.mapping` has it."""
    rows = {(row.sku, row.variant): row for row in ChannelSku.objects.select_for_update().filter(shop=shop)}
    products = {product.sku: product for product in Product.objects.filter(sku__in=[one.product for one in entries])}
    for number, entry in enumerate(entries):
        if entry.product is not None and entry.product not in products:
            problems.add(f"there is no product {entry.product!r}", "skus", number, "product")
            continue
        product = products[entry.product] if entry.product is not None else None
        known = rows.get((entry.sku, entry.variant))
        if known is not None and known.product_id == (product.pk if product else None):
            continue
        yield _mapped(shop, entry, known, product)


def _mapped(shop: Shop, entry: SkuEntry, known: ChannelSku | None, product: Product | None) -> Change:
    before = {"product": known.product.sku if known.product else None} if known else None
    row = known or ChannelSku(shop=shop, sku=entry.sku, variant=entry.variant)
    row.product = product
    row.save()
    after = {"product": product.sku if product else None}
    name = entry.sku or entry.variant
    audit.note("sku.mapped", "channel_sku", row.pk, before=before, after=after)
    events.record(SkuMapped(shop=shop.key, sku=name, product=product.sku if product else ""))
    jobs.enqueue("channels.map_waiting_lines", channel_sku_id=row.pk)
    return Change("sku", f"{shop.key}/{name}", before, after)


@needs_transaction
def brought(
    entity: str, key: str, known: Supplier | Shop | StripeAccount | None, wanted: dict[str, Any]
) -> Change | None:
    """Save what differs and note it; a new one is saved already. Credentials are only said to have changed."""
    if known is None:
        audit.note(f"{entity}.created", entity, key, after=_shown(wanted))
        return Change(entity, key, None, _shown(wanted))
    changed = {name: value for name, value in wanted.items() if getattr(known, name) != value}
    if not changed:
        return None
    before = {name: getattr(known, name) for name in changed}
    for name, value in changed.items():
        setattr(known, name, value)
    known.save(update_fields=list(changed))
    audit.note(f"{entity}.changed", entity, key, before=_shown(before), after=_shown(changed))
    return Change(entity, key, _shown(before), _shown(changed))


def _shown(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: "(secret)" if name == "credentials" else value for name, value in fields.items()}


def secrets_of(given: Credentials, kind: str, environ: Mapping[str, str], problems: Problems) -> dict[str, Any]:
    """The credentials with what stands in the environment put in; what a vendor of this kind needs and lacks is a fault."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, EnvReference):
            if not environ.get(value.name):
                problems.add(f"the environment variable {value.name} is not set", "credentials", name)
            found[name] = environ.get(value.name, "")
        else:
            found[name] = value
    for name in NEEDED.get(kind, ()):
        if not given.get(name):
            problems.add("is missing", "credentials", name)
    return found


def check_place(url: str, name: str, problems: Problems, *, stand_in: bool) -> None:
    """A stand-in only where they are allowed, anything else only by https."""
    if stand_in and not settings.SIMPLANE.allow_stand_ins:
        problems.add("stand-ins are not allowed here (SIMPLANE_ALLOW_STAND_INS)", "stand_in")
    elif not stand_in and not url.startswith("https://"):
        problems.add("only a stand-in may be called without https", name)

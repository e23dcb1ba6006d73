"""The only door to the vendors' adapters. A new supplier is one more line here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

from simplane.suppliers.errors import UnknownVendor
from simplane.suppliers.models import Supplier
from simplane.suppliers.port import SupplierAdapter
from simplane.suppliers.values import Capabilities, SupplierOptions


def _esimgo(supplier: Supplier, options: SupplierOptions) -> SupplierAdapter:
    from simplane.suppliers.esimgo.adapter import EsimGo

    return EsimGo(supplier, options)


def _esimaccess(supplier: Supplier, options: SupplierOptions) -> SupplierAdapter:
    from simplane.suppliers.esimaccess.adapter import EsimAccess

    return EsimAccess(supplier, options)


def _oneglobal(supplier: Supplier, options: SupplierOptions) -> SupplierAdapter:
    from simplane.suppliers.oneglobal.adapter import OneGlobal

    return OneGlobal(supplier, options)


VENDORS: dict[str, Callable[[Supplier, SupplierOptions], SupplierAdapter]] = {
    "esimgo": _esimgo,
    "esimaccess": _esimaccess,
    "oneglobal": _oneglobal,
}
_known: dict[tuple[str, str], Capabilities] = {}
_open: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[object, ...], SupplierAdapter]] = WeakKeyDictionary()


def capabilities(supplier: Supplier) -> Capabilities:
    """What this supplier, in its version, can do. Raises UnknownVendor."""
    key = (supplier.vendor, str((supplier.options or {}).get("version", "")))
    if key not in _known:
        _known[key] = unshared(supplier).capabilities
    return _known[key]


def adapter(supplier: Supplier) -> SupplierAdapter:
    """The adapter of this account, shared by everything in this event loop; a changed setting makes a new one."""
    adapters = _open.setdefault(asyncio.get_running_loop(), {})
    key = (supplier.pk, supplier.vendor, supplier.base_url, str(supplier.options), str(supplier.credentials))
    if key not in adapters:
        adapters[key] = unshared(supplier)
    return adapters[key]


def unshared(supplier: Supplier) -> SupplierAdapter:
    """An adapter of its own, for what needs no connection (verifying webhooks). Raises UnknownVendor."""
    try:
        make = VENDORS[supplier.vendor]
    except KeyError:
        raise UnknownVendor(f"no adapter for {supplier.vendor!r}", fix=f"use one of {', '.join(VENDORS)}") from None
    return make(supplier, SupplierOptions.parse(supplier.options))

"""Checks of a promise before it is stored. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from simplane.catalog import countries
from simplane.catalog.errors import BadProduct
from simplane.catalog.models import ClockStart
from simplane.catalog.values import ProductSpec

_SKU = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")
_MOST = {"days": 3650, "voice_minutes": 2**31 - 1, "sms_count": 2**31 - 1}


def clean(spec: ProductSpec) -> ProductSpec:
    """The promise in its one form: countries upper case, once, sorted. Raises BadProduct naming every fault."""
    tidy = replace(
        spec,
        countries=tuple(sorted({code.strip().upper() for code in spec.countries})),
        name=spec.name.strip(),
        carrier=spec.carrier.strip(),
    )
    faults = list(_faults(tidy))
    if faults:
        raise BadProduct(f"{spec.sku}: {'; '.join(faults)}", fix="correct the product")
    return tidy


def _faults(spec: ProductSpec) -> Iterator[str]:
    if not _SKU.match(spec.sku):
        yield "sku must be 1 to 80 letters, digits, dots, dashes or underscores"
    if not 0 < len(spec.name) <= 160:
        yield "name must be 1 to 160 characters"
    if not spec.countries:
        yield "countries must not be empty"
    if strangers := [code for code in spec.countries if code not in countries.known()]:
        yield f"countries holds no country code: {', '.join(strangers)}"
    if spec.data_bytes is not None and not 0 < spec.data_bytes < 2**62:
        yield "data must be more than nothing"
    if spec.daily and spec.data_bytes is None:
        yield "daily needs an amount of data; unlimited data is not daily"
    if spec.days < 1:
        yield "days must be 1 or more"
    for name, most in _MOST.items():
        if not 0 <= getattr(spec, name) <= most:
            yield f"{name} must be between 0 and {most}"
    if spec.clock_start not in ClockStart.values:
        yield f"clock_start must be one of {', '.join(ClockStart.values)}"
    if len(spec.carrier) > 80:
        yield "carrier must be at most 80 characters"

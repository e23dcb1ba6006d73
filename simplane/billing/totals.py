"""Sums as EN 16931 wants them (BR-CO-10 to BR-CO-17): lines are exact, the tax is rounded once a treatment, half up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from simplane.billing.values import DraftLine, TaxLine, Totals, Treatment

WHOLE = 10_000
"""Basis points of everything."""


def totals(lines: Iterable[DraftLine]) -> Totals:
    """The sums of these lines, taxes by category and falling rate."""
    nets: defaultdict[Treatment, int] = defaultdict(int)
    for line in lines:
        nets[line.tax] += line.net_minor
    order = sorted(nets, key=lambda tax: (tax.category, -tax.basis_points))
    taxes = tuple(TaxLine(tax, nets[tax], tax_of(nets[tax], tax.basis_points)) for tax in order)
    return Totals(sum(nets.values()), taxes)


def tax_of(net_minor: int, basis_points: int) -> int:
    """Half up away from zero, so that a credit gives back exactly the tax that was charged."""
    size = (abs(net_minor) * basis_points * 2 + WHOLE) // (2 * WHOLE)
    return size if net_minor >= 0 else -size

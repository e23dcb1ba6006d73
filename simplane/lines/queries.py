"""What others ask about lines."""

from __future__ import annotations

from simplane.core.telecom import ActivationCode
from simplane.lines.models import Line
from simplane.suppliers.values import LineRef


def activation_code(line: Line) -> ActivationCode:
    """What the phone needs. A bearer secret: shown to its owner, never logged."""
    return ActivationCode(line.smdp, line.matching_id, line.oid, line.confirmation_code_required)


def supplier_ref(line: Line) -> LineRef:
    """How the supplier knows this line (needs `purchase__offer` loaded to stay one query)."""
    return LineRef(
        line_id=line.supplier_line_id,
        iccid=line.iccid,
        order_id=line.purchase.supplier_order_id,
        offer_code=line.purchase.offer.code,
    )

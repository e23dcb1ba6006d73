"""How an eSIM looks in the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from ninja import Schema
from pydantic import Field

from simplane.api.v1.states import ESIM_MEANING, ESIM_STATE, EsimWord
from simplane.api.v1.values import Moment, examples
from simplane.core import clock
from simplane.delivery.links import address_of_unit
from simplane.delivery.models import InstallLink
from simplane.lines.models import Line, ServiceState
from simplane.lines.queries import activation_code, is_over
from simplane.ordering import states
from simplane.ordering.models import Compensation, Unit
from simplane.ordering.topping_up import may_take
from simplane.organizations.models import Organization
from simplane.suppliers import registry

ID = "unt_06b3x8tk1m4q7rznw2v5c9-1"
CODE = "LPA:1$rsp.example.com$K2-1A2B3C-4D5E6F"
USAGE = {
    "data_total_bytes": 5000000000,
    "data_used_bytes": 1200000000,
    "data_left_bytes": 3800000000,
    "measured_at": "2026-11-21T08:00:00.000Z",
    "age_seconds": 840,
}


KEPT = "it was installed, used or ended, or its supplier did not take it back: it stays sold"


class ActivationOut(Schema):
    """What a phone needs to install it. A bearer secret: whoever has it can install the eSIM."""

    code: Annotated[str, Field(description="The content of the QR code.")]
    smdp: Annotated[str, Field(description="SM-DP+ address, to be typed by hand.")]
    matching_id: str
    confirmation_code: Annotated[str | None, Field(description="What the phone asks for, where it does.")]
    confirmation_code_required: bool
    apn: str


class InstallOut(Schema):
    """Links for the traveller."""

    page: Annotated[str | None, Field(description="Our install page, with your name on it.")]
    ios: Annotated[str, Field(description="One tap on iOS 17.4 and later.")]
    android: Annotated[str, Field(description="One tap on Android 10 and later.")]


class UsageOut(Schema):
    """Data used, and how old that figure is."""

    model_config = examples(USAGE)
    data_total_bytes: Annotated[int | None, Field(description="null: unlimited, or not told.")]
    data_used_bytes: Annotated[int | None, Field(description="null: not measured yet.")]
    data_left_bytes: int | None
    measured_at: Moment | None
    age_seconds: Annotated[int | None, Field(description="How old the measurement is.")]


class CanOut(Schema):
    """What may be asked for now: the supplier can do it and the eSIM's state allows it."""

    suspend: bool
    resume: bool
    cancel: bool
    refund: bool
    top_up: bool


class RefundOut(Schema):
    """What became of a wish for a refund."""

    state: Literal["under_way", "done", "refused"]
    detail: str


class EsimOut(Schema):
    """An eSIM."""

    model_config = examples(
        {
            "id": ID,
            "object": "esim",
            "order": "ord_06b3x8tk1m4q7rznw2v5c9",
            "sku": "ESIM-EU-5GB-30D",
            "iccid": "8944500000000000017",
            "state": "active",
            "profile": "enabled",
            "plan": "active",
            "service": "active",
            "issued_at": "2026-11-20T12:00:02.000Z",
            "installed_at": "2026-11-20T18:30:00.000Z",
            "expires_at": "2026-12-20T18:30:00.000Z",
            "activation": {
                "code": CODE,
                "smdp": "rsp.example.com",
                "matching_id": "K2-1A2B3C-4D5E6F",
                "confirmation_code": None,
                "confirmation_code_required": False,
                "apn": "internet",
            },
            "install": {
                "page": "https://simplane.example/e/1a2b3c4d5e6f7g8h9jkmnpqrst",
                "ios": f"https://esimsetup.apple.com/esim_qrcode_provisioning?carddata={CODE}",
                "android": f"https://esimsetup.android.com/esim_qrcode_provisioning?carddata={CODE}",
            },
            "usage": USAGE,
            "can": {"suspend": True, "resume": False, "cancel": True, "refund": False, "top_up": True},
            "refund": None,
        }
    )
    id: Annotated[str, Field(description="The id of its unit.")]
    object: str = "esim"
    order: str
    sku: str
    iccid: str
    state: Annotated[EsimWord, Field(description=ESIM_MEANING)]
    profile: Annotated[
        str, Field(description="On the phone: released, downloaded, installed, enabled, disabled, deleted.")
    ]
    plan: Annotated[str, Field(description="queued, active, depleted, expired.")]
    service: Annotated[str, Field(description="active, suspended, deletion_scheduled, terminated.")]
    issued_at: Moment
    installed_at: Moment | None
    expires_at: Moment | None
    activation: Annotated[ActivationOut | None, Field(description="null when it was given back.")]
    install: InstallOut | None
    usage: UsageOut
    can: CanOut
    refund: RefundOut | None


def esims_of(owner: Organization) -> QuerySet[Unit]:
    """Units of an organization that have an eSIM, with `esim_state` and all that `shown` needs."""
    rows = Unit.objects.filter(organization=owner, book="wholesale", line__isnull=False)
    related = ("line__supplier", "line__purchase__offer", "product", "order", "compensation")
    return rows.select_related(*related).annotate(esim_state=ESIM_STATE)


def shown(units: Sequence[Unit]) -> list[dict[str, Any]]:
    """As EsimOut, for rows of `esims_of`: one query for all their links."""
    live = InstallLink.objects.filter(unit_id__in=[unit.pk for unit in units], revoked_at__isnull=True)
    tokens = dict(live.values_list("unit_id", "token"))
    return [_shown(unit, _line(unit), tokens.get(unit.pk)) for unit in units]


def usage_shown(line: Line) -> dict[str, Any]:
    """As UsageOut."""
    total, used = line.data_total, line.data_used
    left = max(0, total - used) if total is not None and used is not None else total
    age = int((clock.now() - line.usage_at).total_seconds()) if line.usage_at else None
    return {
        "data_total_bytes": total,
        "data_used_bytes": used,
        "data_left_bytes": left,
        "measured_at": line.usage_at,
        "age_seconds": None if age is None else max(0, age),
    }


def _line(unit: Unit) -> Line:
    assert unit.line is not None
    return unit.line


def _shown(unit: Unit, line: Line, token: str | None) -> dict[str, Any]:
    gone = unit.state in states.GONE
    return {
        "id": unit.public_id,
        "order": unit.order.public_id,
        "sku": unit.product.sku,
        "iccid": line.iccid,
        "state": getattr(unit, "esim_state", None),
        "profile": line.profile_state,
        "plan": line.plan_state,
        "service": line.service_state,
        "issued_at": line.issued_at,
        "installed_at": line.installed_at,
        "expires_at": line.expires_at,
        "activation": None if gone else _activation(line),
        "install": None if gone else _install(line, token),
        "usage": usage_shown(line),
        "can": _can(unit, line),
        "refund": _refund(unit),
    }


def _activation(line: Line) -> dict[str, Any]:
    return {
        "code": str(activation_code(line)),
        "smdp": line.smdp,
        "matching_id": line.matching_id,
        "confirmation_code": line.confirmation_code,
        "confirmation_code_required": line.confirmation_code_required,
        "apn": line.apn,
    }


def _install(line: Line, token: str | None) -> dict[str, Any]:
    code = activation_code(line)
    page = address_of_unit(token) if token else None
    return {"page": page, "ios": code.ios_link, "android": code.android_link}


def _can(unit: Unit, line: Line) -> dict[str, bool]:
    able = registry.capabilities(line.supplier)
    living = line.service_state != ServiceState.TERMINATED and line.ended_at is None and unit.state not in states.GONE
    paused = line.service_state == ServiceState.SUSPENDED
    fresh = line.installed_at is None and not line.data_used and not is_over(line)
    return {
        "suspend": living and able.suspend and not paused,
        "resume": living and able.suspend and paused,
        "cancel": living and able.terminate,
        "refund": living and able.refund != "no" and fresh and _refund(unit) is None and not unit.cancel_wanted,
        "top_up": may_take(unit),
    }


def _refund(unit: Unit) -> dict[str, str] | None:
    row: Compensation | None = getattr(unit, "compensation", None)
    if row is None:
        return None
    if row.state == Compensation.State.OPEN:
        return {"state": "under_way", "detail": "the supplier is being asked"}
    returned = unit.state in states.GONE
    return {"state": "done" if returned else "refused", "detail": "" if returned else KEPT}

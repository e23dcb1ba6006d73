"""Orders, units and eSIMs by API: found by id and by the reseller's own number, with states in the API's words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from simplane.core import clock
from simplane.delivery.links import unit_token
from simplane.lines.models import Line, PlanState, ProfileState, ServiceState
from simplane.ordering.models import Order, Unit
from tests import factories
from tests.api.v1.calls import Program, program

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller() -> Program:
    return program()


def ordered(caller: Program, reference: str | None = None, **given: Any) -> Order:
    """An order of this caller with one delivered unit and one that waits."""
    order = factories.order(
        organization=caller.organization, book="wholesale", account=caller.organization.slug, **given
    )
    order.external_id = reference or order.public_id
    order.save()
    line = factories.order_line(order=order, quantity=2, wanted=2)
    factories.delivered_unit(order_line=line, index=0)
    factories.unit(order_line=line, index=1)
    return order


def test_an_order_is_found_by_its_id_and_by_the_callers_own_number(caller: Program) -> None:
    order = ordered(caller, "PO-7")
    ordered(caller)
    ordered(program(), "PO-7")

    found = caller.get("/orders", reference="PO-7").told["data"]
    assert [one["id"] for one in found] == [order.public_id]
    assert found[0]["units"] == {"delivered": 1, "waiting": 1}
    shown = caller.get(f"/orders/{order.public_id}").told
    units = [unit.public_id for unit in order.units.order_by("index")]
    assert (shown["reference"], shown["state"], shown["lines"][0]["units"]) == ("PO-7", "open", units)
    assert [(one["state"], one["esim"]) for one in shown["units"]] == [("delivered", units[0]), ("waiting", None)]
    assert caller.get(f"/units/{units[1]}").told == shown["units"][1]


def test_orders_are_filtered_by_state_and_time(caller: Program) -> None:
    now = clock.now()
    old = ordered(caller, state=Order.State.DONE, received_at=now - timedelta(days=3))
    held = ordered(caller, state=Order.State.AWAITING_PAYMENT, received_at=now)

    def ids(**query: Any) -> list[str]:
        return [one["id"] for one in caller.get("/orders", **query).told["data"]]

    assert ids() == [held.public_id, old.public_id]
    assert ids(state="done") == ids(created_before=(now - timedelta(days=1)).isoformat()) == [old.public_id]
    assert ids(state="held") == ids(created_after=now.isoformat()) == [held.public_id]
    assert caller.get("/orders", created_after="2026-11-20T12:00:00").code == "bad_parameter"


def test_an_esim_has_what_its_traveller_needs(caller: Program) -> None:
    order = ordered(caller)
    unit = order.units.get(index=0)
    assert unit.line is not None
    token = unit_token(unit_id=unit.pk, order_id=order.pk, line=unit.line, locale="en")
    Line.objects.update(data_used=250_000_000, usage_at=clock.now() - timedelta(minutes=5))
    shown = caller.get(f"/esims/{unit.public_id}").told

    assert (shown["id"], shown["iccid"], shown["state"]) == (unit.public_id, unit.line.iccid, "ready")
    assert shown["activation"]["code"] == f"LPA:1$rsp.example.com${unit.line.matching_id}"
    assert shown["install"]["page"].endswith(f"/e/{token}")
    assert shown["usage"]["data_left_bytes"] == 750_000_000
    assert 300 <= shown["usage"]["age_seconds"] < 310
    assert shown["can"]["refund"] is False
    assert caller.get("/esims", iccid=unit.line.iccid).told["data"][0]["id"] == unit.public_id
    assert caller.get("/esims", order=order.public_id).told["data"] == [shown]


def test_the_qr_code_reads_as_the_activation_code(caller: Program, tmp_path: Any) -> None:
    unit = ordered(caller).units.get(index=0)
    png = caller.get(f"/esims/{unit.public_id}/qr.png")
    (tmp_path / "qr.png").write_bytes(png.raw)
    code = caller.get(f"/esims/{unit.public_id}").told["activation"]["code"]
    assert zxingcpp.read_barcodes(Image.open(tmp_path / "qr.png"))[0].text == code
    assert (png.headers["Content-Type"], png.headers["Cache-Control"]) == ("image/png", "no-store")
    svg = caller.get(f"/esims/{unit.public_id}/qr.svg")
    assert (svg.headers["Content-Type"], svg.raw[:5]) == ("image/svg+xml", b"<?xml")


@pytest.mark.parametrize(
    ("word", "fields"),
    [
        ("ready", {}),
        ("installed", {"profile_state": ProfileState.ENABLED}),
        ("active", {"plan_state": PlanState.ACTIVE, "profile_state": ProfileState.ENABLED}),
        ("depleted", {"plan_state": PlanState.DEPLETED}),
        ("suspended", {"plan_state": PlanState.ACTIVE, "service_state": ServiceState.SUSPENDED}),
        ("ended", {"plan_state": PlanState.EXPIRED}),
        ("ended", {"service_state": ServiceState.TERMINATED}),
    ],
)
def test_the_three_axes_are_one_word_to_filter_by(caller: Program, word: str, fields: dict[str, Any]) -> None:
    unit = ordered(caller).units.get(index=0)
    Line.objects.update(**fields)
    assert [one["state"] for one in caller.get("/esims", state=word).told["data"]] == [word]
    assert caller.get(f"/esims/{unit.public_id}").told["state"] == word
    assert caller.get("/esims", state="ready" if word != "ready" else "ended").told["data"] == []


def test_what_was_given_back_shows_no_secret(caller: Program) -> None:
    unit = ordered(caller).units.get(index=0)
    Unit.objects.filter(pk=unit.pk).update(state=Unit.State.CANCELLED)
    shown = caller.get(f"/esims/{unit.public_id}").told
    assert (shown["state"], shown["activation"], shown["install"]) == ("ended", None, None)
    assert not any(shown["can"].values())
    refused = caller.get(f"/esims/{unit.public_id}/qr.png")
    assert (refused.status, refused.code) == (409, "not_now")


def test_an_old_measurement_is_asked_for_anew_once(caller: Program) -> None:
    unit = ordered(caller).units.get(index=0)
    path = f"/esims/{unit.public_id}/usage"
    assert caller.get(path).told["refreshing"] is caller.get(path).told["refreshing"] is True
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'usage.refresh_line'")
        assert cursor.fetchone() == (1,)
    Line.objects.update(checked_at=clock.now())
    assert caller.get(path).told["refreshing"] is False


def test_lists_take_the_same_queries_however_long_they_are(caller: Program) -> None:
    counts: dict[str, list[int]] = {"/orders": [], "/esims": []}
    for length in (1, 6):
        for _ in range(length):
            ordered(caller)
        for path, taken in counts.items():
            caller.get(path)
            with CaptureQueriesContext(connection) as queries:
                assert caller.get(path).status == 200
            taken.append(len(queries))
    assert counts == {"/orders": [5, 5], "/esims": [4, 4]}


def test_a_page_of_orders_goes_on_where_it_ended(caller: Program) -> None:
    at = clock.now()
    wanted = [ordered(caller, received_at=at).public_id for _ in range(5)][::-1]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while len(seen) < 5:
        page = caller.get("/orders", limit=2, **cursor).told
        seen += [one["id"] for one in page["data"]]
        cursor = {"cursor": page["next_cursor"]}
    assert (seen, page["has_more"]) == (wanted, False)


def test_a_page_of_esims_sorts_nothing(caller: Program) -> None:
    for _ in range(3):
        ordered(caller)
    first = caller.get("/esims", limit=2).told
    with CaptureQueriesContext(connection) as queries:
        last = caller.get("/esims", limit=2, cursor=first["next_cursor"]).told
    newest = list(Unit.objects.filter(line__isnull=False).order_by("-pk").values_list("public_id", flat=True))
    assert [one["id"] for one in first["data"] + last["data"]] == newest

    (page,) = (one["sql"] for one in queries if 'ORDER BY "ordering_unit"' in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {page}")
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert "using unit_of_organization" in plan
    assert "Sort" not in plan

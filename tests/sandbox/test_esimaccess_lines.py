"""The eSIM Access stand-in after the sale: the catalogue, the life of a line."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.esimaccess_partner import Inbox, Json, Partner, inbox_of, partner_of

GB = 1_073_741_824


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partner]:
    with partner_of(tmp_path_factory.mktemp("esimaccess")) as partner:
        yield partner


@pytest.fixture
def partner(running: Partner) -> Partner:
    running.forget()
    return running


@pytest.fixture
def inbox(partner: Partner) -> Iterator[Inbox]:
    with inbox_of(partner) as inbox:
        yield inbox


def packages(partner: Partner, **wish: str) -> list[Json]:
    found: list[Json] = partner.obj("/package/list", wish)["packageList"]
    return found


# Catalogue


def test_the_catalogue_is_large_and_not_quite_regular(partner: Partner) -> None:
    rows = packages(partner)
    assert len(rows) == 2600
    codes = Counter(row["packageCode"] for row in rows)
    assert max(codes.values()) == 2
    assert sum(1 for count in codes.values() if count == 2) == 6
    assert sum("price" not in row for row in rows) == 1
    for name in ("slug", "dataType", "smsStatus", "supportTopUpType"):
        assert 15 < sum(name not in row for row in rows) < 30, name


def test_the_catalogue_is_the_same_on_every_machine(partner: Partner, tmp_path: Path) -> None:
    with partner_of(tmp_path) as other:
        assert packages(other) == packages(partner)


def test_the_number_of_rows_is_a_setting(partner: Partner) -> None:
    partner.standin.settings(catalogue_rows=50_000)
    rows = packages(partner)
    assert len(rows) == 50_000
    slugs = Counter(row["slug"] for row in rows if "slug" in row)
    assert max(slugs.values()) == 2


def test_the_catalogue_can_be_filtered(partner: Partner) -> None:
    assert {row["locationCode"] for row in packages(partner, locationCode="ES")} == {"ES"}
    assert {"," in row["location"] for row in packages(partner, locationCode="!RG")} == {True}
    assert {row["locationCode"] for row in packages(partner, locationCode="!GL")} == {"GL-129", "GLL-70"}
    assert [row["packageCode"] for row in packages(partner, slug="ES_3_30")] == ["CKH002"]
    assert [row["slug"] for row in packages(partner, packageCode="CKH002")] == ["ES_3_30"]
    daily = packages(partner, locationCode="JP", dataType="2")
    assert {row["dataType"] for row in daily} == {2, 3, 4}
    assert partner.refusal("/package/list", {"type": "WRONG"}) == "000107"


def test_top_ups_are_listed_by_package_and_by_iccid(partner: Partner) -> None:
    line = partner.line("base")
    by_slug = packages(partner, type="TOPUP", slug="ES_3_30")
    assert by_slug == packages(partner, type="TOPUP", iccid=line["iccid"])
    assert by_slug == packages(partner, type="TOPUP", packageCode="CKH002")
    assert {row["locationCode"] for row in by_slug} == {"ES"}
    assert "TOPUP_CKH002" in {row["packageCode"] for row in by_slug}
    assert partner.refusal("/package/list", {"type": "TOPUP", "iccid": "8900000000000000000"}) == "310403"


def test_a_price_can_be_changed_and_a_package_taken_away_and_brought_back(partner: Partner) -> None:
    partner.standin.control("packages/CKH002", price=19_000)
    assert [row["price"] for row in packages(partner, slug="ES_3_30")] == [19_000]
    item = {"packageCode": "CKH002", "count": 1, "price": 18_000}
    assert partner.refusal("/esim/order", {"transactionId": "t", "packageInfoList": [item]}) == "200005"
    partner.standin.control("packages/CKH002", removed=True)
    assert packages(partner, slug="ES_3_30") == []
    assert partner.refusal("/esim/order", {"transactionId": "t", "packageInfoList": [item]}) == "310241"
    partner.standin.control("packages/CKH002", removed=False)
    assert len(packages(partner, slug="ES_3_30")) == 1


def test_regions_name_their_countries(partner: Partner) -> None:
    rows = {row["code"]: row for row in partner.obj("/location/list")["locationList"]}
    assert rows["ES"] == {"code": "ES", "name": "Spain", "type": 1, "subLocationList": None}
    assert rows["NA-3"]["type"] == 2
    assert [inside["code"] for inside in rows["NA-3"]["subLocationList"]] == ["US", "CA", "MX"]


# The life of a line


def test_cancelling_an_untouched_line_refunds_it(partner: Partner) -> None:
    line = partner.line("back")
    balance = partner.obj("/balance/query")["balance"]
    assert partner.obj("/esim/cancel", {"esimTranNo": line["esimTranNo"]}) == {}
    assert partner.again(line)["esimStatus"] == "CANCEL"
    assert partner.obj("/balance/query")["balance"] == balance + 18_000
    [entry] = partner.standin.books()["orders"]
    assert (entry["charged_minor"], entry["refunded_minor"]) == (180, 180)
    assert partner.refusal("/esim/cancel", {"esimTranNo": line["esimTranNo"]}) == "200002"
    assert partner.totals()["refunded_minor"] == 180


def test_cancelling_one_of_several_refunds_one(partner: Partner) -> None:
    line = partner.line("three", count=3)
    partner.obj("/esim/cancel", {"iccid": line["iccid"]})
    assert (partner.totals()["charged_minor"], partner.totals()["refunded_minor"]) == (540, 180)


@pytest.mark.parametrize("to", ["downloaded", "installed", "enabled", "in_use", "depleted", "expired"])
def test_a_line_a_phone_has_seen_or_that_is_over_cannot_be_cancelled(partner: Partner, to: str) -> None:
    line = partner.line("used")
    partner.move(line, to)
    assert partner.refusal("/esim/cancel", {"esimTranNo": line["esimTranNo"]}) == "200002"
    assert partner.totals()["refunded_minor"] == 0


def test_a_line_whose_clock_runs_from_purchase_cannot_be_cancelled(partner: Partner) -> None:
    slug = next(row["slug"] for row in packages(partner) if row["activeType"] == 3 and "slug" in row)
    line = partner.line("running", slug)
    assert line["activateTime"] is not None
    assert partner.refusal("/esim/cancel", {"esimTranNo": line["esimTranNo"]}) == "200002"


def test_a_line_is_paused_and_goes_on_where_it_was(partner: Partner) -> None:
    line = partner.line("pause")
    partner.move(line, "in_use")
    key = {"esimTranNo": line["esimTranNo"]}
    assert partner.refusal("/esim/unsuspend", key) == "200002"
    partner.obj("/esim/suspend", key)
    assert partner.again(line)["esimStatus"] == "SUSPENDED"
    assert partner.refusal("/esim/suspend", key) == "200002"
    partner.obj("/esim/unsuspend", key)
    assert partner.again(line)["esimStatus"] == "IN_USE"


def test_revoking_is_final_and_refunds_nothing(partner: Partner) -> None:
    line = partner.line("revoke")
    key = {"esimTranNo": line["esimTranNo"]}
    partner.obj("/esim/revoke", key)
    assert partner.again(line)["esimStatus"] == "REVOKE"
    assert [partner.refusal(f"/esim/{verb}", key) for verb in ("revoke", "cancel", "suspend")] == ["200002"] * 3
    assert partner.totals()["refunded_minor"] == 0


def test_an_sms_needs_a_package_that_takes_it(partner: Partner) -> None:
    mute = next(row for row in packages(partner, locationCode="TH") if row.get("smsStatus") == 0 and "slug" in row)
    line, deaf = partner.line("sms"), partner.line("mute", mute["slug"])
    partner.obj("/esim/sendSms", {"esimTranNo": line["esimTranNo"], "message": "Welcome"})
    assert partner.standin.control(f"lines/{line['esimTranNo']}")["sms"] == ["Welcome"]
    assert partner.refusal("/esim/sendSms", {"esimTranNo": deaf["esimTranNo"], "message": "Hello"}) == "200002"
    assert partner.refusal("/esim/sendSms", {"esimTranNo": line["esimTranNo"], "message": "x" * 501}) == "000107"


def test_changes_to_unknown_or_undelivered_lines_are_refused(partner: Partner) -> None:
    number = partner.order("young")
    tran_no = partner.standin.books()["orders"][0]["line_numbers"][0]
    assert number.startswith("B")
    assert partner.refusal("/esim/cancel", {"esimTranNo": tran_no}) == "200010"
    assert partner.refusal("/esim/cancel", {"esimTranNo": "1"}) == "310272"
    assert partner.refusal("/esim/cancel", {"iccid": "1"}) == "310403"
    assert partner.refusal("/esim/cancel", {}) == "000105"


def test_a_top_up_adds_to_the_totals(partner: Partner) -> None:
    line = partner.line("grow")
    partner.move(line, "used", bytes=GB)
    before = partner.again(line)
    wish = {"esimTranNo": line["esimTranNo"], "packageCode": "TOPUP_CKH003", "transactionId": "grow-1"}
    grown = partner.obj("/esim/topup", wish)
    assert (grown["totalVolume"], grown["totalDuration"], grown["orderUsage"]) == (8 * GB, 60, GB)
    after = partner.again(line)
    assert [plan["packageCode"] for plan in after["packageList"]] == ["CKH002", "CKH003"]
    assert (after["totalVolume"], after["expiredTime"]) == (8 * GB, grown["expiredTime"])
    assert after["expiredTime"] > before["expiredTime"]
    entry = partner.standin.books()["orders"][1]
    assert (entry["reference"], entry["product"], entry["charged_minor"]) == ("grow-1", "TOPUP_CKH003", 270)
    assert (entry["topup"], entry["lines"]) == (True, [line["iccid"]])


def test_a_depleted_line_runs_again_after_a_top_up(partner: Partner) -> None:
    line = partner.line("empty")
    partner.move(line, "depleted")
    assert partner.again(line)["esimStatus"] == "USED_UP"
    partner.obj("/esim/topup", {"esimTranNo": line["esimTranNo"], "packageCode": "ES_3_30", "transactionId": "e-1"})
    assert partner.again(line)["esimStatus"] == "IN_USE"


@pytest.mark.parametrize(("idempotent", "bought"), [(False, 2), (True, 1)])
def test_a_repeated_top_up_is_bought_again_unless_the_setting_says_otherwise(
    partner: Partner, idempotent: bool, bought: int
) -> None:
    partner.standin.settings(topup_idempotent=idempotent)
    line = partner.line("twice")
    for _ in range(2):
        wish = {"esimTranNo": line["esimTranNo"], "packageCode": "TOPUP_CKH002", "transactionId": "twice-1"}
        partner.obj("/esim/topup", wish)
    assert sum(entry["topup"] for entry in partner.standin.books()["orders"]) == bought
    assert partner.again(line)["totalVolume"] == (1 + bought) * 3 * GB


def test_a_top_up_that_does_not_fit_is_refused(partner: Partner) -> None:
    line = partner.line("fit")
    wish = {"esimTranNo": line["esimTranNo"], "packageCode": "TOPUP_CKH002", "transactionId": "f-1"}
    assert partner.refusal("/esim/topup", wish | {"packageCode": "TOPUP_NOPE"}) == "310241"
    assert partner.refusal("/esim/topup", wish | {"packageCode": "TOPUP_7aa948d363"}) == "200008"
    assert partner.refusal("/esim/topup", wish | {"packageCode": "CKH002"}) == "310241"
    assert partner.refusal("/esim/topup", wish | {"amount": "17999"}) == "200006"
    partner.standin.settings(balance_minor=100)
    assert partner.refusal("/esim/topup", wish) == "200007"
    partner.standin.settings(balance_minor=100_000, topups_per_line=1)
    partner.obj("/esim/topup", wish)
    assert partner.refusal("/esim/topup", wish | {"transactionId": "f-2"}) == "200002"
    assert sum(entry["topup"] for entry in partner.standin.books()["orders"]) == 1


def test_an_expired_line_takes_no_top_up(partner: Partner) -> None:
    line = partner.line("late")
    partner.move(line, "expired")
    assert partner.again(line)["esimStatus"] == "UNUSED_EXPIRED"
    wish = {"esimTranNo": line["esimTranNo"], "packageCode": "TOPUP_CKH002", "transactionId": "l-1"}
    assert partner.refusal("/esim/topup", wish) == "200002"


def test_usage_is_read_for_ten_lines_at_most(partner: Partner) -> None:
    line = partner.line("usage")
    partner.move(line, "used", bytes=1234)
    [reading] = partner.obj("/esim/usage/query", {"esimTranNoList": [line["esimTranNo"], "unknown"]})["esimUsageList"]
    assert (reading["dataUsage"], reading["totalData"]) == (1234, 3 * GB)
    assert partner.refusal("/esim/usage/query", {"esimTranNoList": ["1"] * 11}) == "000107"


def test_iccids_of_ended_lines_can_come_back(partner: Partner) -> None:
    partner.standin.settings(reuse_iccids=True)
    old = partner.line("old")
    partner.obj("/esim/cancel", {"esimTranNo": old["esimTranNo"]})
    new = partner.line("new")
    assert new["iccid"] == old["iccid"]
    assert new["esimTranNo"] != old["esimTranNo"]


def test_time_ends_lines_and_says_so(partner: Partner, inbox: Inbox) -> None:
    line = partner.line("clock")
    partner.move(line, "in_use", notify=False)
    partner.standin.control("clock", advance_seconds=29 * 86_400 + 3600)
    partner.standin.control("clock", advance_seconds=86_400)
    told = inbox.take(3)
    assert [entry["notifyType"] for entry in told] == ["ORDER_STATUS", "VALIDITY_USAGE", "ESIM_STATUS"]
    assert told[1]["content"]["remain"] == 1
    assert told[2]["content"]["esimStatus"] == "USED_EXPIRED"


@pytest.mark.parametrize("wish", [{"to": "moon"}, {"to": "deleted"}, {"to": "used"}, {"to": "in_use", "repeat": 0}])
def test_an_impossible_move_is_refused_and_changes_nothing(partner: Partner, wish: dict[str, Any]) -> None:
    line = partner.line("still")
    answer = partner.client.post(f"{partner.standin.url}/_control/lines/{line['esimTranNo']}/advance", json=wish)
    assert answer.status_code == 400
    assert partner.again(line) == line

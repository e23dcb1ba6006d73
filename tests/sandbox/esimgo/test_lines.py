"""Lines, catalogue and callbacks of the eSIM Go stand-in."""

import base64
import hashlib
import hmac
import io
import re
import zipfile
from collections import Counter

import httpx2

from sandbox.esimgo.identity import luhn_digit
from tests.sandbox.esimgo.calls import (
    CHINA,
    DAY,
    GB,
    JSON,
    KEY,
    bundle_states,
    buy,
    example,
    get,
    new_line,
    order,
    post_order,
    shape,
)
from tests.specs import required_specs
from tests.standins import Receiver, Standin


class TestLines:
    def test_identifiers_are_well_formed(self, client: httpx2.Client) -> None:
        esims = [esim for _ in range(2) for esim in buy(client, quantity=5)["order"][0]["esims"]]
        for esim in esims:
            assert re.fullmatch(r"\d{19}", esim["iccid"])
            assert esim["iccid"][-1] == luhn_digit(esim["iccid"][:-1])
            assert re.fullmatch(r"([A-Z2-7]{5}-){3}[A-Z2-7]{5}", esim["matchingId"])
        addresses = Counter(esim["smdpAddress"] for esim in esims)
        assert addresses == {"rsp.sandbox-go.example": 8, "http://rsp.sandbox-go.example": 2}

    def test_the_check_digit_is_the_worked_one(self) -> None:
        assert luhn_digit("894453853200816022") == "2"

    def test_install_details_come_as_json_csv_or_pictures(self, client: httpx2.Client) -> None:
        bought = buy(client, quantity=2)
        esims = bought["order"][0]["esims"]
        query = {"reference": bought["orderReference"]}
        as_json = client.get("/v2.5/esims/assignments", params=query, headers=JSON).json()
        assert [entry["matchingId"] for entry in as_json] == [esim["matchingId"] for esim in esims]
        as_csv = client.get("/v2.5/esims/assignments", params=query)
        assert as_csv.headers["content-type"].startswith("text/csv")
        assert as_csv.text.splitlines()[1].split(",")[:2] == [esims[0]["iccid"], esims[0]["matchingId"]]
        for path, parameters in (("/esims/assignments", query), (f"/esims/qr/{bought['orderReference']}", {})):
            zipped = client.get(f"/v2.5{path}", params=parameters, headers={"Accept": "application/zip"})
            with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
                assert archive.namelist() == [f"{esim['iccid']}.png" for esim in esims]
                assert archive.read(archive.namelist()[0]).startswith(b"\x89PNG")
        assert client.get(f"/v2.5/esims/qr/{bought['orderReference']}", headers=JSON).status_code == 403

    def test_install_details_of_a_deleted_esim_are_gone(self, client: httpx2.Client) -> None:
        bought = buy(client)
        iccid = bought["order"][0]["iccids"][0]
        assert client.delete(f"/v2.5/esims/{iccid}").status_code == 200
        query = {"reference": bought["orderReference"]}
        assert client.get("/v2.5/esims/assignments", params=query, headers=JSON).status_code == 410
        assert client.get(f"/v2.5/esims/{iccid}").status_code == 410
        assert get(client, "/esims")["esims"][0]["state"] == "deactivated"

    def test_suspending_is_read_back_and_saying_it_twice_is_a_400(self, client: httpx2.Client, go: Standin) -> None:
        iccid = new_line(client)
        path = f"/v2.5/esims/{iccid}/suspend"
        assert client.post(path, json={"suspend": True}).status_code == 201
        assert client.get(path).json() == {"suspended": True}
        assert client.post(path, json={"suspend": True}).status_code == 400
        assert client.post(path, json={"suspend": False}).status_code == 201
        go.control(f"lines/{iccid}/advance", to="policy_suspended")
        assert client.post(path, json={"suspend": False}).status_code == 403

    def test_our_reference_can_be_put_on_a_line(self, client: httpx2.Client) -> None:
        iccid = new_line(client)
        assert client.put("/v2.5/esims", json={"iccid": iccid, "customerRef": "unit-7"}).json() == {"status": "success"}
        assert get(client, f"/esims/{iccid}")["customerRef"] == "unit-7"
        assert get(client, "/esims", filterBy="customerRef", filter="unit-7")["esims"][0]["iccid"] == iccid

    def test_a_bundle_of_the_other_provider_fits_only_a_new_esim(self, client: httpx2.Client, go: Standin) -> None:
        iccid = new_line(client)
        assert get(client, f"/esims/{iccid}/compatible/{GB}") == {"compatible": True}
        assert get(client, f"/esims/{iccid}/compatible/{CHINA}") == {"compatible": False}
        refused = post_order(client, order(CHINA, iccids=[iccid], allowReassign=False))
        assert refused.status_code == 400
        moved = buy(client, CHINA, iccids=[iccid], allowReassign=True)
        assert moved["order"][0]["iccids"] != [iccid]
        assert moved["order"][0]["AllowReassign"] is True
        assert go.books(summary=True)["orders"] == 2

    def test_a_line_goes_through_its_life_with_the_right_states(self, client: httpx2.Client, go: Standin) -> None:
        iccid = new_line(client)
        assert bundle_states(client, iccid) == ["processing"]
        go.control("clock", advance_seconds=5)
        assert bundle_states(client, iccid) == ["queued"]
        buy(client, iccids=[iccid])
        go.control(f"lines/{iccid}/advance", to="used", bytes=400_000_000)
        used = get(client, f"/esims/{iccid}/bundles")["bundles"][0]["assignments"][1]
        assert (used["bundleState"], used["remainingQuantity"]) == ("active", 600_000_000)
        assert isinstance(get(client, f"/esims/{iccid}")["firstInstalledDateTime"], int)
        go.control(f"lines/{iccid}/advance", to="depleted")
        assert bundle_states(client, iccid) == ["processing", "depleted"]
        go.control("clock", advance_seconds=8 * DAY)
        assert bundle_states(client, iccid) == ["queued", "expired"]
        names = [entry["name"] for entry in get(client, f"/esims/{iccid}/history")]
        assert names[-1] == "Bundle Expired"
        assert names.count("eSIM First Use") == 1

    def test_an_unused_bundle_lapses_after_a_year(self, client: httpx2.Client, go: Standin) -> None:
        iccid = new_line(client)
        go.control("clock", advance_seconds=180 * DAY - 60)
        buy(client, iccids=[iccid])
        go.control("clock", advance_seconds=186 * DAY)
        assert sorted(bundle_states(client, iccid)) == ["lapsed", "queued"]

    def test_impossible_steps_are_refused(self, client: httpx2.Client, go: Standin) -> None:
        iccid = new_line(client)
        client.delete(f"/v2.5/esims/{iccid}")
        for path, step in ((iccid, "installed"), ("8999", "installed"), (new_line(client), "flying")):
            answer = httpx2.post(f"{go.url}/_control/lines/{path}/advance", json={"to": step}, trust_env=False)
            assert answer.status_code == 400


class TestCatalogue:
    def test_all_pages_together_are_the_catalogue(self, client: httpx2.Client) -> None:
        first = get(client, "/catalogue", perPage="200")
        pages = [get(client, "/catalogue", perPage="200", page=str(n + 1)) for n in range(first["pageCount"])]
        names = [row["name"] for page in pages for row in page["bundles"]]
        assert len(names) == len(set(names)) == first["rows"]
        assert 850 < first["rows"] < 950
        assert names == sorted(names)

    def test_prices_are_the_published_ones_where_there_are_any(self, client: httpx2.Client) -> None:
        rows = example("catalogue.list")["response"]["body"]["bundles"]
        for row in [*rows, example("catalogue.bundle")["response"]["body"]]:
            found = get(client, f"/catalogue/bundle/{row['name']}")
            assert (found["price"], found["dataAmount"]) == (row["price"], row["dataAmount"])

    def test_filters_narrow_it_down(self, client: httpx2.Client) -> None:
        japan = get(client, "/catalogue", countries="JP", perPage="100")["bundles"]
        assert {row["countries"][0]["iso"] for row in japan} == {"JP"}
        assert get(client, "/catalogue", region="Oceania")["rows"] == 33
        assert get(client, "/catalogue", group="Standard Unlimited Lite")["rows"] == 186
        assert get(client, "/catalogue", group="Standard Unlimited")["rows"] == 0
        assert get(client, "/catalogue", description="*Global*")["rows"] == 7

    def test_odd_rows_are_there(self, client: httpx2.Client) -> None:
        rows = {row["name"]: row for row in get(client, "/catalogue", region="Europe", countries="MT,XX")["bundles"]}
        assert "price" not in rows["esim_1GB_10D_MT_V2"]
        assert rows["esim_2GB_10D_MT_V2"]["price"] is None
        assert rows["esim_3GB_10D_MT_V2"]["speed"] is None
        assert rows["esim_4GB_10D_MT_V2"]["roamingEnabled"] is True
        assert rows["esim_X_10D_MT_V2"]["dataAmount"] == -1
        unlimited = get(client, "/catalogue/bundle/esim_UL_7D_TR_V2")
        assert (unlimited["unlimited"], unlimited["dataAmount"]) == (True, -1)
        regional = get(client, "/catalogue/bundle/esim_5GB_30D_REUL_V2")
        assert [country["iso"] for country in regional["countries"]] == ["REUL"]
        assert len(regional["roamingEnabled"]) == 26

    def test_it_can_be_changed_while_running(self, client: httpx2.Client, go: Standin) -> None:
        go.control("catalogue/price", name=GB, price_minor=155)
        assert get(client, f"/catalogue/bundle/{GB}")["price"] == 1.55
        assert buy(client)["total"] == 1.55
        go.control("catalogue/remove", name=GB)
        assert client.get(f"/v2.5/catalogue/bundle/{GB}").status_code == 404
        assert post_order(client, order()).status_code == 400
        go.control("catalogue/restore", name=GB)
        assert buy(client)["total"] == 1.55
        go.control("catalogue/add", row={"name": "odd_one", "price": "1,50", "countries": "GB"})
        assert get(client, "/catalogue/bundle/odd_one") == {"name": "odd_one", "price": "1,50", "countries": "GB"}

    def test_it_can_be_made_big(self, client: httpx2.Client, go: Standin) -> None:
        go.settings(catalogue_rows=5000)
        page = get(client, "/catalogue", perPage="1000", page="5")
        assert (page["rows"], page["pageCount"], len(page["bundles"])) == (5000, 5, 1000)
        go.settings(catalogue_envelope=False)
        assert isinstance(get(client, "/catalogue"), list)


class TestCallbacks:
    def test_signatures_are_those_of_the_worked_examples(self, go: Standin, receiver: Receiver) -> None:
        folder = required_specs("suppliers", "esimgo", "examples")
        names = sorted(path.name.removesuffix(".example.json") for path in folder.glob("callback.v3.*.json"))
        assert len(names) == 6
        for name in names:
            hook = example(name)["webhook"]
            go.settings(api_key=hook["signing_key"], callback_encoding="base64")
            go.control("callbacks/send", raw=hook["raw_body"])
            go.settings(callback_encoding="hex")
            go.control("callbacks/send", raw=hook["raw_body"])
            first, second = receiver.take(2)
            assert first.body.decode() == hook["raw_body"]
            assert first.headers["x-signature-sha256"] == hook["headers"]["X-Signature-SHA256"]
            assert second.headers["x-signature-sha256"] == hook["signature_hex_variant"]

    def test_a_life_is_told_step_by_step(self, client: httpx2.Client, go: Standin, receiver: Receiver) -> None:
        iccid = new_line(client)
        for step in ("installed", "attached", "first_use", "depleted"):
            go.control(f"lines/{iccid}/advance", to=step)
        hooks = receiver.take(7)
        kinds = [hook.json()["alertType"] for hook in hooks]
        assert kinds == ["ProfileStatusChange", "FirstAttachment", "FirstUse", *["Utilisation"] * 4]
        left = [hook.json()["bundle"]["remainingQuantity"] for hook in hooks[3:]]
        assert left == [990_000_000, 500_000_000, 200_000_000, 0]
        assert {hook.path for hook in hooks} == {"/hooks/go"}
        for hook, name in (
            (hooks[0], "profile-status-change"),
            (hooks[1], "first-attachment"),
            (hooks[3], "utilisation"),
        ):
            assert shape(hook.json()) == shape(example(f"callback.v3.{name}")["webhook"]["body"])
            digest = hmac.new(KEY.encode(), hook.body, hashlib.sha256).digest()
            assert hook.headers["x-signature-sha256"] == base64.b64encode(digest).decode()

    def test_a_skipped_step_happens_first(self, client: httpx2.Client, go: Standin, receiver: Receiver) -> None:
        go.control(f"lines/{new_line(client)}/advance", to="used", bytes=500_000_000)
        kinds = [hook.json()["alertType"] for hook in receiver.take(5)]
        assert kinds == ["ProfileStatusChange", "FirstAttachment", "FirstUse", "Utilisation", "Utilisation"]

    def test_signatures_can_be_wrong_or_missing_and_events_repeated_or_silent(
        self, client: httpx2.Client, go: Standin, receiver: Receiver
    ) -> None:
        iccid = new_line(client)
        go.control(f"lines/{iccid}/advance", to="downloaded", signature="none")
        assert "x-signature-sha256" not in receiver.next().headers
        go.control(f"lines/{iccid}/advance", to="installed", notify=False)
        go.control(f"lines/{iccid}/advance", to="attached", signature="wrong", repeat=2)
        wrong = receiver.take(2)
        assert wrong[0].body == wrong[1].body
        good = base64.b64encode(hmac.new(KEY.encode(), wrong[0].body, hashlib.sha256).digest()).decode()
        assert wrong[0].headers["x-signature-sha256"] != good
        assert wrong[0].json()["alertType"] == "FirstAttachment", "the silent step was not told"

    def test_version_2_is_unsigned_with_a_short_bundle(
        self, client: httpx2.Client, go: Standin, receiver: Receiver
    ) -> None:
        go.settings(callback_version=2)
        iccid = new_line(client)
        go.control(f"lines/{iccid}/advance", to="first_use")
        receiver.take(3)
        go.control(f"lines/{iccid}/advance", to="used", bytes=500_000_000)
        hook = receiver.take(2)[1]
        assert "x-signature-sha256" not in hook.headers
        assert shape(hook.json()) == shape(example("callback.v2.utilisation")["webhook"]["body"])

    def test_an_idle_esim_is_announced_and_deleted_on_the_clock(
        self, client: httpx2.Client, go: Standin, receiver: Receiver
    ) -> None:
        iccid = new_line(client)
        go.control("clock", advance_seconds=181 * DAY)
        assert receiver.next().json()["event"] == "esim.deletion_scheduled"
        go.control("clock", advance_seconds=7 * DAY)
        deleted = receiver.next()
        assert shape(deleted.json()) == shape(example("callback.v3.esim-deleted")["webhook"]["body"])
        assert (deleted.json()["event"], deleted.json()["iccid"]) == ("esim.deleted", iccid)
        assert client.get(f"/v2.5/esims/{iccid}").status_code == 410

    def test_a_new_bundle_stops_the_deletion(self, client: httpx2.Client, go: Standin, receiver: Receiver) -> None:
        iccid = new_line(client)
        go.control("clock", advance_seconds=181 * DAY)
        receiver.next()
        buy(client, iccids=[iccid])
        go.control("clock", advance_seconds=30 * DAY)
        assert get(client, f"/esims/{iccid}")["state"] == "active"
        assert receiver.empty

    def test_a_low_balance_is_told_once_when_it_is_crossed(
        self, client: httpx2.Client, go: Standin, receiver: Receiver
    ) -> None:
        go.settings(balance_minor=10_100, low_balance_threshold_minor=10_000)
        for _ in range(2):
            buy(client)
        hook = receiver.next()
        assert shape(hook.json()) == shape(example("callback.v3.low-balance")["webhook"]["body"])
        assert hook.json()["balanceInfo"]["balance"] == 99.64
        assert receiver.empty

"""The doctor: every illness named in plain words with its cure, no secret told, the exit code right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from simplane.core import clock, jobs
from simplane.core.models import Schedule
from simplane.core.schedule import timetable
from simplane.ops import doctor_database, doctor_machine, doctor_settings, doctor_work
from simplane.ops.doctor_findings import Finding, look
from tests import factories, processes
from tests.ops.doctor_patients import GO_KEY, account, change, our_shop, pages_made, said
from tests.standins import Standin, free_port, start


@pytest.mark.usefixtures("transactional_db")
class TestWork:
    def test_nobody_at_work(self) -> None:
        assert said(doctor_work.worker) == [("fail", "no worker is alive: nothing is bought, mailed or told")]

    def test_a_worker_that_died_over_its_job(self) -> None:
        jobs.enqueue("core.handle_message", message_id=1)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
            cursor.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute') RETURNING id"
            )
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT min(id) FROM procrastinate_workers"
                " WHERE last_heartbeat < now() - interval '30 seconds')"
            )
        try:
            assert said(doctor_work.worker) == [
                ("ok", "1 worker loops are alive"),
                ("warn", "1 jobs were left by workers that died"),
            ]
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM procrastinate_jobs; DELETE FROM procrastinate_workers")

    def test_a_queue_nobody_works_off(self) -> None:
        jobs.enqueue("delivery.send", at=clock.now() - timedelta(minutes=5), message_id=1)
        assert said(doctor_work.worker)[1][1].startswith("queue mail: 1 jobs wait, the oldest for 30")

    def test_a_new_installation(self) -> None:
        ((state, text),) = said(doctor_work.schedules)
        assert (state, text[:16]) == ("note", "never ran yet: a")

    def test_a_timetable_that_is_kept(self) -> None:
        _all_ran()
        count = len(timetable())
        assert said(doctor_work.schedules) == [("ok", f"{count} of {count} scheduled works ran as they should")]

    def test_a_timetable_that_is_not_kept(self) -> None:
        _all_ran()
        Schedule.objects.filter(name="stalled_jobs").update(last_started_at=clock.now() - timedelta(minutes=4))
        Schedule.objects.filter(name="clean_up").update(last_started_at=clock.now() - timedelta(hours=23))
        Schedule.objects.filter(name="watch").update(last_ok=False, last_problem="OperationalError: gone")
        assert said(doctor_work.schedules) == [
            ("fail", "overdue: stalled_jobs"),
            ("warn", "watch failed: OperationalError: gone"),
        ]

    def test_what_waits_for_a_person(self) -> None:
        assert said(doctor_work.letters) == [("ok", "nothing waits for a person")]
        factories.letter()
        assert said(doctor_work.letters) == [("note", "1 dead letters wait for a person")]


def _all_ran() -> None:
    now = clock.now()
    Schedule.objects.bulk_create(
        Schedule(name=name, last_started_at=now, last_finished_at=now, last_ok=True, runs=1) for name in timetable()
    )


@pytest.mark.usefixtures("db")
class TestDatabase:
    def test_a_good_one(self) -> None:
        found = {text: state for state, text in said(doctor_database.database)}
        assert found["all migrations are applied"] == "ok"
        assert found["the queue's own triggers are off, as they should be"] == "ok"
        assert found["the database's clock differs from this machine's by 0.0 s (all times are UTC)"] == "ok"
        assert "fail" not in found.values()

    def test_one_with_a_missing_migration(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'alerts' AND name <> '0001_initial'")
            cursor.execute("DELETE FROM django_migrations WHERE app = 'routing'")
        assert doctor_database.has_tables() is False
        assert any(
            state == "fail" and "migrations are not applied" in text for state, text in said(doctor_database.database)
        )

    def test_one_whose_triggers_came_back(self) -> None:
        name = "procrastinate_jobs_notify_queue_job_inserted_v1"
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE procrastinate_jobs ENABLE TRIGGER {name}")
        assert ("fail", f"triggers of the queue are on again: {name}") in said(doctor_database.database)

    @pytest.mark.parametrize(
        ("host", "encrypted", "state"),
        [("db.example.com", True, "ok"), ("db.example.com", False, "warn"), ("127.0.0.1", False, "ok")],
    )
    def test_a_connection_that_others_can_read(self, host: str, encrypted: bool, state: str) -> None:
        assert doctor_database._encryption(host, encrypted=encrypted)[0] == state

    @pytest.mark.parametrize(
        ("seconds", "state"), [(0.4, "ok"), (-2.5, "warn"), (2.5, "warn"), (-45.0, "fail"), (3600.0, "fail")]
    )
    def test_clocks_that_differ(self, seconds: float, state: str) -> None:
        assert doctor_database._clock_says(seconds, "UTC")[0] == state

    def test_an_old_server_a_replica_and_an_odd_encoding(self) -> None:
        found = list(doctor_database._version(140_005, "14.5", "LATIN1", True, "off"))
        assert [state for state, _, _ in found] == ["fail", "fail", "fail", "warn"]

    def test_too_few_connections(self, settings: Settings) -> None:
        change(settings, web_workers=4, web_threads=32)
        assert doctor_database._connections(100, settings.SIMPLANE)[0] == "warn"
        assert doctor_database._connections(200, settings.SIMPLANE)[0] == "ok"


class TestSettings:
    def test_a_production_that_would_reach_nobody(self, settings: Settings) -> None:
        change(
            settings,
            environment="production",
            base_url="https://shop.example.com",
            allowed_hosts=["console.example.com"],
            secret_key="a-secret-of-this-house-and-of-no-other",
        )
        found = said(doctor_settings.settings)
        assert [text for state, text in found if state == "fail"] == [
            "SIMPLANE_BASE_URL names shop.example.com, which SIMPLANE_ALLOWED_HOSTS refuses",
            "SIMPLANE_ALERT_MAIL_TO names nobody real",
            "SIMPLANE_MAIL_FROM is an example",
        ]

    def test_a_production_as_it_should_be(self, settings: Settings, tmp_path: Path) -> None:
        pages_made(tmp_path)
        change(
            settings,
            state_dir=tmp_path,
            trusted_proxies=["10.0.0.2"],
            environment="production",
            base_url="https://shop.example.com",
            allowed_hosts=[".example.com"],
            secret_key="a-secret-of-this-house-and-of-no-other",
            alert_mail_to=["ops@example.com"],
            mail_from="eSIM <esim@example.com>",
            slack_webhook_url="https://hooks.slack.com/services/T/B/x",
            metrics_token="a-token-of-the-monitoring",
        )
        assert said(doctor_settings.settings) == [
            ("ok", "environment: production"),
            ("ok", "the files of the pages are made from this version"),
        ]

    def test_slips_and_moved_clocks(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SIMPLANE_SLACK_URL", "https://hooks.slack.com/services/T/B/secret-hook")
        change(settings, clock_shift_seconds=60, debug=True)
        found = list(look("x", doctor_settings.settings))
        assert [one.text for one in found if one.state == "warn"] == [
            "SIMPLANE_SLACK_URL is no setting of ours",
            "the clock is frozen or shifted by a setting",
            "SIMPLANE_DEBUG is on: pages of errors show settings",
        ]
        assert "secret-hook" not in str(found)

    def test_a_mail_server_that_answers(self, settings: Settings, tmp_path: Path) -> None:
        port = free_port()
        change(settings, mail_url=f"smtp://127.0.0.1:{port}")
        with start("mail", tmp_path, "--smtp-port", str(port)):
            assert said(doctor_settings.mail) == [("ok", f"the mail server smtp://127.0.0.1:{port} answers")]
        ((state, text),) = said(doctor_settings.mail)
        assert (state, "Connection refused" in text) == ("fail", True)

    def test_a_mail_server_without_the_tls_we_want(self, settings: Settings, tmp_path: Path) -> None:
        port = free_port()
        change(settings, mail_url=f"smtp+tls://user:mail-password-1@127.0.0.1:{port}")
        with start("mail", tmp_path, "--smtp-port", str(port)):
            found = list(look("x", doctor_settings.mail))
        assert found[0].state == "fail"
        assert "mail-password-1" not in str(found)

    def test_others_that_can_and_can_not_be_reached(self, settings: Settings, go: Standin) -> None:
        change(settings, slack_webhook_url=f"{go.url}/services/T/B/secret-hook", otlp_endpoint="http://127.0.0.1:9")
        found = said(doctor_settings.others)
        assert [state for state, _ in found] == ["ok", "warn"]
        assert "secret-hook" not in str(found)


class TestMachine:
    @pytest.mark.parametrize(("free", "state"), [(10**8, "fail"), (10**9, "warn"), (10**11, "ok")])
    def test_room_on_the_disk(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, state: str) -> None:
        usage = type("Usage", (), {"free": free})
        monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
        assert said(lambda: doctor_machine.disk(tmp_path / "not" / "there" / "yet"))[0][0] == state

    def test_programs_that_are_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        assert [state for state, _ in said(doctor_machine.programs)] == ["ok", "warn", "note", "note"]


def test_a_check_that_breaks_stops_no_other() -> None:
    def broken() -> Iterator[Any]:
        yield "ok", "one thing"
        raise RuntimeError("api_key=SECRET-1")

    assert list(look("x", broken)) == [
        Finding("x", "ok", "one thing"),
        Finding("x", "fail", "this could not be looked at: RuntimeError: api_key=…"),
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("transactional_db")
class TestCommand:
    def test_says_everything_and_no_secret(self, tmp_path: Path, go: Standin) -> None:
        account(go)
        ended = processes.run(
            tmp_path, "doctor", "--json", SIMPLANE_SECRET_KEY="a-secret-of-this-house-and-of-no-other"
        )
        told = json.loads(ended.stdout)
        assert ended.returncode == 1
        assert told["ok"] is False
        assert told["problems"] == sum(one["state"] == "fail" for one in told["findings"])
        assert {one["area"] for one in told["findings"]} == {
            "machine",
            "settings",
            "database",
            "outside",
            "suppliers",
            "shops",
            "payments",
            "work",
        }
        assert all(one["fix"] for one in told["findings"] if one["state"] in ("fail", "warn"))
        assert not any(secret in ended.stdout for secret in (GO_KEY, "a-secret-of-this-house"))

    def test_is_content_when_all_is_well(self, tmp_path: Path, go: Standin, shopify: Standin) -> None:
        factories.catalog_run(supplier=account(go))
        factories.reconciliation(shop=our_shop(shopify))
        port = free_port()
        mail = f"smtp://127.0.0.1:{port}"
        with (
            start("mail", tmp_path, "--smtp-port", str(port)),
            processes.running(tmp_path, "worker", "worker", SIMPLANE_MAIL_URL=mail),
        ):
            processes.soon(lambda: said(doctor_work.worker)[0][0] == "ok")
            ended = processes.run(tmp_path, "doctor", SIMPLANE_MAIL_URL=mail)
        assert "FAIL" not in ended.stdout, ended.stdout
        assert ended.returncode == 0

    def test_names_wrong_settings(self, tmp_path: Path) -> None:
        ended = processes.run(tmp_path, "doctor", "--json", SIMPLANE_WEB_WORKERS="0", SIMPLANE_DEBUG="perhaps")
        wrong = [one["text"] for one in json.loads(ended.stdout)["findings"] if one["area"] == "settings"]
        assert ended.returncode == 1
        assert wrong == [
            "SIMPLANE_DEBUG: Input should be a valid boolean, unable to interpret input",
            "SIMPLANE_WEB_WORKERS: Input should be greater than 0",
        ]

    def test_names_a_database_that_is_not_there(self, tmp_path: Path) -> None:
        gone = f"postgresql://simplane:db-password-1@127.0.0.1:{free_port()}/simplane"
        ended = processes.run(tmp_path, "doctor", DATABASE_URL=gone)
        assert ended.returncode == 1
        assert "FAIL  the database 127.0.0.1:" in ended.stdout
        assert "-> is PostgreSQL running, is DATABASE_URL right?" in ended.stdout
        assert "db-password-1" not in ended.stdout + ended.stderr

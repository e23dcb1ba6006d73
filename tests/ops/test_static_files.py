"""A production start makes the files of its pages itself, or says why it can not; errors look like errors without them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from django.template.loader import render_to_string
from pytest_django import Settings

from simplane.api import health
from simplane.ops import doctor_settings, static_files
from tests import processes
from tests.ops.doctor_patients import change, pages_made, said
from tests.ops.test_production_start import PRODUCTION
from tests.standins import free_port

OUTSIDE = {"Host": "esim.example", "X-Forwarded-Proto": "https"}
START = PRODUCTION | {"SIMPLANE_TRUSTED_PROXIES": "127.0.0.1"}


def get(address: str) -> httpx2.Response:
    return httpx2.get(address, headers=OUTSIDE, trust_env=False)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestStart:
    def test_a_new_installation_serves_pages_with_their_files(self, tmp_path: Path) -> None:
        with processes.web(tmp_path, **START) as (address, process):
            page = get(f"{address}/accounts/login/")
            sheet = re.search(r"/static/ui/console\.[0-9a-f]{12}\.css", page.text)
            assert page.status_code == 200
            assert sheet is not None
            assert get(f"{address}{sheet[0]}").status_code == 200
            assert get(f"{address}/nowhere/").status_code == 404
            assert get(f"{address}/static/ui/console.css").status_code == 200
            assert httpx2.get(f"{address}/readyz", trust_env=False).json()["checks"]["pages"] == "ok"
            assert "Traceback" not in process.tail(500)

    def test_https_is_believed_only_from_our_proxy(self, tmp_path: Path) -> None:
        elsewhere = START | {"SIMPLANE_TRUSTED_PROXIES": "10.0.0.2"}
        with processes.web(tmp_path, **elsewhere) as (address, _):
            answer = get(f"{address}/accounts/login/")
        assert (answer.status_code, answer.headers["Location"]) == (301, "https://esim.example/accounts/login/")

    def test_files_of_another_version_are_made_anew(self, tmp_path: Path) -> None:
        folder = tmp_path / "static"
        folder.mkdir()
        (folder / static_files.MANIFEST).write_text('{"version": "1.1", "paths": {}, "hash": ""}')
        (folder / static_files.STAMP).write_text("of another version")

        with processes.web(tmp_path, **START) as (address, _):
            assert get(f"{address}/accounts/login/").status_code == 200
        assert static_files.up_to_date(folder)

    def test_a_folder_that_can_not_be_written_stops_the_start_with_one_line(self, tmp_path: Path) -> None:
        (tmp_path / "static").write_text("somebody's file")

        done = processes.run(tmp_path, "web", "--bind", f"127.0.0.1:{free_port()}", **START)

        assert done.returncode == 2
        assert done.stderr.splitlines() == [
            f"web: the files of the pages can not be written to {tmp_path / 'static'}: Not a directory; let this user"
            " write to SIMPLANE_STATE_DIR"
        ]


@pytest.fixture
def _without_files(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """As gunicorn sees it when somebody starts it without `simplane web`."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    health.forget()
    yield
    health.forget()


@pytest.mark.usefixtures("_without_files")
class TestWithout:
    @pytest.mark.django_db
    def test_such_a_process_is_not_ready(self) -> None:
        assert "start it by `simplane web`" in health.checks()["pages"]

    @pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "500.html"])
    def test_an_error_page_needs_none(self, name: str) -> None:
        assert "<h1>" in render_to_string(name)


def test_the_doctor_looks(settings: Settings, tmp_path: Path) -> None:
    change(settings, environment="production", state_dir=tmp_path)
    wrong = ("warn", "the files of the pages are missing or of another version")
    assert wrong in said(doctor_settings.settings)

    pages_made(tmp_path)

    assert ("ok", "the files of the pages are made from this version") in said(doctor_settings.settings)

"""What a caller beside us may say in headers: nothing about where we stand or who somebody is."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests import processes


@pytest.mark.slow
def test_headers_that_servers_set_are_not_believed_from_callers(tmp_path: Path, transactional_db: None) -> None:
    believed = {"SCRIPT_NAME": "/x", "PATH_INFO": "/console/", "REMOTE_USER": "root"}
    with processes.web(tmp_path, SIMPLANE_WEB_WORKERS="1") as (url, _):
        below = httpx2.get(f"{url}/x/console/", headers={"SCRIPT_NAME": "/x"})
        beside = httpx2.get(f"{url}/healthz", headers=believed)
        api = httpx2.get(f"{url}/x/api/v1/orders", headers={"SCRIPT_NAME": "/x"})

    assert (below.status_code, beside.json(), api.status_code) == (404, {"alive": True}, 404)

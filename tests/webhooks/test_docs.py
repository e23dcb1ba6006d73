"""docs/webhooks.md says what the code does; its examples are run as they stand there."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simplane.webhooks import signing
from simplane.webhooks.kinds import KINDS
from simplane.webhooks.schedule import PAUSES

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
SECONDS = {"second": 1, "minute": 60, "hour": 3600}


@pytest.fixture
def genuine() -> Callable[..., bool]:
    """The function of the page."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/webhooks.md", "exec"), names)
    found: Callable[..., bool] = names["genuine"]
    return found


def test_the_python_example_takes_our_requests_and_no_others(genuine: Callable[..., bool]) -> None:
    old, new, body, now = signing.new_secret(), signing.new_secret(), '{"a":"ü"}'.encode(), int(time.time())
    headers = signing.headers([new, old], "msg_1", now, body)
    assert genuine(old, headers, body)
    assert genuine(new, headers, body)
    assert not genuine(signing.new_secret(), headers, body)
    assert not genuine(new, headers, body + b" ")
    assert not genuine(new, signing.headers([new], "msg_1", now - 301, body), body)


def test_the_shell_example_makes_the_signature() -> None:
    script = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)[0]
    secret, body = signing.new_secret(), '{"type":"unit.delivered"}'
    given = {"SECRET": secret, "ID": "msg_1", "TIMESTAMP": "1795167015", "BODY": body, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", script], env=given, capture_output=True, text=True, check=True)
    assert done.stdout == signing.sign(secret, "msg_1", 1795167015, body.encode()) + "\n"


def test_the_page_lists_every_event_in_the_same_words() -> None:
    assert dict(re.findall(r"^\| `([a-z._]+)` \| (.+) \|$", PAGE, re.MULTILINE)) == dict(KINDS)


def test_the_page_lists_every_pause() -> None:
    listed = re.findall(r"^\| \d+ \| (\d+) (second|minute|hour)s \|$", PAGE, re.MULTILINE)
    assert tuple(int(count) * SECONDS[unit] for count, unit in listed) == PAUSES

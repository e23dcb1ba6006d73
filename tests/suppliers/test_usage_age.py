"""How old a line's usage is: what is read late does not hide what its supplier told with its own time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simplane.core import clock
from simplane.core.db import transaction
from simplane.lines.actions import apply_event, apply_read
from simplane.lines.models import Line
from simplane.suppliers.esimaccess import lines, webhooks, wire
from tests import factories

pytestmark = pytest.mark.django_db


def read(line: Line, used: int) -> Line:
    """The line was read at eSIM Access now."""
    shown = wire.Line(esim_tran_no="1", esim_status="IN_USE", order_usage=used, total_volume=1000)
    with transaction():
        apply_read(line, lines.status(shown, clock.now()))
    line.refresh_from_db()
    return line


def told(line: Line, used: int, *, minutes_ago: int) -> Line:
    """A DATA_USAGE notice about the line came in."""
    at = (clock.now() - timedelta(minutes=minutes_ago)).isoformat()
    content = f'{{"orderUsage": {used}, "totalVolume": 1000, "remain": {1000 - used}, "lastUpdateTime": "{at}"}}'
    [event] = webhooks.parse(f'{{"notifyType": "DATA_USAGE", "notifyId": "n", "content": {content}}}'.encode())
    with transaction():
        apply_event(line, event, source="webhook")
    line.refresh_from_db()
    return line


def test_a_notice_is_newer_than_the_read_before_it() -> None:
    line = read(factories.line(issued_at=clock.now() - timedelta(days=2)), 100)
    assert told(line, 800, minutes_ago=20).data_used == 800


def test_a_read_does_not_bring_back_what_was_used_before_the_notice() -> None:
    line = told(factories.line(issued_at=clock.now() - timedelta(days=2)), 800, minutes_ago=20)
    assert read(line, 100).data_used == 800


def test_a_read_is_never_older_than_the_line() -> None:
    line = factories.line(issued_at=clock.now() - timedelta(minutes=5))
    assert read(line, 0).usage_at == line.issued_at

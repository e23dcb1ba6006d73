"""`simplane chaos --money`, small, and what its parts promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from simplane.ops.money_actor import done_before
from simplane.ops.money_plan import deed, key_of
from tests.ops import commands


@pytest.mark.slow
@pytest.mark.xdist_group("stages")
def test_processes_that_are_killed_at_the_ledger_leave_every_cent_in_its_place() -> None:
    done = commands.run("chaos", "--money", "--operations", "400", "--races", "50", "--kills", "2", "--processes", "2")

    result = done.result
    assert result["wrong"] == []
    assert (done.code, result["ok"], result["operations"]) == (0, True, 400)
    assert (result["covered_of_200"], result["effects_of_100_same_key"]) == (50, 1)
    assert result["kills"] == {"process": 2, "postgres": 1}
    assert sum(result["winners"][role] for role in ("capture", "void", "expire")) == 50


def test_a_deed_is_the_same_whoever_asks_and_acts_on_one_that_came_before() -> None:
    for number in range(200):
        one = deed(1, 4, 2, number, wallets=40)
        assert one == deed(1, 4, 2, number, wallets=40)
        assert one.key == key_of(2, number)
        assert one.about == "" or int(one.about.split("-")[1]) < number


def test_a_line_cut_off_by_a_kill_is_done_again(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_bytes(b"0 done m0-0\n1 done m0-1\n2 do")

    assert done_before(journal) == 2
    assert journal.read_bytes() == b"0 done m0-0\n1 done m0-1\n"

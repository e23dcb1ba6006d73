"""A small storm with one kill: the command as in `make chaos`, only shorter."""

from __future__ import annotations

import pytest

from tests.ops import commands


@pytest.mark.slow
@pytest.mark.xdist_group("stages")
def test_a_small_storm_loses_nothing_and_buys_nothing_twice() -> None:
    done = commands.run("chaos", "--orders", "15", "--most-kills", "1", "--seed", "4", seconds=560)

    result = done.result
    assert result["wrong"] == []
    assert (done.code, result["ok"], result["still_open"]) == (0, True, {})
    assert (result["lost"], result["double_purchases"], result["unknown_open"]) == (0, 0, 0)
    assert result["paid"] == result["delivered"] + result["named"]
    assert result["bought"] == result["delivered"] + result["bought_for_exceptions"]
    assert result["kills"] == {"worker": 1}
    assert result["orders"] == result["deeds"]["order"] == 15

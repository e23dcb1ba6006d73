"""The calm after a storm: waiting until nothing is under way, with the clocks put forward over what only waits."""

from __future__ import annotations

import math
import time
from datetime import timedelta

from simplane.ops import chaos_open
from simplane.ops.chaos_director import Director
from simplane.ops.scratch import say
from simplane.ops.stage import Stage

LOOK_EVERY_SECONDS = 3.0
WORTH_A_JUMP_SECONDS = 8.0
"""When nothing is due for longer than this, the clocks are put forward instead of waiting."""


def settle(stage: Stage, director: Director, until: float) -> dict[str, int]:
    """Wait until nothing is open, or until `until` (monotonic). Returns what is open then, by kind."""
    from django.db import close_old_connections

    from simplane.core import clock

    while True:
        close_old_connections()
        director.mend()
        found = chaos_open.look(stage, clock.now() + timedelta(seconds=director.shifted))
        still = {name: count for name, count in found.counts.items() if count}
        if not still or time.monotonic() > until:
            return still
        say(f"open: {still}" + (f"; next due in {found.wait:.0f} s" if found.wait else ""))
        if found.wait > WORTH_A_JUMP_SECONDS:
            director.let_pass(math.ceil(found.wait))
        else:
            time.sleep(LOOK_EVERY_SECONDS)

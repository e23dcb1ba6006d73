"""Public ids are never given out twice, by whatever process."""

from __future__ import annotations

import os

from simplane.core.ids import new_id

MANY = 1_000


def test_ids_of_many_draws_and_of_a_forked_process_all_differ() -> None:
    mine = {new_id("ord")}
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, "\n".join(new_id("ord")[14:] for _ in range(MANY)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as told:
        theirs = set(told.read().split())
    mine |= {new_id("ord") for _ in range(MANY)}

    assert len(mine) == MANY + 1
    assert len(theirs) == MANY
    assert not {one[14:] for one in mine} & theirs

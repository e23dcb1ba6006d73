"""Managers in a file: found among all people and all rows, never in a circle."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from simplane.workforce.file_plan import Directory, Reading
from simplane.workforce.file_values import Wish
from simplane.workforce.managers import circles


class Bosses:
    """Gives each wish the node of its manager, and takes out those that can not have theirs."""

    def __init__(self, reading: Reading, wishes: Sequence[Wish]) -> None:
        self._reading = reading
        self._directory: Directory = reading.directory
        self._good = {one.row: one for one in wishes}
        self._by_row_key = {key: one for one in wishes for key in _keys(one)}
        self._leans: dict[int, list[Wish]] = {}
        """Row -> wishes whose manager stands only there."""

    def settled(self) -> list[Wish]:
        """The wishes that can be, in the order of the file."""
        bad: list[tuple[Wish, str, str]] = []
        for wish in list(self._good.values()):
            if wish.manager and not self._find(wish):
                fix = "give their e-mail address or external ID as it stands in the file or in the list of people"
                bad.append((wish, f"{wish.manager} is nobody of the company and not in the file", fix))
            elif wish.boss == wish.node:
                bad.append((wish, "nobody is their own manager", "leave it empty, or name somebody else"))
        self._take_out(bad)
        while found := self._circles():
            self._take_out(found)
        return list(self._good.values())

    def _find(self, wish: Wish) -> bool:
        said = wish.manager or ""
        known = self._directory.find(said, said)
        if known is not None:
            wish.boss = known.pk
            return True
        there = self._by_row_key.get(said.lower())
        if there is None:
            return False
        wish.boss = there.node
        self._leans.setdefault(there.row, []).append(wish)
        return True

    def _take_out(self, bad: list[tuple[Wish, str, str]]) -> None:
        """And whoever leans on them; a reason of one's own is told rather than that of another row."""
        waiting = deque(bad)
        while waiting:
            wish, what, fix = waiting.popleft()
            if self._good.pop(wish.row, None) is None:
                continue
            self._reading.refuse(wish.row, "manager", wish.manager or "", what, fix)
            what, fix = f"their manager stands in row {wish.row}, which can not be taken in", "correct that row"
            waiting.extend((one, what, fix) for one in self._leans.get(wish.row, []))

    def _circles(self) -> list[tuple[Wish, str, str]]:
        managers = {one.pk: one.manager_id for one in self._directory.people}
        names = {one.pk: one.name for one in self._directory.people}
        by_node = {one.node: one for one in self._good.values()}
        for node, wish in by_node.items():
            names[node] = wish.name
            if wish.manager is not None:
                managers[node] = wish.boss
            else:
                managers.setdefault(node, None)
        found: list[tuple[Wish, str, str]] = []
        for circle in circles(managers):
            chain = " → ".join(names[node] for node in (*circle, circle[0]))
            what = f"this would be a circle: {chain}"
            mine = [by_node[node] for node in circle if node in by_node and by_node[node].manager]
            found += [(wish, what, "choose a manager who does not report to them") for wish in mine]
        return found


def _keys(wish: Wish) -> list[str]:
    return [str(value).lower() for name in ("email", "external_id", "user_name") if (value := wish.facts.get(name))]

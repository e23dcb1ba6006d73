"""Lists that sort by a column: which, and which way, stand in the address as `?sort=-total`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict


@dataclass(frozen=True, slots=True)
class Sorting:
    """By which column a list is sorted: its name in the address, the field, and whether it rises."""

    name: str
    by: str
    ascending: bool
    columns: Mapping[str, str]
    query: QueryDict

    def link(self, name: str) -> str:
        """The query string that sorts by a column: once more turns it around. Filters stay, the page begins anew."""
        params = self.query.copy()
        for old in ("after", "before", "sort"):
            params.pop(old, None)
        params["sort"] = f"-{name}" if name == self.name and self.ascending else name
        return params.urlencode()


def sorting(query: QueryDict, columns: Mapping[str, str], *, first: str) -> Sorting:
    """What `query` asks for; a column that is not one of `columns` (name -> field) counts as absent: then `first`."""
    wanted = query.get("sort", "")
    known = wanted if wanted.removeprefix("-") in columns else first
    name = known.removeprefix("-")
    return Sorting(name, columns[name], not known.startswith("-"), columns, query)

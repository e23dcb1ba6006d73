"""Filters of lists that a member keeps under a name: theirs alone, in the company in whose scope we are."""

from __future__ import annotations

from django.db.models import QuerySet

from simplane.core import audit, clock
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.ids import new_id
from simplane.workforce.models import SavedView

MOST = 20
"""Views of one list that a member may keep."""
LONGEST_NAME, LONGEST_QUERY = 40, 500


def views_of(user_id: int, of_list: str) -> QuerySet[SavedView]:
    """By name."""
    rows: QuerySet[SavedView] = SavedView.objects.filter(user_id=user_id, list=of_list).order_by("name")
    return rows


def save_view(user_id: int, of_list: str, name: str, query: str) -> SavedView:
    """Keep filters; a view of the same name is replaced. Raises BadInput."""
    name = " ".join(name.replace("\0", "").split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadInput(f"a view needs a name of 1 to {LONGEST_NAME} characters", fix="write a shorter one")
    if not query or len(query) > LONGEST_QUERY or "\0" in query:
        raise BadInput("there are no filters to keep, or too many", fix="choose some, then save them")
    with transaction():
        same = views_of(user_id, of_list).filter(name__iexact=name)
        if not same.exists() and views_of(user_id, of_list).count() >= MOST:
            raise BadInput(f"you keep {MOST} views of this list already", fix="remove one of them")
        same.delete()
        made: SavedView = SavedView.objects.create(
            public_id=new_id("view"), user_id=user_id, list=of_list, name=name, query=query, created_at=clock.now()
        )
        audit.note("view.saved", "view", made.public_id, after={"list": of_list, "name": name, "query": query})
    return made


def remove_view(user_id: int, public_id: str) -> SavedView:
    """Forget it; gives back what it was. Raises NotFound for somebody else's."""
    with transaction():
        found: SavedView | None = SavedView.objects.filter(user_id=user_id, public_id=public_id).first()
        if found is None:
            raise NotFound("there is no such view", fix="it may be removed already")
        found.delete()
        audit.note("view.removed", "view", public_id, before={"list": found.list, "name": found.name})
    return found

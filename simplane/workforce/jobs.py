"""What the calendar does with people: first days and last days; and uploads that nobody confirmed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.core.log import logger
from simplane.core.schedule import scheduled
from simplane.workforce import people
from simplane.workforce.errors import Taken
from simplane.workforce.models import Employee, PeopleFile
from simplane.workforce.unique import told_if_taken

log = logger(__name__)
FILE_KEPT = timedelta(days=1)


@scheduled("workforce.days", cron="*/5 * * * *", title="First and last days of companies' people")
def days() -> dict[str, Any]:
    """Who starts today works, whose last day is over has left."""
    began = Q(state=Employee.State.EXPECTED, starts_on__lte=people.today())
    over = Q(left_at=None, ends_on__lt=people.today()) & ~Q(state=Employee.State.LEFT)
    with tenancy.everywhere():
        due = list(Employee.objects.filter(began | over, removed_at=None).values_list("organization_id", "public_id"))
    return {"started or left": sum(turned(organization, public_id) for organization, public_id in due)}


def turned(organization_id: int, public_id: str) -> bool:
    """Bring one person to what the calendar says; whether that was another state."""
    try:
        with tenancy.scope(organization_id), told_if_taken(), transaction():
            one = people.locked(public_id)
            over = one.ends_on is not None and one.ends_on < people.today()
            return people.change(one, {}, working=False if over else None)
    except Taken as why:
        log.warning("workforce.cannot_turn", employee=public_id, why=why.message)
        return False


@scheduled("workforce.files", cron="17 * * * *", title="Uploads of people that nobody confirmed")
def files() -> dict[str, Any]:
    """An upload holds private data of people: it is kept for a day at most."""
    with tenancy.everywhere(), transaction():
        old = PeopleFile.objects.filter(uploaded_at__lt=clock.now() - FILE_KEPT).exclude(content=b"")
        return {"emptied": old.update(content=b"")}

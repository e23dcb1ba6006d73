"""What exists once a company: the database says so, and here it is said to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError
from psycopg import errors

from simplane.workforce.errors import Taken

WORDS: Mapping[str, tuple[str, str]] = {
    "employee_user_name_once": ("user_name", "somebody signs in with this name already"),
    "employee_external_id_once": ("external_id", "somebody has this external ID already"),
    "employee_email_once": ("email", "somebody who works here has this e-mail address already"),
    "team_name_once": ("name", "there is a team of this name already"),
    "cost_centre_code_once": ("code", "there is a cost centre of this code already"),
    "group_name_once": ("display_name", "there is a group of this name already"),
}


@contextmanager
def told_if_taken() -> Iterator[None]:
    """Around a transaction: raises Taken when it broke because something exists already."""
    try:
        yield
    except IntegrityError as error:
        cause = error.__cause__
        name = cause.diag.constraint_name if isinstance(cause, errors.UniqueViolation) else None
        if name is None or name not in WORDS:
            raise
        field, words = WORDS[name]
        raise Taken(field, words, fix="use another one, or change the one that has it") from error

"""People as a CSV file: the same columns that a file of people may have, so that what comes out goes in again."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from simplane.core.cells import csv_lines
from simplane.workforce.file_read import HEADINGS
from simplane.workforce.models import Employee

SOURCES = {"team": "team__name", "cost_centre": "cost_centre__code"}
EXTRA = ("state", "left_at", "public_id")
"""Not read by an import."""


def export_lines(rows: QuerySet[Employee]) -> Iterator[str]:
    """People in the order of their names, line by line. Everything is read at once, while the scope is open."""
    boss = Coalesce(NullIf("manager__email", Value("")), "manager__user_name", output_field=CharField())
    columns = [SOURCES.get(field, field) for field in HEADINGS if field != "manager"]
    ordered = rows.annotate(boss=boss).order_by("family_name", "given_name", "pk")
    found = list(ordered.values_list(*columns, "boss", *EXTRA))
    names = [HEADINGS[field] for field in HEADINGS if field != "manager"]
    return csv_lines([*names, HEADINGS["manager"], "state", "left at", "id"], found)

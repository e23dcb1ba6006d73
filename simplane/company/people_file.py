"""People by file: uploaded, shown with what it would do and which rows can not be, taken in by one button; and the way out."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from simplane.company.people import filtered
from simplane.company.reach import within
from simplane.company.shell import CompanyRequest, page, show
from simplane.core.clock import now
from simplane.core.errors import NotFound, Refusal
from simplane.ui.outcomes import refused
from simplane.workforce import people_file
from simplane.workforce.export import export_lines
from simplane.workforce.file_read import HEADINGS, MOST_BYTES, UnreadableFile
from simplane.workforce.file_values import Plan
from simplane.workforce.models import Employee, PeopleFile

SHOWN = 50
"""Rows of a kind on the page; the counts say how many there are."""


@require_http_methods(["GET", "HEAD", "POST"])
@page("people:write")
def upload(request: CompanyRequest) -> HttpResponse:
    """Choose a file; nothing is written about people yet."""
    if request.method == "POST":
        try:
            name, content = uploaded(request)
            return redirect("company:people_plan", people_file.upload(name, content).public_id)
        except Refusal as refusal:
            refused(request, refusal)
    return show(request, "people_file", "people", {"headings": HEADINGS.values()})


@require_http_methods(["GET", "HEAD", "POST"])
@page("people:write")
def plan(request: CompanyRequest, public_id: str) -> HttpResponse:
    """What the file would do, and doing it: all rows, or the good ones."""
    _known(public_id)
    try:
        if request.method == "POST":
            return _take_in(request, public_id)
        found = people_file.preview(public_id)
    except NotFound as over:
        refused(request, over)
        return redirect("company:people_file")
    return show(request, "people_plan", "people", _shown(public_id, found))


@require_safe
@page("people:write")
def problems(request: CompanyRequest, public_id: str) -> HttpResponse:  # noqa: ARG001
    """The rows that can not be, to correct the file by."""
    return csv_file("problems.csv", people_file.problem_lines(people_file.preview(public_id)))


@require_safe
@page("people:read")
def export(request: CompanyRequest) -> HttpResponse:
    """The people of the list as it is filtered, in the columns that an import takes."""
    rows = filtered(request.GET, within(request.company, Employee.objects.all()))
    return csv_file(f"people-{now():%Y-%m-%d}.csv", export_lines(rows))


def uploaded(request: CompanyRequest) -> tuple[str, bytes]:
    """Name and content of the form's file. Raises UnreadableFile for none and for one that is too large."""
    given = request.FILES.get("file")
    if given is None:
        raise UnreadableFile("there is no file", fix="choose a CSV file")
    if (given.size or 0) > MOST_BYTES:
        raise UnreadableFile(f"the file is larger than {MOST_BYTES // 2**20} MB", fix="send it in parts")
    return given.name or "file.csv", given.read()


def csv_file(name: str, lines: Iterable[str]) -> HttpResponse:
    """A whole download, made inside the company's scope."""
    answer = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _known(public_id: str) -> None:
    if not PeopleFile.objects.filter(public_id=public_id).exists():
        raise NotFound("there is no such file")


def _take_in(request: CompanyRequest, public_id: str) -> HttpResponse:
    good_only = "good" in request.POST
    try:
        taken = people_file.take_in(public_id, request.POST.get("digest", ""), good_rows_only=good_only)
    except NotFound:
        raise
    except Refusal as refusal:
        refused(request, refusal)
        return redirect("company:people_plan", public_id)
    return show(request, "people_taken", "people", {"taken": taken})


def _shown(public_id: str, found: Plan) -> dict[str, object]:
    bad = len({one.row for one in found.problems})
    return {
        "public_id": public_id,
        "plan": found,
        "bad": bad,
        "good": len(found.add) + len(found.change),
        "add": found.add[:SHOWN],
        "change": [(one, _told(found, one.row)) for one in found.change[:SHOWN]],
        "problems": found.problems[:SHOWN],
        "shown": SHOWN,
    }


def _told(found: Plan, row: int) -> str:
    """The changes of one row in words: `team: Sales, country: DE`."""
    changes = found.changes[row].items()
    return ", ".join(f"{HEADINGS.get(name, name)}: {value or 'none'}" for name, value in changes)

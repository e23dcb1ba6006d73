"""The company's history: who did what to what and when, with before and after; searchable, sealed, and as CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from simplane.company.billing import download
from simplane.company.saved import saved_views
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.when import asked_day
from simplane.core.cells import csv_lines
from simplane.core.models import AuditEntry, AuditSeal
from simplane.core.seals import SEALED_TEXT
from simplane.ui.paging import page_of

MOST = 50_000
"""Rows of one file: it is made whole, behind the wall."""
COLUMNS = (
    "at (UTC)", "who", "action", "thing", "id", "reason", "before", "after", "request",
    "number", "seal before", "seal", "sealed text",
)  # fmt: skip
"""The last four are explained in docs/audit.md: with them anybody can make the seals again."""


@require_safe
@page("audit:read")
def audit(request: CompanyRequest) -> HttpResponse:
    """Newest first, by words, who, action and days; `?file=csv`: the newest 50,000 of them as a file."""
    whole = AuditEntry.objects.filter(organization_id=request.company.organization.pk).select_related("seal")
    rows = filtered(request.GET, whole)
    if request.GET.get("file") == "csv":
        return download("audit.csv", "text/csv; charset=utf-8", csv_lines(COLUMNS, _cells(rows)))
    query = request.GET.copy()
    query["file"] = "csv"
    for cursor in ("after", "before"):
        query.pop(cursor, None)
    newest = AuditSeal.objects.filter(organization_id=request.company.organization.pk).select_related("entry")
    context = {
        "page": page_of(rows, request.GET),
        "csv": query.urlencode(),
        "most": MOST,
        "views": saved_views(request, "audit"),
        "sealed": newest.order_by("-number").first(),
    }
    return show(request, "audit", "audit", context)


def filtered(query: QueryDict, rows: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Every word must stand somewhere; days are UTC and both are included."""
    for word in query.get("q", "").split()[:5]:
        rows = rows.filter(
            Q(reason__icontains=word)
            | Q(entity_id__icontains=word)
            | Q(entity__icontains=word)
            | Q(before__icontains=word)
            | Q(after__icontains=word)
            | Q(request_id=word)
        )
    if who := query.get("actor", "").strip():
        rows = rows.filter(actor__icontains=who)
    if action := query.get("action", "").strip():
        rows = rows.filter(action__icontains=action.replace(" ", "."))
    if since := asked_day(query.get("since", "")):
        rows = rows.filter(at__gte=_begin(since))
    if until := asked_day(query.get("until", "")):
        rows = rows.filter(at__lt=_begin(until) + timedelta(days=1))
    return rows


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _cells(rows: QuerySet[AuditEntry]) -> Iterator[tuple[object, ...]]:
    before = AuditSeal.objects.filter(organization_id=OuterRef("organization_id"), number=OuterRef("seal__number") - 1)
    told = rows.annotate(link=Subquery(before.values("hash")), text=SEALED_TEXT).order_by("-pk")[:MOST]
    for one in told.iterator(chunk_size=2000):
        shown = (json.dumps(value, ensure_ascii=False) if value else "" for value in (one.before, one.after))
        plain = (one.at, one.actor, one.action, one.entity, one.entity_id, one.reason, *shown, one.request_id)
        yield (*plain, *_seal_cells(one))


def _seal_cells(one: Any) -> tuple[object, ...]:
    seal: AuditSeal | None = getattr(one, "seal", None)
    if seal is None:
        return "not sealed yet", "", "", ""
    return seal.number, bytes(one.link or bytes(32)).hex(), bytes(seal.hash).hex(), one.text

"""A CSV file into the cart: a clean one at once; of one with errors only what the person then confirms."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib import messages
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from simplane.catalog.wholesale import terms_of
from simplane.core.errors import BadInput
from simplane.hub import cart
from simplane.hub.cart import CartRow
from simplane.hub.cart_csv import MOST_BYTES, JudgedRow, read
from simplane.hub.shell import HubRequest, page, show

_SALT = "hub.upload"
_SECONDS = 3600


@require_http_methods(["GET", "HEAD", "POST"])
@page("orders:write")
def upload(request: HubRequest) -> HttpResponse:
    """Judge a file, or rows that were pasted."""
    if request.method != "POST":
        return show(request, "cart_upload", "cart", {})
    try:
        judged = _judged(request)
        good = [one.row for one in judged if one.row]
        if len(good) == len(judged):
            return _add(request, good)
    except BadInput as refusal:
        return show(request, "cart_upload", "cart", {"problem": str(refusal)}, status=422)
    context = {"judged": judged, "good": len(good), "bad": len(judged) - len(good), "sealed": _seal(request, good)}
    return show(request, "cart_upload", "cart", context, status=422)


@require_POST
@page("orders:write")
def upload_confirm(request: HubRequest) -> HttpResponseRedirect:
    """Add the good rows of a file that was just judged."""
    try:
        account, rows = signing.loads(request.POST.get("rows", ""), salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        account, rows = 0, []
    try:
        if account != request.hub.organization.pk:
            raise BadInput("this file was read for another account, or an hour ago", fix="choose it again")
        return _add(request, [CartRow(**row) for row in rows])
    except BadInput as refusal:
        messages.error(request, f"Nothing was added: {refusal}.")
        return redirect("hub:cart_upload")


def _judged(request: HubRequest) -> list[JudgedRow]:
    terms = terms_of(request.hub.organization)
    if terms is None:
        raise BadInput("your prices are not set yet", fix="write to us")
    judged = read(_raw(request), request.hub.organization, terms)
    if not judged:
        raise BadInput("there are no rows", fix="write one line for each SKU below the first")
    return judged


def _raw(request: HubRequest) -> bytes:
    given = request.FILES.get("file")
    if isinstance(given, UploadedFile):
        if (given.size or 0) > MOST_BYTES:
            raise BadInput("this file is too large", fix=f"at most {MOST_BYTES // 1024} KB")
        return bytes(given.read())
    return request.POST.get("text", "").encode()


def _add(request: HubRequest, rows: list[CartRow]) -> HttpResponseRedirect:
    cart.add(request.session, request.hub.organization.pk, rows)
    messages.success(request, f"{len(rows)} {'row is' if len(rows) == 1 else 'rows are'} in the cart.")
    return redirect("hub:cart")


def _seal(request: HubRequest, rows: list[CartRow]) -> str:
    told = request.hub.organization.pk, [asdict(row) for row in rows]
    return signing.dumps(told, salt=_SALT, compress=True)

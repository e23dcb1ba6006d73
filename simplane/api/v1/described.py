"""GET /openapi.json."""

from __future__ import annotations

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from simplane.api.v1.document import document

router = Router(auth=None)


@router.get("/openapi.json", include_in_schema=False)
def read_document(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """This document, for programs; people read /api/docs."""
    answer = HttpResponse(msgspec.json.encode(document()), content_type="application/json")
    answer["Cache-Control"], answer["Access-Control-Allow-Origin"] = "public, max-age=300", "*"
    return answer

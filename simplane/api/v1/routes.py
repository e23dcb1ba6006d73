"""Every address of the API: one line a resource."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt

from simplane.api.problems import Refused
from simplane.api.v1 import (
    catalogue,
    described,
    esim_calls,
    esim_top_ups,
    esims,
    orders,
    quotes,
    sandbox,
    tenant_bulk,
    tenant_figures,
    tenant_lines,
    tenant_people,
    tenant_places,
    tokens,
    top_ups,
    wallet,
    webhooks,
)
from simplane.api.v1.answers import problem
from simplane.api.v1.base import api

ESIMS = (esims, esim_calls, esim_top_ups)
COMPANY = (tenant_people, tenant_places, tenant_lines, tenant_bulk, tenant_figures)
for one in (described, tokens, catalogue, quotes, orders, *ESIMS, wallet, top_ups, webhooks, sandbox, *COMPANY):
    api.add_router("", one.router)


@csrf_exempt
def _nothing_here(request: HttpRequest) -> HttpResponse:
    return problem(request, Refused("not_found", "there is no such address: /api/docs lists all"))


urlpatterns: list[URLPattern | URLResolver] = [path("", api.urls), re_path("", _nothing_here)]

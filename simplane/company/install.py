"""The page behind the link in an employee's mail: no account, no password, used once."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from simplane.company.look import show_outside
from simplane.company.standing import tenant_of
from simplane.fleet import install as links


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def install(request: HttpRequest, secret: str) -> HttpResponse:
    """Says what waits behind the link; the button shows it, once. An old link can ask for a new one."""
    tenant = tenant_of(request)
    found = links.look(tenant.pk, secret)
    asked = False
    if request.method == "POST" and found is not None:
        if "again" in request.POST:
            links.ask_again(tenant.pk, secret)
            asked = True
        else:
            try:
                token = links.use(tenant.pk, secret)
            except links.LinkUsed:
                return HttpResponseRedirect(request.path)
            return HttpResponseRedirect(reverse("store:unit", args=[token]))
    answer = show_outside(request, "install", {"found": found, "asked": asked}, status=404 if found is None else 200)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer

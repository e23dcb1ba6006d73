"""What all answers of the store share: private, uncached, nothing from elsewhere, and a page for links that lead nowhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_safe

from simplane.core.errors import NotFound
from simplane.delivery.languages import DEFAULT, language, languages
from simplane.delivery.languages.shape import Language

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
_POLICY = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF],
    "connect-src": [SELF],
    "form-action": [NONE],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
}
_HEADERS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def private(view: View[P]) -> View[P]:
    """Wrap a view behind a secret link: GET and HEAD only, friendly 404 and 410, headers that keep the link to itself."""

    @wraps(view)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            made = view(request, *args, **kwargs)
        except NotFound as missing:
            made = gone(request, status=missing.status)
        for name, value in _HEADERS.items():
            made.headers[name] = value
        return made

    return cast(View[P], csp_replace(_POLICY)(require_safe(answer)))


def gone(request: HttpRequest, *, status: int) -> HttpResponse:
    """The page of a link that does not exist or was withdrawn: the same words, so that it tells nothing."""
    spoken = chosen_language(request, "")
    return page("store/gone.html", {}, spoken=spoken, status=status)


def page(template: str, context: dict[str, object], *, spoken: Language, status: int = 200) -> HttpResponse:
    """Render a page in a language. Without the request: no session, no cookie, no user is ever touched."""
    shown = {
        **context,
        "lang": spoken.code,
        "p": spoken.page,
        "i": spoken.install,
        "others": [one for one in languages().values() if one.code != spoken.code],
    }
    made = HttpResponse(render_to_string(template, shown), status=status)
    made.headers["Content-Language"] = spoken.code
    return made


def chosen_language(request: HttpRequest, locale: str) -> Language:
    """`?lang=de` first, then the buyer's own (`locale` of the link), then what the browser asks for."""
    asked = [request.GET.get("lang", ""), locale]
    asked += [code for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
    spoken = (language(one) for one in asked if one.replace("_", "-").partition("-")[0].lower() in languages())
    return next(spoken, languages()[DEFAULT])

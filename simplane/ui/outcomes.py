"""How an action's outcome is told to a person: done, or refused with what to do."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from simplane.core.errors import BadInput, Refusal


def attempt(request: HttpRequest, done: str, verb: Callable[[], object]) -> bool:
    """Call an action and leave a note of what came of it. False when it was refused; then nothing was changed."""
    try:
        verb()
    except Refusal as refusal:
        refused(request, refusal)
        return False
    messages.success(request, done)
    return True


def refused(request: HttpRequest, refusal: Refusal) -> None:
    """Leave a note that nothing was done, and why."""
    messages.error(request, f"Refused: {refusal}")


def given(reason: str) -> str:
    """The reason somebody typed. Raises BadInput when there is none."""
    if not reason:
        raise BadInput("a reason is missing", fix="say why; it stands in the audit trail")
    return reason


def back(request: HttpRequest, fallback: str) -> HttpResponseRedirect:
    """To the page the form says it came from (ours only), else to `fallback`."""
    wanted = request.POST.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return HttpResponseRedirect(wanted)
    return HttpResponseRedirect(fallback)

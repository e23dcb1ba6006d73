"""Signs of life for machines: /healthz (this process answers), /readyz (it can do its work) and /metrics.

`Probes` stands first of all middleware: a probe knows no host name of ours, speaks plain HTTP inside the house and must
cause neither a session nor a log line.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import Error as DatabaseProblem
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from simplane.api.metrics import metrics

View = Callable[[HttpRequest], HttpResponse]
FRESH_SECONDS = 2.0
OK = "ok"
_INBOX = """
SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on',
  has_table_privilege('core_inboxmessage', 'INSERT') AND has_table_privilege('procrastinate_jobs', 'INSERT')
"""
_migrated = False
_known: tuple[float, dict[str, str]] | None = None


def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers at all. Asks nobody, so a database that rests kills no process."""
    return _only_read(request) or JsonResponse({"alive": True}, headers={"Cache-Control": "no-store"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when webhooks can be stored and pages served, else 503; `checks` says of each part `ok` or what is wrong."""
    if refusal := _only_read(request):
        return refusal
    found = _fresh_checks()
    ready = all(text == OK for text in found.values())
    headers = {"Cache-Control": "no-store"} | ({} if ready else {"Retry-After": "5"})
    return JsonResponse({"ready": ready, "checks": found}, status=200 if ready else 503, headers=headers)


def _only_read(request: HttpRequest) -> HttpResponse | None:
    if request.method in ("GET", "HEAD"):
        return None
    return HttpResponse("send a GET\n", status=405, content_type="text/plain", headers={"Allow": "GET, HEAD"})


def _fresh_checks() -> dict[str, str]:
    """Asked at most every 2 seconds a process, so that probes never load a database in trouble."""
    global _known  # noqa: PLW0603  one small memory a process
    now = time.monotonic()
    if _known is None or now - _known[0] > FRESH_SECONDS:
        _known = (now, checks())
    return _known[1]


def checks() -> dict[str, str]:
    """Every part and `ok`, or what is wrong with it in words without secrets."""
    try:
        found = {"database": OK, "migrations": _migrations()}
        # Without its tables the inbox has nothing to say.
        found["inbox"] = _inbox() if found["migrations"] == OK else "waits for the migrations"
        found["pages"] = _pages()
    except DatabaseProblem as problem:
        return {"database": f"can not be reached or used: {type(problem).__name__}"}
    return found


def _migrations() -> str:
    """Reading them costs a tenth of a second; once applied they stay applied while this code runs."""
    global _migrated  # noqa: PLW0603
    if _migrated:
        return OK
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        first = f"{missing[0][0].app_label}.{missing[0][0].name}"
        return f"{len(missing)} not applied, the first is {first}: run `simplane migrate`"
    _migrated = True
    return OK


def _inbox() -> str:
    with connection.cursor() as cursor:
        cursor.execute(_INBOX)
        row = cursor.fetchone()
    read_only, allowed = row or (True, False)
    if read_only:
        return "the database takes no writes (a replica, or set read-only): webhooks can not be stored"
    return OK if allowed else "our database user may not insert webhooks"


def _pages() -> str:
    """A production process knows the names of the files of its pages from its start, or never."""
    try:
        staticfiles_storage.url("ui/console.css")
    except ValueError:
        return "their files were not there when this process started: start it by `simplane web`, which makes them"
    return OK


def forget() -> None:
    """Check everything anew at the next question (after migrations, and for tests)."""
    global _known, _migrated
    _known, _migrated = None, False


PROBES: dict[str, View] = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


class Probes:
    """Middleware that answers the probes before hosts, redirects, sessions and logs; to be listed first."""

    def __init__(self, get_response: View) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        return probe(request) if probe else self._get_response(request)

"""POST /api/v1/orders, served before Django (docs/adr/0014): read, check the form, let the SQL decide, answer.

201 the order; 200 only of a dry run. A repeated Idempotency-Key is answered with the first answer and
`Idempotent-Replayed: true`. Everything else is a problem of `api/problems.py`.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qs

import msgspec

from simplane.api import limits, order_dry_run, order_wait, problems
from simplane.api.express import ANSWERED, Answer, Begun, Environ, Headers, Reply
from simplane.api.order_request import read
from simplane.api.problems import Refused
from simplane.core.batches import NotDone
from simplane.core.ids import new_id
from simplane.core.log import logger
from simplane.core.metrics import API_ORDERS
from simplane.ordering.placing import SECONDS, Placed, place, place_and_tell

log = logger(__name__)
PATH = "/api/v1/orders"


def serve(environ: Environ) -> Answer:
    """The answer to one request."""
    rid = new_id("req")
    try:
        dry = _dry(environ)
        order = read(environ, rid, dry=dry)
        if dry:
            return _said(order_dry_run.look(order), rid)
        placed = place(order)
        seconds = order_wait.wanted(environ)
        if placed.code == "created" and seconds:
            return order_wait.waited(placed, seconds, lambda one: _said(one, rid))
        return _said(placed, rid)
    except Refused as refused:
        return _refused(refused, rid)
    except NotDone as problem:
        return _not_done(problem, rid)


def start(environ: Environ, reply: Reply) -> Begun | None:
    """As `serve`, without waiting for the commit; not for dry runs and for callers who wait for their eSIMs."""
    if environ.get("QUERY_STRING") or "HTTP_PREFER" in environ:
        return None
    rid = new_id("req")
    try:
        order = read(environ, rid)
    except Refused as refused:
        answer = _refused(refused, rid)
        reply(lambda: answer)
        return ANSWERED

    def tell(placed: Placed | None, problem: BaseException | None) -> None:
        reply(lambda: _said(placed, rid) if placed is not None else _not_done(problem, rid))

    return Begun(place_and_tell(order, tell), SECONDS)


def _dry(environ: Environ) -> bool:
    asked = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    wanted = asked.pop("dry_run", ["false"])
    if asked or wanted not in (["true"], ["false"]):
        raise Refused("bad_request", "the address takes ?dry_run=true and nothing else")
    return wanted == ["true"]


def _said(placed: Placed, rid: str) -> Answer:
    try:
        body = _body(placed)
    except Refused as refused:
        return _refused(refused, rid, placed)
    assert placed.status is not None
    more = _standing(placed)
    if placed.code == "replayed":
        more.append(("Idempotent-Replayed", "true"))
    return _answer(placed.status, placed.code, rid, body, more)


def _body(placed: Placed) -> bytes:
    if placed.code == "rate_limited":
        standing = limits.Standing(placed.per_minute or 1, placed.lead or 0.0)
        raise Refused("rate_limited", retry_after=standing.retry_after)
    if placed.body is None or placed.status is None:
        raise Refused(placed.code, extra=placed.detail)
    return msgspec.json.format(placed.body.encode(), indent=0)


def _refused(refused: Refused, rid: str, placed: Placed | None = None) -> Answer:
    status, body = problems.render(refused.code, rid, detail=refused.detail, extra=refused.extra)
    more = _standing(placed) if placed else []
    if status == 401:
        more.append(("WWW-Authenticate", 'Bearer realm="simplane"'))
    if status == 405:
        more.append(("Allow", "GET, POST"))
    if status in (429, 503):
        more.append(("Retry-After", str(int(refused.retry_after or 1))))
    return _answer(status, refused.code, rid, body, more)


def _not_done(problem: BaseException | None, rid: str) -> Answer:
    log.error("order.not_confirmed", problem=str(problem), request_id=rid)
    return _refused(Refused("unavailable"), rid)


def _standing(placed: Placed) -> Headers:
    if placed.per_minute is None or placed.lead is None:
        return []
    return limits.headers(limits.Standing(placed.per_minute, placed.lead))


def _answer(status: int, code: str, rid: str, body: bytes, more: Headers) -> Answer:
    API_ORDERS.labels(code).inc()
    kind = problems.CONTENT_TYPE if status >= 400 else "application/json"
    made = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Request-Id", rid),
        ("Cache-Control", "no-store"),
    ]
    return f"{status} {HTTPStatus(status).phrase}", made + more, body

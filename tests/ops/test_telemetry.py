"""Traces and error reports: they arrive where the settings say, they tell one story, and they hold no secret."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.db import connection
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from simplane.core import jobs
from tests import factories, processes
from tests.standins import Received, Receiver, Standin, receiving

CODE = "LPA:1$rsp.example.com$K2-SECRET-1"
LONGEST = 30


@pytest.fixture
def sink() -> Iterator[Receiver]:
    """Stands where the collector of traces and the error tracker would."""
    with receiving() as receiver:
        yield receiver


def whole(one: Received) -> bytes:
    """A body as it was before it was compressed."""
    return gzip.decompress(one.body) if one.headers.get("content-encoding") == "gzip" else one.body


def drained(sink: Receiver) -> list[Received]:
    """Everything that came."""
    found = [sink.next(LONGEST)]
    while not sink.empty:
        found.append(sink.next())
    return found


def spans(sink: Receiver) -> list[tuple[str, Span]]:
    """Every span with the name of the service it came from."""
    found = []
    for one in drained(sink):
        assert one.path == "/v1/traces"
        for part in ExportTraceServiceRequest.FromString(whole(one)).resource_spans:
            service = next(fact.value.string_value for fact in part.resource.attributes if fact.key == "service.name")
            found += [(service, span) for scope in part.scope_spans for span in scope.spans]
    return found


def facts(span: Span) -> dict[str, Any]:
    """The attributes that are texts or numbers."""
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def message(subject: str) -> int:
    """A stored webhook of a channel that nobody handles, so working on it fails; the job that works on it waits."""
    stored = factories.inbox_message(channel=subject, state="received", handled_at=None, due_at="2026-01-01T00:00:00Z")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at) VALUES ('intake',"
            " 'core.handle_message', jsonb_build_object('message_id', %s::int, '_rid', 'inbox-77'), now())",
            [stored.pk],
        )
    return stored.pk


@pytest.mark.slow
def test_a_job_is_a_span_of_its_webhooks_trace(tmp_path: Path, sink: Receiver, transactional_db: None) -> None:
    pk = message("nobody")
    ended = processes.run(tmp_path, "worker", "--once", SIMPLANE_OTLP_ENDPOINT=sink.url)
    assert ended.returncode == 0
    found = spans(sink)
    assert {service for service, _ in found} == {"simplane-worker"}
    (job,) = [span for _, span in found if span.name == "job core.handle_message"]
    assert job.trace_id == hashlib.sha256(b"inbox-77").digest()[:16]
    assert facts(job) == {"simplane.request_id": "inbox-77", "simplane.message_id": str(pk)}
    queries = [span for _, span in found if span.kind == Span.SPAN_KIND_CLIENT]
    assert {span.trace_id for span in queries} == {job.trace_id}
    assert any(facts(span)["db.statement"].startswith("UPDATE") for span in queries)


@pytest.mark.slow
def test_a_call_to_a_supplier_is_a_span_of_its_job(
    tmp_path: Path, sink: Receiver, go: Standin, transactional_db: None
) -> None:
    key = "esg_sandbox_key_0001"
    seller = factories.supplier(base_url=f"{go.url}/v2.5", credentials={"api_key": key})
    jobs.enqueue("suppliers.balance", supplier_id=seller.pk)
    assert processes.run(tmp_path, "worker", "--once", SIMPLANE_OTLP_ENDPOINT=sink.url).returncode == 0
    found = [span for _, span in spans(sink)]
    (job,) = [span for span in found if span.name == "job suppliers.balance"]
    (call,) = [span for span in found if span.name == "GET 127.0.0.1"]
    assert (call.trace_id, call.parent_span_id) == (job.trace_id, job.span_id)
    assert facts(call) == {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "http.response.status_code": 200,
    }
    assert not any(key in str(span) for span in found)


@pytest.mark.slow
def test_a_page_is_a_span_without_the_travellers_token(tmp_path: Path, sink: Receiver, transactional_db: None) -> None:
    token = factories.install_link().token
    with processes.web(tmp_path, SIMPLANE_WEB_WORKERS="1", SIMPLANE_OTLP_ENDPOINT=sink.url) as (url, _):
        assert httpx2.get(f"{url}/readyz", trust_env=False).status_code == 200
        assert httpx2.get(f"{url}/o/{token}?secret=SHH-1", trust_env=False).status_code == 200
    bodies = [whole(one) for one in drained(sink)]
    found = [
        span
        for body in bodies
        for part in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in part.scope_spans
        for span in scope.spans
    ]
    pages = [span for span in found if span.kind == Span.SPAN_KIND_SERVER]
    assert [span.name for span in pages] == ["GET o/<str:token>"]
    assert facts(pages[0])["http.status_code"] == 200
    assert not any(token.encode() in body or b"SHH-1" in body for body in bodies)


@pytest.mark.slow
def test_an_error_is_reported_without_the_code_it_choked_on(
    tmp_path: Path, sink: Receiver, transactional_db: None
) -> None:
    pk = message(CODE[:30])
    dsn = sink.url.replace("http://", "http://public@") + "/1"
    ended = processes.run(tmp_path, "worker", "--once", SIMPLANE_SENTRY_DSN=dsn)
    assert ended.returncode == 0
    came = drained(sink)
    assert {one.path for one in came} == {"/api/1/envelope/"}
    bodies = [whole(one) for one in came]
    events = [json.loads(line) for body in bodies for line in body.splitlines() if b'"exception"' in line]
    (event,) = events
    assert event["tags"] == {"request_id": "inbox-77", "job": "core.handle_message", "message_id": str(pk)}
    assert event["server_name"] == "simplane-worker"
    assert event["exception"]["values"][-1]["type"] == "KeyError"
    assert "…" in event["exception"]["values"][-1]["value"]
    assert not any(secret in body for body in bodies for secret in (b"rsp.example.com", b"public@"))
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert not any("vars" in frame for frame in frames)


def test_without_addresses_nothing_is_loaded(tmp_path: Path, db: None) -> None:
    code = (
        "import sys, django; django.setup()\n"
        "from simplane.core import telemetry\n"
        "telemetry.start('x', otlp_endpoint='', sentry_dsn='', environment='test')\n"
        "with telemetry.job('a', 'b'), telemetry.call('GET', 'host'): pass\n"
        "print([name for name in ('opentelemetry.sdk', 'sentry_sdk') if name in sys.modules])"
    )
    env = processes.environment(tmp_path, DJANGO_SETTINGS_MODULE="simplane.config.settings")
    ended = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert ended.stdout == "[]\n", ended.stderr

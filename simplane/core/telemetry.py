"""Traces by OpenTelemetry and error reports by Sentry, each only when its address is set; otherwise this costs nothing.

Everything that leaves passes `core.redact`. The trace id of a job is made from its request id, so a webhook and every
job it caused, whichever worker ran them, are one trace without anything being carried along.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from simplane.core import redact

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

Facts = dict[str, str | int]
_tracer: Tracer | None = None
_UNTRACED = "healthz,readyz,metrics,static"


def start(service: str, *, otlp_endpoint: str, sentry_dsn: str, environment: str) -> None:
    """Switch on what is set. Call once a process, after any fork. `service`: `simplane-web` or `simplane-worker`."""
    if sentry_dsn:
        _start_sentry(service, sentry_dsn, environment)
    if otlp_endpoint:
        _start_traces(service, otlp_endpoint, environment)


def stop() -> None:
    """Send what is still waiting (at the end of a process)."""
    global _tracer  # noqa: PLW0603  one tracer a process
    if _tracer is not None:
        from opentelemetry import trace

        _tracer = None
        trace.get_tracer_provider().shutdown()  # type: ignore[attr-defined]
    import sentry_sdk

    sentry_sdk.get_client().close(timeout=2.0)


@contextmanager
def job(name: str, request_id: str, **ids: Any) -> Iterator[None]:
    """A span around one run of a job, part of the trace of its request."""
    if _tracer is None:
        yield
        return
    from opentelemetry.trace import SpanKind

    facts: Facts = {"simplane.request_id": request_id, **{f"simplane.{key}": str(found) for key, found in ids.items()}}
    with _span(f"job {name}", facts, kind=SpanKind.CONSUMER, within=_story(request_id) if request_id else None):
        yield


@contextmanager
def call(method: str, host: str) -> Iterator[Facts]:
    """A span around one call to the outside. What is put into the facts becomes part of it; no path, it may hold a key."""
    facts: Facts = {"http.request.method": method, "server.address": host}
    if _tracer is None:
        yield facts
        return
    from opentelemetry.trace import SpanKind

    with _span(f"{method} {host}", facts, kind=SpanKind.CLIENT, within=None):
        yield facts


@contextmanager
def _span(name: str, facts: Facts, *, kind: Any, within: Context | None) -> Iterator[None]:
    from opentelemetry.trace import Status, StatusCode

    assert _tracer is not None
    with _tracer.start_as_current_span(
        name, within, kind, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as error:
            # The message of an exception may quote what it choked on; its type is enough here.
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            span.set_attributes(facts)


def _story(request_id: str) -> Context:
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    digest = hashlib.sha256(request_id.encode()).digest()
    told = SpanContext(
        trace_id=int.from_bytes(digest[:16], "big"),
        span_id=int.from_bytes(digest[16:24], "big"),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return set_span_in_context(NonRecordingSpan(told))


def _start_traces(service: str, endpoint: str, environment: str) -> None:
    global _tracer  # noqa: PLW0603
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": service, "deployment.environment": environment})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(redacting(exporter)))
    trace.set_tracer_provider(provider)
    _tracer = trace.get_tracer("simplane", tracer_provider=provider)
    DjangoInstrumentor().instrument(tracer_provider=provider, excluded_urls=_UNTRACED)
    PsycopgInstrumentor().instrument(tracer_provider=provider)


def redacting(exporter: SpanExporter) -> SpanExporter:
    """An exporter that hands on redacted copies, and none of the queries that nobody's request or job made."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import SpanKind

    class Redacting(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            # Polling of the queue: queries of no story, every second.
            told = [_redacted(span) for span in spans if span.parent is not None or span.kind != SpanKind.CLIENT]
            return exporter.export(told) if told else SpanExportResult.SUCCESS

        def shutdown(self) -> None:
            exporter.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return exporter.force_flush(timeout_millis)

    return Redacting()


def _redacted(span: ReadableSpan) -> ReadableSpan:
    from opentelemetry.sdk.trace import Event, ReadableSpan

    return ReadableSpan(
        name=redact.text(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=redact.mapping(span.attributes or {}),
        events=[Event(one.name, redact.mapping(one.attributes or {}), one.timestamp) for one in span.events],
        links=span.links,
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _start_sentry(service: str, dsn: str, environment: str) -> None:
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        server_name=service,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=_report,
        before_breadcrumb=_crumb,
        shutdown_timeout=2,
    )


def _report(event: Any, _: Any) -> Any:
    """An error report as it may leave, with the ids of the request or job it happened in."""
    bound = structlog.contextvars.get_contextvars()
    event["tags"] = {**(event.get("tags") or {}), **{key: str(found) for key, found in bound.items()}}
    return redact.value(event)


def _crumb(crumb: Any, _: Any) -> Any:
    return redact.value(crumb)

"""Spans of this process, exported by OpenTelemetry's SDK as OTLP over HTTP (protobuf)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from bot.ports import spans
from bot.ports.spans import Span
from bot.settings.sections.monitoring import TracesSettings

_KINDS: Mapping[spans.SpanKind, SpanKind] = {
    spans.SpanKind.SERVER: SpanKind.SERVER,
    spans.SpanKind.CLIENT: SpanKind.CLIENT,
    spans.SpanKind.CONSUMER: SpanKind.CONSUMER,
    spans.SpanKind.INTERNAL: SpanKind.INTERNAL,
}
_W3C = TraceContextTextMapPropagator()
_CARRIED = "traceparent"


@asynccontextmanager
async def exporting(settings: TracesSettings, version: str) -> AsyncIterator[None]:
    """Spans are exported while it is open; at the end those that wait go out, if the collector is
    there. A collector that is away costs the spans, and holds nothing up.
    """
    resource = Resource.create({"service.name": settings.service, "service.version": version})
    sampler = ParentBased(TraceIdRatioBased(settings.share))
    provider = TracerProvider(resource=resource, sampler=sampler)
    provider.add_span_processor(BatchSpanProcessor(_exporter(settings)))
    undo = spans.taken_by(_Tracer(provider.get_tracer("o365bot", version)))
    try:
        yield
    finally:
        undo()
        await asyncio.to_thread(provider.shutdown)


def _exporter(settings: TracesSettings) -> OTLPSpanExporter:
    secret = settings.authorization
    headers = {"Authorization": secret.get_secret_value().strip()} if secret else {}
    return OTLPSpanExporter(endpoint=settings.url, headers=headers, timeout=10)


class _Tracer:
    """Implements `bot.ports.spans.Tracer`."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def begin(self, name: str, kind: spans.SpanKind, parent: str) -> Iterator[Span]:
        # What went wrong is told by its type alone: messages may name people and addresses.
        with self._tracer.start_as_current_span(
            name,
            _W3C.extract({_CARRIED: parent}) if parent else context.get_current(),
            _KINDS[kind],
            record_exception=False,
            set_status_on_exception=False,
        ) as kept:
            try:
                yield _Noting(kept)
            except BaseException as error:
                kept.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def here(self) -> str:
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get(_CARRIED, "")


class _Noting:
    """Implements `bot.ports.spans.Span`."""

    def __init__(self, kept: trace.Span) -> None:
        self._kept = kept

    def note(self, name: str = "", **attributes: str | int) -> None:
        if name:
            self._kept.update_name(name)
        for key, value in attributes.items():
            self._kept.set_attribute(key.replace("_", "."), value)

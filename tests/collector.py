"""A collector of OpenTelemetry on loopback: takes spans by OTLP over HTTP, as protobuf."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving import served

PATH = "/v1/traces"


@dataclass
class Collector:
    """What came: each span, the whole of every request, and who said so."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    raw: bytes = b""
    authorization: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.raw += body
        self.authorization.add(request.headers.get("authorization", ""))
        for of in ExportTraceServiceRequest.FromString(body).resource_spans:
            told = {one.key: one.value.string_value for one in of.resource.attributes}
            self.services.add(told["service.name"])
            self.spans += [span for scope in of.scope_spans for span in scope.spans]
        answer = ExportTraceServiceResponse().SerializeToString()
        return Response(answer, media_type="application/x-protobuf")


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """For as long as it is open."""
    collector = Collector()
    app = Starlette(routes=[Route(PATH, collector.take, methods=["POST"])])
    async with served(lambda _: app) as url:
        collector.url = url + PATH
        yield collector


def attributes_of(span: Span) -> dict[str, str | int]:
    """By key."""
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}

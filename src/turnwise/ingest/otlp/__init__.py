"""OTLP over HTTP: protobuf and JSON, on every path that a known client posts to."""

from turnwise.ingest.otlp.answers import error_renderer, partial_success, render_error
from turnwise.ingest.otlp.decode import (
    Encoding,
    decode_traces,
    encoding_of,
)
from turnwise.ingest.otlp.routes import ERROR_RENDERER, OtlpReceiver, routes

__all__ = [
    "ERROR_RENDERER",
    "Encoding",
    "OtlpReceiver",
    "decode_traces",
    "encoding_of",
    "error_renderer",
    "partial_success",
    "render_error",
    "routes",
]

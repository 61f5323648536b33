"""OTLP over HTTP: protobuf and JSON, on every path that a known client posts to."""

from turnwise.ingest.otlp.decode import Encoding, count_records, decode_traces, encoding_of

__all__ = ["Encoding", "count_records", "decode_traces", "encoding_of"]

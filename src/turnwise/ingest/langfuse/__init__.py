"""Langfuse's own ways in: the ingestion batch, scores and media.

Spans of SDK 3 and later come over OTLP (`ingest.otlp`); this package is the whole data path of SDK
2 and of old JavaScript, and the score and media path of all versions.

Source: langfuse 5.0.4, 4.18.0, 3.15.0 and 2.60.10 (Python), requests as sent, 2026-11.
"""

from turnwise.ingest.langfuse.batches import LangfuseWrites
from turnwise.ingest.langfuse.media import LangfuseMedia

__all__ = ["LangfuseMedia", "LangfuseWrites"]

"""What LiveKit sends by itself: the agents' own upload, and the server's webhooks."""

from turnwise.ingest.livekit.document import OPERATIONS
from turnwise.ingest.livekit.upload import ERROR_RENDERER, OTLP_PATHS, CloudUpload
from turnwise.ingest.livekit.webhooks import Webhooks

__all__ = ["ERROR_RENDERER", "OPERATIONS", "OTLP_PATHS", "CloudUpload", "Webhooks"]

"""What LiveKit Agents upload by themselves: spans, logs, the session report and the recording."""

from turnwise.ingest.livekit_cloud.routes import ERROR_RENDERERS, CloudUpload

__all__ = ["ERROR_RENDERERS", "CloudUpload"]

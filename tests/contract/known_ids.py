"""Hooks of schemathesis: every second path names something that is there.

It reads the ids from the environment: a JSON object from `METHOD /path` to path parameters.
"""

import json
import os
from typing import Any

import schemathesis

_KNOWN: dict[str, dict[str, str]] = json.loads(os.environ.get("KNOWN_IDS", "{}"))

for media_type in ("audio/wav", "audio/flac", "audio/mpeg", "audio/ogg"):
    schemathesis.serializer.alias(media_type, "application/octet-stream")


@schemathesis.hook
def map_path_parameters(
    context: schemathesis.HookContext, path_parameters: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The generated parameters, or those of a thing that exists."""
    if context.operation is None or not path_parameters:
        return path_parameters
    known = _KNOWN.get(context.operation.label)
    if known is None or len(str(path_parameters)) % 2:
        return path_parameters
    return known

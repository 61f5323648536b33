"""Lengths that a user wrote into the metadata of a span, where its SDK has no attribute for them.

Langfuse and LangSmith know of no voice; their users note what a stage took under names like
`stt.final_latency_s` and `tts.ttfb_s`. A name counts that says the stage, what was measured, and
the unit. The metadata stay as they are.

Source: names as recorded from langfuse 3 to 5 (clients.md 2.2).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from turnwise.normalise.reading import Reading
from turnwise.normalise.values import flag, is_refused, milliseconds, seconds

_LENGTH = re.compile(
    r"(?:(?:stt|asr)[._-](?P<stt>(?:final[._-])?latency|ttfb|delay)"
    r"|llm[._-](?P<llm>ttft|ttfb|first[._-]token)"
    r"|tts[._-](?P<tts>ttfb|first[._-](?:byte|audio)))"
    r"[._-](?P<unit>s|sec|seconds|ms|milliseconds)",
    re.IGNORECASE,
)
_TARGETS = {"stt": "stt_ns", "llm": "llm_ttft_ns", "tts": "tts_ttfb_ns"}


def read_user_figures(reading: Reading, metadata: Mapping[str, Any]) -> None:
    """Fill in the lengths, and whether a turn was interrupted, that no attribute has told."""
    voice = reading.voice
    for name, value in metadata.items():
        if name == "interrupted" and (said := flag(value)) is not None:
            voice.setdefault("interrupted", said)
        found = _LENGTH.fullmatch(name)
        if found is None:
            continue
        convert: Callable[[Any], int | None] = (
            milliseconds if found["unit"].lower().startswith("m") else seconds
        )
        target = next(key for stage, key in _TARGETS.items() if found[stage] is not None)
        length = convert(value)
        if length is not None:
            voice.setdefault(target, length)
        elif is_refused(value):
            reading.refused.append(name)

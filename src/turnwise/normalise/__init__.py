"""Meaning: raw spans become observations. Pure; one table per vocabulary in `dialects`."""

from turnwise.normalise.logs import normalise_logs
from turnwise.normalise.pieces import complete_pieces
from turnwise.normalise.published import published_traces
from turnwise.normalise.runs import complete_run, normalise_runs
from turnwise.normalise.spans import is_langsmith, normalise_spans

__all__ = [
    "complete_pieces",
    "complete_run",
    "is_langsmith",
    "normalise_logs",
    "normalise_runs",
    "normalise_spans",
    "published_traces",
]

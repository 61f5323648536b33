"""Meaning: raw spans become observations. Pure; one table per vocabulary in `dialects`."""

from turnwise.normalise.pieces import complete_pieces
from turnwise.normalise.spans import normalise_spans

__all__ = ["complete_pieces", "normalise_spans"]

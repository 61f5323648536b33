"""Meaning: raw spans become observations. Pure; one table per vocabulary in `dialects`."""

from turnwise.normalise.spans import normalise_spans

__all__ = ["normalise_spans"]

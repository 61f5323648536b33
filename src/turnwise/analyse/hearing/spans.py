"""Arithmetic of stretches of time: lists of (start, end), ascending and apart from each other.

Any unit will do, as long as it is one.
"""

from collections.abc import Iterable, Sequence

import numpy
from numpy.typing import NDArray

Span = tuple[int, int]


def spans_of(mask: NDArray[numpy.bool_]) -> list[Span]:
    """Where a mask is true: first index, and the one behind the last."""
    edges = numpy.diff(mask.astype(numpy.int8), prepend=0, append=0)
    starts, ends = numpy.flatnonzero(edges == 1), numpy.flatnonzero(edges == -1)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def mask_of(spans: Iterable[Span], length: int) -> NDArray[numpy.bool_]:
    """True inside of the spans."""
    mask = numpy.zeros(length, numpy.bool_)
    for start, end in spans:
        mask[max(0, start) : max(0, end)] = True
    return mask


def merged(spans: Iterable[Span], gap: int) -> list[Span]:
    """One span in place of those that lie less than `gap` apart, or over each other."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start - found[-1][1] < max(gap, 1):
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def longer_than(spans: Iterable[Span], least: int) -> list[Span]:
    """Without the short ones."""
    return [span for span in spans if span[1] - span[0] >= least]


def overlap(first: Sequence[Span], second: Sequence[Span]) -> list[Span]:
    """Where both are."""
    found = []
    i = j = 0
    while i < len(first) and j < len(second):
        start, end = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if start < end:
            found.append((start, end))
        if first[i][1] <= second[j][1]:
            i += 1
        else:
            j += 1
    return found


def gaps(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """Where none is, between two instants."""
    found, at = [], start
    for first, last in spans:
        if first > at:
            found.append((at, min(first, end)))
        at = max(at, last)
    if at < end:
        found.append((at, end))
    return [span for span in found if span[0] < span[1]]


def total(spans: Iterable[Span]) -> int:
    """Their length together."""
    return sum(end - start for start, end in spans)

"""Which of two channels is the agent: by what each sounds like and, where known, by who spoke when.

Recorders disagree on the order: LiveKit, Pipecat and LangSmith put the caller first, Twilio the leg
that began the call. Source: voice.md 3.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy
from numpy.typing import NDArray

from turnwise.analyse.hearing.echo import Echo
from turnwise.analyse.hearing.frames import Heard, Mask
from turnwise.analyse.hearing.spans import Span, mask_of, merged, spans_of, total

_SILENT_DB = -85.0
_USUAL_AGENT = 1
_TURN_GAP = 60
_INSIDE = 10
_COARSE = 10
"""Frames of one step in the comparison with reported turns: 100 ms."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which channel the agent has, and whether that is beyond doubt."""

    agent: int
    is_certain: bool


def roles_of(
    heard: Sequence[Heard],
    masks: Sequence[Mask],
    echoes: Sequence[Echo | None],
    agent_turns: Sequence[Span],
) -> Roles:
    """Weigh the evidence for each of two channels.

    Args:
        heard: both channels.
        masks: where each has speech at first sight.
        echoes: of each channel in the other one.
        agent_turns: when the agent spoke as reported, in frames from any common instant.
    """
    weights = [0.0, 0.0]
    weights[_USUAL_AGENT] += 0.5
    _add(weights, [_agreement(mask, agent_turns) for mask in masks], least=0.15, weight=4.0)
    if not all(mask.any() for mask in masks):
        # With nobody to compare it with, one voice says nothing of whose it is.
        agent = int(weights[1] >= weights[0])
        return Roles(agent, weights[agent] - weights[1 - agent] > 1.0)
    _add(weights, [each.correlation if each else 0.0 for each in echoes], least=0.1, weight=2.0)
    # A synthetic voice falls back to digital silence, a line or a room does not.
    pauses = [each.levels[~mask] for each, mask in zip(heard, masks, strict=True)]
    _add(weights, [float((each < _SILENT_DB).mean()) for each in pauses], least=0.2, weight=1.5)
    floors = [-float(numpy.median(each)) if len(each) else 0.0 for each in pauses]
    _add(weights, floors, least=6.0, weight=0.5)
    _add(weights, [-_first(mask) for mask in masks], least=20.0, weight=0.75)
    turns = [merged(spans_of(mask), _TURN_GAP) for mask in masks]
    # An agent is built to fall silent when it is spoken to, and says more at a time.
    yields = [float(_yields(turns[n], turns[1 - n])) for n in range(2)]
    _add(weights, yields, least=2.0, weight=1.0)
    lengths = [log(max(1, total(each)) / max(1, len(each))) for each in turns]
    _add(weights, lengths, least=0.3, weight=0.3)
    agent = int(weights[1] >= weights[0])
    return Roles(agent, weights[agent] - weights[1 - agent] >= 0.5)


def _add(weights: list[float], evidence: Sequence[float], *, least: float, weight: float) -> None:
    """Count one observation for the channel that has more of it, if it is clearly more."""
    difference = evidence[1] - evidence[0]
    if abs(difference) >= least:
        weights[int(difference > 0)] += weight


def _first(mask: Mask) -> float:
    """The first frame of speech; behind the end when there is none."""
    spans = spans_of(mask)
    return float(spans[0][0]) if spans else float(len(mask))


def _yields(own: Sequence[Span], others: Sequence[Span]) -> int:
    """How often one stops within the words of another who began while this one spoke."""
    return sum(
        any(start < first and first + _INSIDE < end < last - _INSIDE for first, last in others)
        for start, end in own
    )


def _agreement(mask: Mask, turns: Sequence[Span]) -> float:
    """How much of the reported speech meets speech of this channel at the best shift, less chance."""
    if not turns or not mask.any():
        return 0.0
    first, last = min(start for start, _ in turns), max(end for _, end in turns)
    reported = mask_of([(start - first, end - first) for start, end in turns], last - first)
    said, meant = _coarse(mask), _coarse(reported)
    size = 1 << (len(said) + len(meant)).bit_length()
    product = numpy.fft.rfft(said, size) * numpy.conj(numpy.fft.rfft(meant, size))
    matches = numpy.fft.irfft(product, size)
    return float(matches.max() / max(1.0, meant.sum()) - said.mean())


def _coarse(mask: Mask) -> NDArray[numpy.float64]:
    whole = len(mask) // _COARSE * _COARSE
    steps: NDArray[numpy.float64] = mask[:whole].reshape(-1, _COARSE).mean(axis=1).round()
    return steps

"""Silero VAD in NumPy: how likely each piece of sound is speech, whatever the noise around it.

The network is that of Silero VAD 6 (MIT, see silero/ORIGIN.md): magnitudes of four short-time
spectra, four convolutions, one LSTM cell. The spectra and convolutions of many pieces are computed
together; only the LSTM goes step by step. Probabilities equal those of the ONNX model within 1e-4.
"""

from collections.abc import Iterator
from importlib import resources
from typing import Any

import numpy
from numpy.typing import NDArray

from turnwise.analyse.hearing.resampling import Resampler

Samples = NDArray[numpy.float32]

RATE = 16_000
PIECE = 512
"""Samples that one probability is about: 32 ms."""
PIECE_SECONDS = PIECE / RATE
_CONTEXT = 64
_WINDOW = 256
_HOP = 128
_STRIDES = (1, 2, 2, 1)
_TOGETHER = 256
"""Pieces whose spectra are held at a time: 8 s."""


class SpeechDetector:
    """Probabilities of speech for one channel that comes in blocks.

    Args:
        rate: samples per second of what comes in.
    """

    def __init__(self, rate: int):
        self._weights = _load()
        self._resampler = Resampler(rate, RATE)
        self._held = numpy.zeros(_CONTEXT, numpy.float32)
        self._hidden = numpy.zeros(128, numpy.float32)
        self._cell = numpy.zeros(128, numpy.float32)

    def listen(self, block: Samples) -> Samples:
        """The probabilities of the pieces that this block completes."""
        return self._take(self._resampler.resample(block))

    def finish(self) -> Samples:
        """The probabilities of what is left, silence added up to a whole piece."""
        rest = self._resampler.finish()
        missing = -(len(self._held) - _CONTEXT + len(rest)) % PIECE
        return self._take(numpy.concatenate([rest, numpy.zeros(missing, numpy.float32)]))

    def _take(self, samples: Samples) -> Samples:
        self._held = numpy.concatenate([self._held, samples])
        found = [self._probabilities(pieces) for pieces in self._pieces()]
        return numpy.concatenate(found) if found else numpy.zeros(0, numpy.float32)

    def _pieces(self) -> Iterator[Samples]:
        """Whole pieces, each with the samples before it, some at a time."""
        while (count := (len(self._held) - _CONTEXT) // PIECE) > 0:
            count = min(count, _TOGETHER)
            views = numpy.lib.stride_tricks.sliding_window_view(self._held, _CONTEXT + PIECE)
            yield views[: count * PIECE : PIECE]
            self._held = self._held[count * PIECE :]

    def _probabilities(self, pieces: Samples) -> Samples:
        weights = self._weights
        features = _spectra(pieces)
        for layer, stride in enumerate(_STRIDES):
            kernel, bias = weights[f"encoder{layer}_weight"], weights[f"encoder{layer}_bias"]
            features = _convolve(features, kernel, bias, stride)
        gates_in = features[:, 0] @ weights["weight_ih"].T + weights["bias_ih"] + weights["bias_hh"]
        states = self._recur(gates_in, weights["weight_hh"])
        scores = numpy.maximum(states, 0) @ weights["out_weight"][0, :, 0] + weights["out_bias"][0]
        likely: Samples = _sigmoid(scores)
        return likely

    def _recur(self, gates_in: Samples, weight_hh: Samples) -> Samples:
        """The LSTM: gates in the order input, forget, cell, output."""
        states = numpy.empty((len(gates_in), 128), numpy.float32)
        hidden, cell = self._hidden, self._cell
        for step, given in enumerate(gates_in):
            gates = given + weight_hh @ hidden
            opened = _sigmoid(gates)
            cell = opened[128:256] * cell + opened[:128] * numpy.tanh(gates[256:384])
            hidden = opened[384:] * numpy.tanh(cell)
            states[step] = hidden
        self._hidden, self._cell = hidden, cell
        return states


def _load() -> dict[str, Samples]:
    file = resources.files(__package__) / "silero" / "weights.npz"
    with file.open("rb") as stream, numpy.load(stream) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _spectra(pieces: Samples) -> Samples:
    """Magnitudes: (pieces, 4 spectra, 129 bins)."""
    mirrored = pieces[:, -2 : -_CONTEXT - 2 : -1]
    padded = numpy.concatenate([pieces, mirrored], axis=1)
    frames = numpy.lib.stride_tricks.sliding_window_view(padded, _WINDOW, axis=1)[:, ::_HOP]
    window = numpy.hanning(_WINDOW + 1)[:-1].astype(numpy.float32)
    return numpy.abs(numpy.fft.rfft(frames * window, axis=2)).astype(numpy.float32)


def _convolve(features: Samples, kernel: Samples, bias: Samples, stride: int) -> Samples:
    """A convolution over time with one frame of zeros at both ends, and the positive part of it."""
    padded = numpy.pad(features, ((0, 0), (1, 1), (0, 0)))
    views = numpy.lib.stride_tricks.sliding_window_view(padded, 3, axis=1)[:, ::stride]
    flat = views.reshape(*views.shape[:2], -1)
    result: Samples = flat @ kernel.reshape(len(kernel), -1).T + bias
    return numpy.maximum(result, 0)


def _sigmoid(values: Samples) -> Any:
    return 1 / (1 + numpy.exp(-values))

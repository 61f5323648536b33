"""The network in NumPy against what the ONNX model said of the same sound."""

from typing import Any

import numpy
import pytest

from tests.speech import syllables
from turnwise.analyse.hearing.neural import PIECE, SpeechDetector

# Recorded with onnxruntime 1.31.1 and silero_vad.onnx of the wheel 6.2.3.
REFERENCE = [
    0.00167,
    0.00688,
    0.00891,
    0.00786,
    0.00591,
    0.00596,
    0.00585,
    0.00564,
    0.00543,
    0.31543,
    0.73856,
    0.74195,
    0.62588,
    0.55072,
    0.50337,
    0.28212,
    0.15482,
    0.11951,
    0.21004,
    0.61349,
    0.87844,
    0.95509,
    0.96525,
    0.97223,
    0.96774,
    0.95028,
    0.90075,
    0.85475,
    0.94033,
    0.88237,
    0.77497,
    0.66282,
    0.67982,
    0.5901,
    0.52919,
    0.57433,
    0.66709,
    0.5393,
    0.51276,
    0.59039,
    0.51468,
    0.50391,
    0.43877,
    0.32852,
    0.38192,
    0.31834,
    0.39471,
    0.76816,
    0.69389,
    0.49994,
    0.51292,
    0.35425,
    0.23958,
    0.20452,
    0.1607,
    0.13353,
    0.11504,
    0.10849,
    0.1076,
    0.07787,
    0.05965,
    0.05927,
    0.33229,
    0.71547,
    0.58,
    0.51946,
    0.42504,
    0.32864,
    0.24484,
    0.23058,
    0.3012,
    0.26215,
    0.44695,
    0.53133,
    0.48021,
    0.5011,
    0.45518,
    0.47523,
    0.04226,
    0.01209,
    0.01053,
    0.00995,
    0.00827,
    0.00669,
]


def _sound() -> numpy.typing.NDArray[numpy.float32]:
    rng = numpy.random.default_rng(5)
    parts: list[numpy.typing.NDArray[Any]] = [
        numpy.zeros(4_800),
        syllables(1.2, 16_000, 140),
        0.02 * rng.standard_normal(8_000),
        0.3 * syllables(0.5, 16_000, 210, 3),
        numpy.zeros(3_200),
    ]
    sound = numpy.concatenate(parts).astype(numpy.float32)
    return sound[: len(sound) // PIECE * PIECE]


@pytest.mark.parametrize("block", [333, 4_000, 1_000_000])
def test_it_says_what_the_model_says_in_blocks_of_any_size(block: int) -> None:
    sound, detector = _sound(), SpeechDetector(16_000)
    found = [detector.listen(sound[at : at + block]) for at in range(0, len(sound), block)]
    likely = numpy.concatenate([*found, detector.finish()])
    assert numpy.allclose(likely, REFERENCE, atol=1e-4)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_other_rates_give_as_many_probabilities(rate: int) -> None:
    detector = SpeechDetector(rate)
    likely = numpy.concatenate([detector.listen(syllables(2, rate, 140)), detector.finish()])
    assert len(likely) == pytest.approx(2 * 16_000 / PIECE, abs=1)
    assert likely.max() > 0.25

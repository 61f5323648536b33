import numpy
import pytest

from turnwise.analyse.hearing.resampling import Resampler


@pytest.mark.parametrize("block", [97, 5_000, 100_000])
@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000])
def test_a_tone_stays_the_same_tone_at_any_block_size(rate: int, block: int) -> None:
    tone = numpy.sin(2 * numpy.pi * 700 * numpy.arange(rate) / rate).astype(numpy.float32)
    resampler = Resampler(rate, 16_000)
    parts = [resampler.resample(tone[at : at + block]) for at in range(0, len(tone), block)]
    found = numpy.concatenate([*parts, resampler.finish()])
    expected = numpy.sin(2 * numpy.pi * 700 * numpy.arange(len(found)) / 16_000)
    assert len(found) == pytest.approx(16_000, abs=1)
    assert numpy.abs(found - expected)[300:-300].max() < 1e-3


def test_what_the_target_cannot_hold_is_taken_out() -> None:
    tone = numpy.sin(2 * numpy.pi * 11_000 * numpy.arange(48_000) / 48_000).astype(numpy.float32)
    assert numpy.abs(Resampler(48_000, 16_000).resample(tone)[500:-500]).max() < 0.01

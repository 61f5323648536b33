"""Calls as two-channel recordings: the caller on the left, the agent on the right, both synthetic.

What is known of a recording is exact: every utterance is trimmed to where it rises above and falls
below 45 dB under its loudest moment, and put where the timeline of its call says.
"""

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy
import soundfile
from numpy.typing import NDArray

from bench.diagnosis_world.call import Call, Reply
from bench.diagnosis_world.timeline import Span, Timeline, Times, lay_out

Sound = NDArray[numpy.float64]

RATE = 8_000
ESPEAK = "espeak-ng"
_FRAME = RATE // 100
_BELOW_PEAK_DB = 45.0
_LEVEL = 0.25
_CALLERS = ("en-us+m3", "en-gb+f2", "en-gb-scotland+m1", "en-us+f4")
_AGENTS = ("en-us+f3", "en-gb+m7")
_ECHO_SECONDS = 0.12
_AGREES_BEFORE_END = 2.0
"""Seconds that an agent goes on at least after an "mhm"."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A call and its sound, one row per channel."""

    call: Call
    line: Timeline
    sound: Sound


def has_voice() -> bool:
    """Whether there is a synthesiser."""
    return shutil.which(ESPEAK) is not None


def render(call: Call, number: int) -> Recording:
    """The recording of a call; its timeline is that of the synthetic voices."""
    caller, agent = _CALLERS[number % len(_CALLERS)], _AGENTS[number % len(_AGENTS)]
    for exchange in call.exchanges:
        if exchange.speech is not None:
            exchange.speech.seconds = len(_say(caller, exchange.speech.text)) / RATE
        if exchange.reply is not None:
            exchange.reply.seconds = len(_say(agent, exchange.reply.text)) / RATE
            if exchange.reply.filler is not None:
                exchange.reply.filler_seconds = len(_say(agent, exchange.reply.filler)) / RATE
    _fit_overlaps(call)
    line = lay_out(call)
    sound = numpy.zeros((2, round((line.end + 1) * RATE)))
    for exchange, times in zip(call.exchanges, line.exchanges, strict=True):
        if exchange.speech is not None and times.spoken is not None:
            _put(sound[0], _say(caller, exchange.speech.text), times.spoken)
        if exchange.reply is not None and times.heard:
            _put_reply(sound, exchange.reply, times, caller, agent)
    return Recording(call, line, sound)


def _put_reply(sound: Sound, reply: Reply, times: Times, caller: str, agent: str) -> None:
    if reply.filler is not None and times.filler is not None:
        _put(sound[1], _say(agent, reply.filler), times.filler)
    _put(sound[1], _say(agent, reply.text), times.heard[0])
    if reply.backchannel is not None:
        start = times.heard[0].start + reply.backchannel[0]
        _put(sound[0], _say(caller, "mhm"), Span(start, start + sum(reply.backchannel)))


def _fit_overlaps(call: Call) -> None:
    """Nobody cuts in after the agent has finished, or agrees with what is nearly over.

    How long the words are is known only now. An "mhm" close to the end would look like somebody
    who cuts in.
    """
    for index, exchange in enumerate(call.exchanges[:-1]):
        following = call.exchanges[index + 1].speech
        reply = exchange.reply
        if reply is not None and reply.backchannel is not None:
            length = reply.backchannel[1]
            is_early = reply.seconds > _AGREES_BEFORE_END + 1
            reply.backchannel = (0.9, length) if is_early else None
        if reply is None or reply.cut is None or following is None or following.into is None:
            continue
        following.into = min(following.into, max(0.3, reply.seconds - reply.cut - 0.5))


def _put(channel: Sound, said: Sound, where: Span) -> None:
    start = round(where.start * RATE)
    length = min(len(said), round((where.end - where.start) * RATE), len(channel) - start)
    channel[start : start + length] += said[:length]


@cache
def _say(voice: str, text: str) -> Sound:
    command = [ESPEAK, "-v", voice, "--stdout", text]
    made = subprocess.run(command, capture_output=True, check=True)
    sound, rate = soundfile.read(io.BytesIO(made.stdout))
    return _trimmed(_resampled(sound, rate))


def _resampled(sound: Sound, rate: int) -> Sound:
    """The sound at 8 kHz, without what lies above 3.6 kHz."""
    spectrum = numpy.fft.rfft(sound)
    frequency = numpy.fft.rfftfreq(len(sound), 1 / rate)
    spectrum[frequency > 3_600] = 0
    filtered = numpy.fft.irfft(spectrum, len(sound))
    at = numpy.arange(round(len(sound) * RATE / rate)) * (rate / RATE)
    made: Sound = numpy.interp(at, numpy.arange(len(sound)), filtered)
    return made


def _trimmed(sound: Sound) -> Sound:
    frames = sound[: len(sound) // _FRAME * _FRAME].reshape(-1, _FRAME)
    level = numpy.sqrt((frames**2).mean(axis=1)) + 1e-9
    loud = numpy.flatnonzero(20 * numpy.log10(level / level.max()) > -_BELOW_PEAK_DB)
    cut = sound[loud[0] * _FRAME : (loud[-1] + 1) * _FRAME]
    made: Sound = cut * (_LEVEL / numpy.abs(cut).max())
    return made


def clean(sound: Sound, rng: numpy.random.Generator) -> Sound:
    """As it is."""
    return sound


def echo(sound: Sound, rng: numpy.random.Generator) -> Sound:
    """The agent comes back on the caller's channel, 20 dB quieter and 120 ms later."""
    late = round(_ECHO_SECONDS * RATE)
    heard = sound.copy()
    heard[0, late:] += 0.1 * sound[1, :-late]
    return heard


def noise_20(sound: Sound, rng: numpy.random.Generator) -> Sound:
    """Pink noise on the caller's channel, 20 dB below their speech."""
    return _noisy(sound, rng, 20)


def noise_10(sound: Sound, rng: numpy.random.Generator) -> Sound:
    """Pink noise on the caller's channel, 10 dB below their speech."""
    return _noisy(sound, rng, 10)


def _noisy(sound: Sound, rng: numpy.random.Generator, below_db: float) -> Sound:
    length = sound.shape[1]
    spectrum = numpy.fft.rfft(rng.standard_normal(length))
    spectrum /= numpy.sqrt(numpy.maximum(1, numpy.arange(len(spectrum))))
    noise = numpy.fft.irfft(spectrum, length)
    speech = sound[0][numpy.abs(sound[0]) > _LEVEL / 100]
    wanted = numpy.sqrt((speech**2).mean()) * 10 ** (-below_db / 20)
    heard = sound.copy()
    heard[0] += noise * (wanted / numpy.sqrt((noise**2).mean()))
    return heard


CONDITIONS: dict[str, Callable[[Sound, numpy.random.Generator], Sound]] = {
    "clean": clean,
    "echo -20 dB": echo,
    "noise 20 dB": noise_20,
    "noise 10 dB": noise_10,
}
"""What happens to the sound on its way; all are 8 kHz mu-law afterwards."""


def write(path: Path, sound: Sound) -> None:
    """An 8 kHz mu-law file, as telephone carriers keep it."""
    soundfile.write(path, numpy.clip(sound.T, -1, 1), RATE, format="WAV", subtype="ULAW")

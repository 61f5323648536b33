"""Telephone calls of two channels with exactly known timings, spoken by espeak-ng.

The caller is on the first channel, the agent on the second. What is true is taken from each clean
utterance before anything is added to it: it begins and ends 45 dB below its own peak. Nothing here
knows the limits of the analysis.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy
import soundfile

RATE = 16_000

AGENT_LINES = (
    "Hello, thank you for calling the clinic. How can I help you today?",
    "I can help you with that. May I have your date of birth, please?",
    "Let me look that up for you, it will only take a moment.",
    "The next free appointment is on Tuesday at ten in the morning, would that work for you?",
    "I have found your booking, it is for two people on the fourth of May at half past seven.",
    "Is there anything else that I can do for you?",
    "I am sorry, I did not catch that. Could you say it once more?",
    "Your order was sent yesterday and should arrive by the end of the week, between nine and five.",
)
USER_LINES = (
    "I would like to change my appointment.",
    "Yes.",
    "It is the third of June, nineteen eighty two.",
    "Tuesday is fine, but can we make it a little later?",
    "Could you send me a confirmation by mail?",
    "No, that is all, thank you.",
    "What does it cost?",
    "My order has not arrived, and I have been waiting for more than a week now.",
)
CUTS = (
    "Wait, stop, that is the wrong day.",
    "Sorry, I meant the other account.",
    "No no, hold on a second.",
)
NODS = ("Mhm.", "Okay.", "Right.")
AGENT_VOICES = ("en-us", "en-gb-scotland", "en-us+f3", "en+f2")
USER_VOICES = ("en+m3", "en-us+m7", "en+f4", "en-gb-x-rp+m1", "en+f1")


@dataclass(slots=True)
class Call:
    """What is heard and what is true; seconds since the start."""

    samples: numpy.ndarray
    agent: list[tuple[float, float]] = field(default_factory=list)
    user: list[tuple[float, float]] = field(default_factory=list)
    responses: list[tuple[float, float]] = field(default_factory=list)
    """End of the caller's words, onset of the agent's."""
    cuts: list[tuple[float, float]] = field(default_factory=list)
    """Onset of the caller, silence of the agent."""
    nods: list[float] = field(default_factory=list)
    dead_air: list[tuple[float, float]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


def is_available() -> bool:
    return shutil.which("espeak-ng") is not None


@cache
def spoken(text: str, voice: str, speed: int) -> numpy.ndarray:
    """One utterance, trimmed to where it is 45 dB below its peak, at a peak of 1."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.wav"
        command = ["espeak-ng", "-v", voice, "-s", str(speed), "-w", str(file), text]
        subprocess.run(command, check=True, capture_output=True)
        samples, rate = soundfile.read(file, dtype="float32")
    length = round(len(samples) * RATE / rate)
    spectrum = numpy.fft.rfft(samples)
    kept = spectrum[: length // 2 + 1] if length < len(samples) else spectrum
    samples = numpy.fft.irfft(kept, length) * (length / len(samples))
    samples = samples / numpy.abs(samples).max()
    window = RATE // 200
    power = numpy.convolve(samples**2, numpy.ones(window) / window, mode="same")
    audible = numpy.flatnonzero(power > power.max() * 10**-4.5)
    return numpy.asarray(samples[audible[0] : audible[-1] + 1], dtype=numpy.float32)


def _whole_words(sound: numpy.ndarray) -> numpy.ndarray:
    """Without what is inaudible at the end, or only the beginning of a sound after a pause."""
    audible = numpy.flatnonzero(numpy.abs(sound) > 10**-1.5)
    pauses = numpy.flatnonzero(numpy.diff(audible) > 0.15 * RATE)
    if len(pauses) and audible[-1] - audible[pauses[-1] + 1] < 0.3 * RATE:
        return sound[: audible[pauses[-1]] + 1]
    return sound[: audible[-1] + 1]


class _Stage:
    def __init__(self, rng: numpy.random.Generator):
        self.rng = rng
        self.pieces: list[tuple[int, float, numpy.ndarray]] = []
        self.call = Call(numpy.zeros((0, 2), numpy.float32))
        self.now = float(rng.uniform(0.3, 1.0))
        self.voices = (str(rng.choice(USER_VOICES)), str(rng.choice(AGENT_VOICES)))
        self.gains = (float(rng.uniform(0.15, 0.5)), float(rng.uniform(0.3, 0.6)))

    def say(self, channel: int, text: str, at: float, cut_at: float | None = None) -> float:
        """Put an utterance on a channel; returns when it ends."""
        sound = spoken(text, self.voices[channel], 165 if channel else 175)
        if cut_at is not None:
            sound = sound[: max(1, round((cut_at - at) * RATE))].copy()
            fade = min(len(sound), RATE // 100)
            sound[-fade:] *= numpy.linspace(1, 0, fade)
            sound = _whole_words(sound)
        self.pieces.append((channel, at, sound * self.gains[channel]))
        end = at + len(sound) / RATE
        (self.call.agent if channel else self.call.user).append((at, end))
        return end

    def gap(self, median: float, sigma: float) -> float:
        return float(median * numpy.exp(self.rng.normal(0, sigma)))

    def finish(self) -> Call:
        length = round((self.now + 1.0) * RATE)
        samples = numpy.zeros((length, 2), numpy.float32)
        for channel, at, sound in self.pieces:
            first = round(at * RATE)
            samples[first : first + len(sound), channel] += sound[: length - first]
        self.call.samples = samples
        return self.call


def make_call(seed: int, exchanges: int = 14) -> Call:
    """A call in which the caller answers, cuts in and nods, and the agent is now and then slow."""
    rng = numpy.random.default_rng(seed)
    stage, call = _Stage(rng), None
    call = stage.call
    end = stage.say(1, AGENT_LINES[0], stage.now)
    for _ in range(exchanges):
        user_at = end + max(0.25, stage.gap(0.7, 0.5))
        if user_at - end >= 3.0:
            call.dead_air.append((end, user_at))
        user_end = stage.say(0, str(rng.choice(USER_LINES)), user_at)
        latency = (
            3.5 + stage.gap(1.0, 0.5) if rng.random() < 0.08 else max(0.3, stage.gap(0.9, 0.4))
        )
        agent_at = user_end + latency
        if latency >= 3.0:
            call.dead_air.append((user_end, agent_at))
        call.responses.append((user_end, agent_at))
        text, what = str(rng.choice(AGENT_LINES)), rng.random()
        length = len(spoken(text, stage.voices[1], 165)) / RATE
        if what < 0.22 and length > 3.0:
            onset = agent_at + float(rng.uniform(0.8, length - 1.6))
            silent = stage.say(1, text, agent_at, onset + float(rng.uniform(0.25, 1.0)))
            onset = min(onset, silent - 0.2)
            cut_end = stage.say(0, str(rng.choice(CUTS)), onset)
            call.cuts.append((onset, silent))
            answer = cut_end + max(0.3, stage.gap(0.9, 0.4))
            call.responses.append((cut_end, answer))
            end = stage.say(1, str(rng.choice(AGENT_LINES)), answer)
        elif what < 0.34 and length > 3.8:
            end = stage.say(1, text, agent_at)
            nod = agent_at + float(rng.uniform(0.8, length - 2.6))
            stage.say(0, str(rng.choice(NODS)), nod)
            call.nods.append(nod)
        else:
            end = stage.say(1, text, agent_at)
    stage.now = end
    return stage.finish()


# --- what a line does to it -----------------------------------------------------------------------


def telephone(samples: numpy.ndarray) -> tuple[numpy.ndarray, int]:
    """8 kHz, band-limited, ready for mu-law."""
    spectrum = numpy.fft.rfft(samples, axis=0)
    hertz = numpy.fft.rfftfreq(len(samples), 1 / RATE)
    # Gentle edges: an ideal filter would ring for half a second before every word.
    low = numpy.clip((hertz - 150) / 150, 0, 1)
    high = numpy.clip((3_800 - hertz) / 500, 0, 1)
    spectrum *= (numpy.sin(numpy.pi / 2 * numpy.minimum(low, high)) ** 2)[:, None]
    return numpy.fft.irfft(spectrum, len(samples), axis=0)[::2].astype(numpy.float32), RATE // 2


def with_noise(samples: numpy.ndarray, snr_db: float, seed: int) -> numpy.ndarray:
    """Pink noise on the caller's channel, so far below the mean power of its speech."""
    rng = numpy.random.default_rng(seed)
    spectrum = numpy.fft.rfft(rng.standard_normal(len(samples)))
    spectrum /= numpy.sqrt(numpy.maximum(1, numpy.arange(len(spectrum))))
    return _added(samples, numpy.fft.irfft(spectrum, len(samples)), snr_db)


def with_babble(
    samples: numpy.ndarray, snr_db: float, seed: int, talkers: int = 6
) -> numpy.ndarray:
    """Other people in the caller's room, talking without end."""
    rng = numpy.random.default_rng(seed)
    babble = numpy.zeros(len(samples), numpy.float32)
    for _ in range(talkers):
        at, voice = -int(rng.integers(0, 3 * RATE)), str(rng.choice(USER_VOICES + AGENT_VOICES))
        while at < len(samples):
            sound = spoken(str(rng.choice(USER_LINES + AGENT_LINES)), voice, 170)
            part = sound[max(0, -at) :][: len(samples) - max(0, at)]
            babble[max(0, at) : max(0, at) + len(part)] += part
            at += len(sound) + int(rng.uniform(0.1, 0.6) * RATE)
    return _added(samples, babble, snr_db)


def with_echo(samples: numpy.ndarray, gain_db: float, delay_ms: float = 120.0) -> numpy.ndarray:
    """The agent's voice comes back on the caller's channel."""
    delay = round(delay_ms * RATE / 1000)
    changed = samples.copy()
    changed[delay:, 0] += samples[:-delay, 1] * 10 ** (gain_db / 20)
    return changed


def with_room(samples: numpy.ndarray, seed: int) -> numpy.ndarray:
    """A loudspeaker in a room: an echo of -20 dB with 300 ms of reverberation, and some noise."""
    rng = numpy.random.default_rng(seed)
    tail = rng.standard_normal(round(0.3 * RATE)) * 10 ** (
        -3 * numpy.arange(round(0.3 * RATE)) / (0.3 * RATE)
    )
    tail[0] = 4.0
    tail /= numpy.sqrt((tail**2).sum())
    size = len(samples) + len(tail)
    echo = numpy.fft.irfft(numpy.fft.rfft(samples[:, 1], size) * numpy.fft.rfft(tail, size), size)
    shifted = samples.copy()
    shifted[:, 1] = echo[: len(samples)]
    changed = samples.copy()
    changed[:, 0] = with_echo(shifted, -20.0, 180.0)[:, 0]
    return with_noise(changed, 35.0, seed)


def _added(samples: numpy.ndarray, noise: numpy.ndarray, snr_db: float) -> numpy.ndarray:
    voice = samples[:, 0]
    power = float((voice[numpy.abs(voice) > 1e-4] ** 2).mean())
    changed = samples.copy()
    changed[:, 0] += noise * numpy.sqrt(power / (noise**2).mean() / 10 ** (snr_db / 10))
    return changed

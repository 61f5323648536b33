"""Fake devices for LiveKit Agents: a microphone, a loudspeaker, captions, VAD.

They play in real time and in process. Speech is a tone, silence is zero; so the VAD and the STT
need only look at a frame's first sample.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents import vad
from livekit.agents.voice import io
from script import (
    AGENT_RATE,
    CALLER_RATE,
    CALLER_S_PER_CHAR,
    FRAME_S,
    LOUD,
)

CALLER_HZ = 400
AGENT_HZ = 200


def tone(seconds: float, rate: int, value: int) -> rtc.AudioFrame:
    """A square wave, so that a recording has something to hear; its first sample is `value`."""
    samples = max(1, round(seconds * rate))
    half = rate // (CALLER_HZ if rate == CALLER_RATE else AGENT_HZ) // 2
    period = array("h", [value] * half + [-value] * half)
    wave = period * (samples // len(period) + 1)
    return rtc.AudioFrame(
        data=wave[:samples].tobytes(),
        sample_rate=rate,
        num_channels=1,
        samples_per_channel=samples,
    )


def is_loud(frame: rtc.AudioFrame) -> bool:
    return bool(frame.data[0])


class Caller(io.AudioInput):
    """The microphone: silence, until the script says something."""

    def __init__(self) -> None:
        super().__init__(label="fake-microphone")
        self._silence = tone(FRAME_S, CALLER_RATE, 0)
        self._speech = tone(FRAME_S, CALLER_RATE, LOUD)
        self._frames_left = 0
        self._pause_left = 0
        self._onset_due = False
        self._done = asyncio.Event()
        self._clock: float | None = None
        self.said: deque[str | None] = deque()
        """What the STT will recognise next; None is a noise without words."""
        self.onsets: list[float] = []

    async def say(self, text: str, *, after: float = 0.25) -> None:
        """Speak `text` after a short silence; returns when its last frame was sent."""
        await self._sound(text, len(text) * CALLER_S_PER_CHAR, after)

    async def cough(self, seconds: float) -> None:
        """Make a noise that the VAD takes for speech and the STT for nothing."""
        await self._sound(None, seconds, 0.0)

    async def _sound(self, text: str | None, seconds: float, after: float) -> None:
        self.said.append(text)
        self._done.clear()
        self._onset_due = True
        self._pause_left = round(after / FRAME_S)
        self._frames_left = max(1, round(seconds / FRAME_S))
        await self._done.wait()

    async def __anext__(self) -> rtc.AudioFrame:
        now = time.monotonic()
        self._clock = max(self._clock or now, now - 0.1) + FRAME_S
        await asyncio.sleep(max(0.0, self._clock - now))
        if self._pause_left or not self._frames_left:
            self._pause_left = max(0, self._pause_left - 1)
            return self._silence
        if self._onset_due:
            self._onset_due = False
            self.onsets.append(time.time() - FRAME_S)
        self._frames_left -= 1
        if not self._frames_left:
            self._done.set()
        return self._speech


@dataclass
class Played:
    """One stretch of agent speech, as it came out of the loudspeaker."""

    started_at: float
    stopped_at: float | None = None
    position: float = 0.0
    interrupted: bool = False
    pauses: list[tuple[float, float]] = field(default_factory=list)
    """Each silence that it came back from: when it fell silent, and what had been played."""


class Loudspeaker(io.AudioOutput):
    """Plays at the speed of sound; a room's output can pause, an avatar's often cannot."""

    def __init__(self, *, pause: bool = True) -> None:
        super().__init__(
            label="fake-loudspeaker",
            capabilities=io.AudioOutputCapabilities(pause=pause),
            sample_rate=AGENT_RATE,
        )
        self.played: list[Played] = []
        self._current: Played | None = None
        self._pushed = 0.0
        self._position = 0.0
        self._resumed_at: float | None = None
        self._cleared = False
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Take a frame; the first of a segment starts it."""
        await super().capture_frame(frame)
        if self._current is None:
            self._start()
        self._pushed += frame.duration

    def _start(self) -> None:
        now = time.time()
        self._current = Played(started_at=now)
        self.played.append(self._current)
        self._pushed = self._position = 0.0
        self._resumed_at = now
        self._cleared = False
        self._changed.set()
        self.on_playback_started(created_at=now)

    def position(self) -> float:
        """How much of the current segment has been heard."""
        running = 0.0 if self._resumed_at is None else time.time() - self._resumed_at
        return min(self._pushed, self._position + running)

    async def reached(self, count: int, position: float) -> None:
        """Wait until segment number `count` has played `position` seconds."""
        while len(self.played) < count or self.position() < position:
            await self._change(position - self.position() if self._current else None)

    def flush(self) -> None:
        """No more frames for this segment: it ends when it has been heard, or was cleared."""
        super().flush()
        if self._current is not None:
            task = asyncio.create_task(self._finish(self._current))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def clear_buffer(self) -> None:
        """Fall silent at once."""
        if self._current is None:
            return
        if not self._cleared and self._current.stopped_at is None:
            self._position = self.position()
            self._resumed_at = None
            self._current.stopped_at = time.time()
        self._cleared = True
        self._changed.set()

    def pause(self) -> None:
        """Hold the playback."""
        super().pause()
        if self._current is not None and self._resumed_at is not None:
            self._position = self.position()
            self._resumed_at = None
            self._current.stopped_at = time.time()
            self._changed.set()

    def resume(self) -> None:
        """Go on after a pause."""
        super().resume()
        if self._current is not None and self._resumed_at is None and not self._cleared:
            self._resumed_at = time.time()
            if self._current.stopped_at is not None:
                self._current.pauses.append((self._current.stopped_at, self._position))
            self._current.stopped_at = None
            self._changed.set()

    async def _finish(self, segment: Played) -> None:
        while not self._cleared and self.position() < self._pushed - 1e-3:
            await self._change(self._pushed - self.position())
        segment.position = self.position()
        segment.interrupted = self._cleared
        segment.stopped_at = segment.stopped_at or time.time()
        if self._current is segment:
            self._current = None
        self.on_playback_finished(
            playback_position=segment.position, interrupted=segment.interrupted
        )

    async def _change(self, at_most: float | None) -> None:
        self._changed.clear()
        running = self._resumed_at is not None
        with contextlib.suppress(asyncio.TimeoutError):
            limit = max(0.001, at_most) if running and at_most is not None else None
            await asyncio.wait_for(self._changed.wait(), limit)


class Captions(io.TextOutput):
    """Where the transcript synchronizer leaves the text."""

    def __init__(self) -> None:
        super().__init__(label="fake-captions", next_in_chain=None)

    async def capture_text(self, text: str) -> None:
        """Forget it."""

    def flush(self) -> None:
        """Nothing is held back."""


class FakeVAD(vad.VAD):
    """Sees speech after two frames, and its end after five silent ones."""

    START_FRAMES = 2
    END_FRAMES = 5

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=FRAME_S))

    @property
    def model(self) -> str:
        return "silero"

    @property
    def provider(self) -> str:
        return "ONNX"

    def stream(self) -> vad.VADStream:
        """A new detector."""
        return _VADStream(self)


class _VADStream(vad.VADStream):
    async def _main_task(self) -> None:
        self._samples = self._loud = self._quiet = 0
        self._speaking = False
        async for item in self._input_ch:
            if isinstance(item, rtc.AudioFrame):
                self._hear(item)

    def _hear(self, frame: rtc.AudioFrame) -> None:
        self._samples += frame.samples_per_channel
        if is_loud(frame):
            self._loud, self._quiet = self._loud + 1, 0
        else:
            self._loud, self._quiet = self._loud * self._speaking, self._quiet + 1
        if not self._speaking and self._loud >= FakeVAD.START_FRAMES:
            self._speaking = True
            self._tell(vad.VADEventType.START_OF_SPEECH, frame)
        self._tell(vad.VADEventType.INFERENCE_DONE, frame)
        if self._speaking and self._quiet >= FakeVAD.END_FRAMES:
            self._speaking = False
            self._tell(vad.VADEventType.END_OF_SPEECH, frame)
            self._loud = 0

    def _tell(self, kind: vad.VADEventType, frame: rtc.AudioFrame) -> None:
        speech, silence = self._loud * FRAME_S, self._quiet * FRAME_S
        self._event_ch.send_nowait(
            vad.VADEvent(
                type=kind,
                samples_index=self._samples,
                timestamp=time.time(),
                speech_duration=speech,
                silence_duration=silence,
                frames=[frame],
                probability=0.98 if is_loud(frame) else 0.02,
                inference_duration=0.0005,
                speaking=self._speaking,
                raw_accumulated_silence=silence,
                raw_accumulated_speech=0.0 if self._quiet else speech,
            )
        )


class Signals:
    """Remembers what a session emitted, and lets the script wait for it."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self._changed = asyncio.Event()

    def watch(self, session: Any, *names: str) -> None:
        """Listen to these events."""
        for name in names:
            session.on(name, lambda event, name=name: self._note(name, event))

    def of(self, name: str) -> list[Any]:
        """All events of one name, in order."""
        return [event for kind, event in self.events if kind == name]

    async def until(self, met: Callable[[], bool], limit: float = 15.0) -> None:
        """Wait until `met` holds; checked after each event."""
        async with asyncio.timeout(limit):
            while not met():
                self._changed.clear()
                await self._changed.wait()

    def _note(self, name: str, event: Any) -> None:
        self.events.append((name, event))
        self._changed.set()

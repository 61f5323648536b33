"""Fake devices and models for Pipecat: a transport, VAD, STT, LLM and TTS services.

The services derive from Pipecat's own bases, so its tracing decorators make the spans; they bear the
names of real services, because Pipecat makes the provider's name out of the class's.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from array import array
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from openai import APIConnectionError
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    OutputAudioRawFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.openai import llm as openai_llm
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transcriptions.language import Language
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.utils.time import time_now_iso8601
from pipecat.utils.tracing.service_decorators import traced_stt, traced_tts
from script import (
    AGENT_RATE,
    AGENT_S_PER_CHAR,
    CALLER_RATE,
    CALLER_S_PER_CHAR,
    FRAME_S,
    LOUD,
    Reply,
)

VAD_START_S = 0.06
VAD_STOP_S = 0.2


def _samples(seconds: float, rate: int, value: int) -> bytes:
    return array("h", [value]).tobytes() * max(1, round(seconds * rate))


def _word_times(text: str) -> list[tuple[str, float]]:
    words = text.split(" ")
    starts = [len(" ".join([*words[:n], ""])) for n in range(len(words))]
    return [(w, at * AGENT_S_PER_CHAR) for w, at in zip(words, starts, strict=True)]


class Microphone(BaseInputTransport):
    """Pushes silence in real time, until the script says something."""

    def __init__(self, params: TransportParams) -> None:
        super().__init__(params)
        self._frames_left = 0
        self._pause_left = 0
        self._onset_due = False
        self._spoken = asyncio.Event()
        self._stream: asyncio.Task[None] | None = None
        self.said: list[str] = []
        self.onsets: list[float] = []

    async def say(self, text: str, *, after: float = 0.25) -> None:
        """Speak `text` after a short silence; returns when its last frame was sent."""
        self.said.append(text)
        self._spoken.clear()
        self._onset_due = True
        self._pause_left = round(after / FRAME_S)
        self._frames_left = max(1, round(len(text) * CALLER_S_PER_CHAR / FRAME_S))
        await self._spoken.wait()

    async def start(self, frame: StartFrame) -> None:
        """Begin to listen."""
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._stream = self.create_task(self._run())

    async def cleanup(self) -> None:
        """Stop listening."""
        if self._stream is not None:
            await self.cancel_task(self._stream)
            self._stream = None
        await super().cleanup()

    async def _run(self) -> None:
        clock = time.monotonic()
        while True:
            clock += FRAME_S
            await asyncio.sleep(max(0.0, clock - time.monotonic()))
            audio = _samples(FRAME_S, CALLER_RATE, self._next_value())
            await self.push_audio_frame(InputAudioRawFrame(audio, CALLER_RATE, 1))

    def _next_value(self) -> int:
        if self._pause_left or not self._frames_left:
            self._pause_left = max(0, self._pause_left - 1)
            return 0
        if self._onset_due:
            self._onset_due = False
            self.onsets.append(time.time() - FRAME_S)
        self._frames_left -= 1
        if not self._frames_left:
            self._spoken.set()
        return LOUD


class Loudspeaker(BaseOutputTransport):
    """Takes audio at the speed of sound, and notes when it sounds."""

    def __init__(self, params: TransportParams) -> None:
        super().__init__(params)
        self._clock = 0.0
        self._chunk = asyncio.Event()
        self.heard: list[tuple[float, float]] = []
        """Start and end of each chunk of speech, in wall-clock seconds."""

    async def reached(self, since: int, seconds: float) -> None:
        """Wait until the speech after chunk number `since` has sounded this long."""
        while sum(end - start for start, end in self.heard[since:]) < seconds:
            self._chunk.clear()
            await self._chunk.wait()

    async def start(self, frame: StartFrame) -> None:
        """Get ready."""
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Play one chunk."""
        seconds = len(frame.audio) / 2 / frame.sample_rate
        now = time.monotonic()
        self._clock = max(self._clock, now) + seconds
        if any(frame.audio):
            self.heard.append((time.time(), time.time() + seconds))
            self._chunk.set()
        await asyncio.sleep(self._clock - now)
        return True


class FakeVAD(VADAnalyzer):
    """Speech is whatever is not zero."""

    def __init__(self) -> None:
        super().__init__(
            params=VADParams(start_secs=VAD_START_S, stop_secs=VAD_STOP_S, min_volume=0.0)
        )

    def num_frames_required(self) -> int:
        return round(FRAME_S * CALLER_RATE)

    def voice_confidence(self, buffer: bytes) -> float:
        return 1.0 if any(buffer) else 0.0


class DeepgramSTTService(STTService):
    """Finalises `delay` seconds after the VAD saw the caller stop."""

    def __init__(self, microphone: Microphone, delay: float) -> None:
        super().__init__(
            ttfs_p99_latency=0.3, settings=STTSettings(model="nova-3", language=Language.EN)
        )
        self._microphone = microphone
        self._delay = delay
        self._recognised = 0

    def can_generate_metrics(self) -> bool:
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Watch the VAD."""
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStartedSpeakingFrame):
            opening = " ".join(self._microphone.said[self._recognised].split()[:2])
            await self.push_frame(InterimTranscriptionFrame(opening, "", time_now_iso8601()))
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self.request_finalize()
            self.create_task(self._finalise())

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Audio is only counted; the text comes from the script."""
        yield None

    async def _finalise(self) -> None:
        await asyncio.sleep(self._delay)
        text = self._microphone.said[self._recognised]
        self._recognised += 1
        self.confirm_finalize()
        await self.emit_stt_usage_metrics()
        await self.push_frame(TranscriptionFrame(text, "", time_now_iso8601(), Language.EN))
        await self._handle_transcription(text, True, Language.EN)

    @traced_stt
    async def _handle_transcription(
        self, transcript: str, is_final: bool, language: Language | None = None
    ) -> None:
        """Where Pipecat's services hang their tracing."""


class OpenAILLMService(openai_llm.OpenAILLMService):
    """The OpenAI service with the network taken out."""

    def __init__(self, replies: dict[str, Reply], ttft: float) -> None:
        super().__init__(
            api_key="none",
            settings=openai_llm.OpenAILLMService.Settings(
                model="gpt-4o-mini",
                system_instruction="You answer the phone of a lamp shop.",
                temperature=0.4,
            ),
        )
        self._replies = replies
        self._ttft = ttft
        self._attempts: dict[str, int] = {}
        self.answers: list[str] = []
        """The texts it gave, in order."""

    async def get_chat_completions(self, context: Any) -> Any:
        """Answer from the script, or raise as a lost connection does."""
        key = self._key_of(context.get_messages())
        await asyncio.sleep(self._ttft)
        reply = self._replies[key]
        self._attempts[key] = self._attempts.get(key, 0) + 1
        if self._attempts[key] <= reply.failures:
            raise APIConnectionError(message="fake model refused the request", request=None)  # type: ignore[arg-type]
        if reply.text:
            self.answers.append(reply.text)
        return self._stream(reply)

    def _key_of(self, messages: list[Any]) -> str:
        calls: dict[str, str] = {}
        for message in messages:
            for call in message.get("tool_calls") or ():
                calls[call["id"]] = call["function"]["name"]
        last = messages[-1]
        if last["role"] == "tool":
            return f"tool:{calls[last['tool_call_id']]}"
        content = last["content"]
        return content if isinstance(content, str) else content[0]["text"]

    async def _stream(self, reply: Reply) -> AsyncIterator[ChatCompletionChunk]:
        request = f"chatcmpl-{uuid.uuid4().hex[:12]}"

        def chunk(delta: dict[str, Any], usage: CompletionUsage | None = None) -> Any:
            choices = [{"index": 0, "delta": delta, "finish_reason": None}] if delta else []
            return ChatCompletionChunk.model_validate(
                {
                    "id": request,
                    "object": "chat.completion.chunk",
                    "created": int(time.time()),
                    "model": "gpt-4o-mini-2024-07-18",
                    "choices": choices,
                    "usage": usage,
                }
            )

        for n, word in enumerate(reply.text.split(" ") if reply.text else []):
            yield chunk({"role": "assistant", "content": word if not n else f" {word}"})
            await asyncio.sleep(0.004)
        if reply.tool:
            function = {"name": reply.tool, "arguments": reply.arguments}
            call = {"index": 0, "id": f"call_{uuid.uuid4().hex[:10]}", "function": function}
            yield chunk({"role": "assistant", "tool_calls": [call]})
        yield chunk(
            {},
            CompletionUsage.model_validate(
                {
                    "prompt_tokens": reply.input_tokens,
                    "completion_tokens": reply.output_tokens,
                    "total_tokens": reply.input_tokens + reply.output_tokens,
                    "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
                }
            ),
        )


class CartesiaTTSService(TTSService):
    """Speaks at a constant rate, `ttfb` seconds after it got the text; delivers at `speed`.

    With `words` it tells when each word is spoken, so that the context keeps only what was heard.
    """

    CHUNK_S = 0.1

    def __init__(self, ttfb: float, speed: float, words: bool) -> None:
        super().__init__(
            push_text_frames=not words,
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(model="sonic-2", voice="lamp-voice", language=Language.EN),
        )
        self._ttfb = ttfb
        self._speed = speed
        self._words = words

    def can_generate_metrics(self) -> bool:
        return True

    @traced_tts
    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Synthesise one sentence."""
        await self.start_tts_usage_metrics(text)
        await asyncio.sleep(self._ttfb)
        await self.stop_ttfb_metrics()
        if self._words:
            await self.add_word_timestamps(_word_times(text), context_id)
        left = len(text) * AGENT_S_PER_CHAR
        while left > 0:
            audio = _samples(min(left, self.CHUNK_S), AGENT_RATE, LOUD)
            yield TTSAudioRawFrame(audio, AGENT_RATE, 1, context_id=context_id)
            left -= self.CHUNK_S
            await asyncio.sleep(self.CHUNK_S / self._speed)

"""Fake models for LiveKit Agents: STT, LLM, TTS. They need only look at a frame's first sample."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectionError, llm, stt, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions
from livekit_devices import Caller, is_loud, tone
from script import (
    AGENT_RATE,
    AGENT_S_PER_CHAR,
    FRAME_S,
    LOUD,
    Reply,
)


class FakeSTT(stt.STT[Any]):
    """Recognises what the caller's script says, `delay` seconds after the last loud frame."""

    def __init__(self, caller: Caller, delay: float) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))
        self.caller = caller
        self.delay = delay

    @property
    def model(self) -> str:
        return "nova-3"

    @property
    def provider(self) -> str:
        return "Deepgram"

    async def _recognize_impl(self, *args: Any, **kwargs: Any) -> stt.SpeechEvent:
        raise NotImplementedError("this fake only streams")

    def stream(
        self,
        *,
        language: Any = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        """A new recogniser."""
        return _STTStream(self, conn_options)


class _STTStream(stt.RecognizeStream):
    def __init__(self, owner: FakeSTT, conn_options: APIConnectOptions) -> None:
        super().__init__(stt=owner, conn_options=conn_options)
        self._owner = owner

    async def _run(self) -> None:
        loud = 0
        async with asyncio.TaskGroup() as finals:
            async for item in self._input_ch:
                if not isinstance(item, rtc.AudioFrame):
                    continue
                if is_loud(item):
                    loud += 1
                    if loud == 10 and (text := self._owner.caller.said[0]):
                        opening = " ".join(text.split()[:2])
                        self._send(stt.SpeechEventType.INTERIM_TRANSCRIPT, opening, 0.6)
                elif loud:
                    finals.create_task(self._finalise(loud * FRAME_S))
                    loud = 0

    async def _finalise(self, seconds: float) -> None:
        text = self._owner.caller.said.popleft()
        await asyncio.sleep(self._owner.delay)
        if text is not None:
            self._send(stt.SpeechEventType.FINAL_TRANSCRIPT, text, 0.94)
        usage = stt.RecognitionUsage(audio_duration=round(seconds, 3))
        self._event_ch.send_nowait(
            stt.SpeechEvent(
                type=stt.SpeechEventType.RECOGNITION_USAGE,
                request_id=f"stt-{uuid.uuid4().hex[:8]}",
                recognition_usage=usage,
            )
        )

    def _send(self, kind: stt.SpeechEventType, text: str, confidence: float) -> None:
        data = stt.SpeechData(language="en", text=text, confidence=confidence)  # type: ignore[arg-type]
        self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=[data]))


@dataclass
class Script:
    """Replies by what was last said: a caller's text, an instruction, or `tool:<name>`.

    Keyed by content and not by count, because the session may ask early and ask again.
    """

    replies: dict[str, Reply]
    attempts: dict[str, int] = field(default_factory=dict)

    def key_of(self, context: llm.ChatContext) -> str:
        """Which reply a chat context asks for."""
        for item in reversed(context.items):
            if item.type == "function_call_output":
                return f"tool:{item.name}"
            if item.type != "message":
                continue
            text = item.text_content or ""
            for key in self.replies:
                if text.endswith(key):
                    return key
        raise KeyError("no reply is scripted for this chat context")

    def ask(self, context: llm.ChatContext) -> Reply:
        """The reply for this attempt; raises while it is to fail."""
        key = self.key_of(context)
        reply = self.replies[key]
        attempt = self.attempts[key] = self.attempts.get(key, 0) + 1
        if attempt <= reply.failures:
            raise APIConnectionError(f"fake model refused attempt {attempt}")
        return reply


class FakeLLM(llm.LLM[Any]):
    """Answers from the script, word by word, after `ttft` seconds."""

    def __init__(self, script: Script, ttft: float) -> None:
        super().__init__()
        self.script = script
        self.ttft = ttft

    @property
    def model(self) -> str:
        return "gpt-4o-mini"

    @property
    def provider(self) -> str:
        return "openai"

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[Any] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **kwargs: Any,
    ) -> llm.LLMStream:
        """One request."""
        return _LLMStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _LLMStream(llm.LLMStream):
    async def _run(self) -> None:
        owner = self._llm
        assert isinstance(owner, FakeLLM)
        request = f"chatcmpl-{uuid.uuid4().hex[:12]}"
        await asyncio.sleep(owner.ttft)
        reply = owner.script.ask(self._chat_ctx)
        for delta in _deltas(reply):
            self._event_ch.send_nowait(llm.ChatChunk(id=request, delta=delta))
            await asyncio.sleep(0.004)
        usage = llm.CompletionUsage(
            prompt_tokens=reply.input_tokens,
            completion_tokens=reply.output_tokens,
            prompt_cached_tokens=reply.cached_tokens,
            total_tokens=reply.input_tokens + reply.output_tokens,
        )
        self._event_ch.send_nowait(llm.ChatChunk(id=request, usage=usage))


def _deltas(reply: Reply) -> list[llm.ChoiceDelta]:
    words = reply.text.split(" ") if reply.text else []
    deltas = [
        llm.ChoiceDelta(role="assistant", content=word if not n else f" {word}")
        for n, word in enumerate(words)
    ]
    if reply.tool:
        call = llm.FunctionToolCall(
            name=reply.tool, arguments=reply.arguments, call_id=f"call_{uuid.uuid4().hex[:10]}"
        )
        deltas.append(llm.ChoiceDelta(role="assistant", tool_calls=[call]))
    return deltas


class FakeTTS(tts.TTS[Any]):
    """Speaks at a constant rate, `ttfb` seconds after the first token."""

    def __init__(self, ttfb: float) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True),
            sample_rate=AGENT_RATE,
            num_channels=1,
        )
        self.ttfb = ttfb

    @property
    def model(self) -> str:
        return "sonic-2"

    @property
    def provider(self) -> str:
        return "Cartesia"

    def synthesize(self, text: str, *, conn_options: Any = None) -> tts.ChunkedStream:
        """Not offered: this fake only streams."""
        raise NotImplementedError

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        """A new utterance."""
        return _TTSStream(tts=self, conn_options=conn_options)


class _TTSStream(tts.SynthesizeStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        owner = self._tts
        assert isinstance(owner, FakeTTS)
        segment = uuid.uuid4().hex[:12]
        output_emitter.initialize(
            request_id=f"tts-{segment}",
            sample_rate=AGENT_RATE,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        output_emitter.start_segment(segment_id=segment)
        first = True
        async for token in self._input_ch:
            if not isinstance(token, str):
                continue
            if first:
                first = False
                self._mark_started()
                await asyncio.sleep(owner.ttfb)
            spoken = tone(len(token) * AGENT_S_PER_CHAR, AGENT_RATE, LOUD)
            output_emitter.push(bytes(spoken.data))
        output_emitter.end_segment()

"""A call as Pipecat 1.14 tells it: a conversation of turns with stt, llm and tts in each.

Source: the recorded calls of pipecat-ai 1.14.0 in tests/captures.
"""

import json
import re
from collections.abc import Mapping

from turnwise.app.demo import phrases
from turnwise.app.demo.drawing import INSTRUCTED, TOKENS_PER_S, Draw, stacktrace, tokens_in
from turnwise.app.demo.otlp_bytes import Event, Span, Trace, Value
from turnwise.app.demo.script import ToolUse
from turnwise.app.demo.story import Beat, Story, Trouble
from turnwise.model.instants import NS_PER_SECOND, ns_from_seconds

_STEPS, _TURNS = "pipecat", "pipecat.turn"
_TURN_TIMEOUT_NS = ns_from_seconds(2.5)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
_EARLY_NS = ns_from_seconds(0.4)
_TOKENS_PER_TOOL = 64
_STT_LEAD_NS = ns_from_seconds(0.06)
"""How much earlier the recogniser hears the caller than the turn begins."""
_SNAPSHOTS = {"gpt-4o-mini": "gpt-4o-mini-2024-07-18", "gpt-4o": "gpt-4o-2024-08-06"}
"""What OpenAI answers as the model; Pipecat uses it from the second request on."""


def pipecat_trace(story: Story) -> Trace:
    """All spans of the call."""
    return _Telling(story).trace()


class _Turn:
    """A turn that is being told."""

    def __init__(self, number: int, span_id: str, start_ns: int):
        self.number = number
        self.span_id = span_id
        self.start_ns = start_ns
        self.caller_off_ns: int | None = None
        self.spoke_from_ns: int | None = None
        self.silent_ns = start_ns
        self.was_cut = False


class _Telling:
    """Tells a call beat by beat."""

    def __init__(self, story: Story):
        self._story = story
        self._draw = Draw(story.key)
        self._trace_id = self._draw.hexadecimal(32)
        self._root = self._new_id()
        self._conversation = self._draw.hexadecimal(32)
        self._spans: list[Span] = []
        self._history: list[dict[str, object]] = [{"role": "developer", "content": INSTRUCTED}]
        self._turn: _Turn | None = None
        self._turns = 0
        self._model_name = story.llm.name
        self._last_prompt = 0
        self._now = story.start_ns
        self._is_lost = False
        self._tools = json.dumps(_definitions(story.profile.tools, story.beats))

    def trace(self) -> Trace:
        story = self._story
        for beat in story.beats:
            self._tell(beat)
        is_false = story.trouble is Trouble.FALSE_INTERRUPTION
        # Where the pipeline ends before the turn does, the turn is marked as cut.
        end_ns = self._now + (_EARLY_NS if is_false else _TURN_TIMEOUT_NS)
        self._close(end_ns, marks_cut=is_false)
        told: dict[str, Value] = {
            "conversation.id": self._conversation,
            "conversation.type": "voice",
            "session.id": story.session_id,
            "user.id": f"caller-{self._draw.rng.randrange(100, 1_000)}",
        }
        over_ns = end_ns + self._draw.little_ns(2_000)
        self._add(_TURNS, "conversation", None, story.start_ns, over_ns, told, self._root)
        return Trace(self._trace_id, self._resource(), self._spans, story.until_ns)

    def _resource(self) -> Mapping[str, Value]:
        return {
            "telemetry.sdk.language": "python",
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.version": "1.45.2",
            "service.instance.id": "unknown",
            "service.name": self._story.profile.service,
            "deployment.environment": "production",
            "service.version": self._story.release.version,
        }

    def _new_id(self) -> str:
        return self._draw.hexadecimal(16)

    def _add(
        self,
        scope: str,
        name: str,
        parent_id: str | None,
        start_ns: int,
        end_ns: int,
        told: Mapping[str, Value],
        span_id: str | None = None,
    ) -> Span:
        span = Span(scope, name, span_id or self._new_id(), parent_id, start_ns, end_ns, told)
        self._spans.append(span)
        return span

    # turns

    def _open(self, start_ns: int) -> _Turn:
        """A new turn; the one before it ends here, or earlier by its own timeout."""
        if self._turn is not None:
            self._close(min(start_ns, self._turn.silent_ns + _TURN_TIMEOUT_NS))
        self._turns += 1
        self._turn = _Turn(self._turns, self._new_id(), start_ns)
        return self._turn

    def _close(self, end_ns: int, *, marks_cut: bool = False) -> None:
        turn = self._turn
        assert turn is not None
        timed_out = end_ns >= turn.silent_ns + _TURN_TIMEOUT_NS
        lasted_ns = (turn.silent_ns if timed_out else end_ns) - turn.start_ns
        told: dict[str, Value] = {
            "turn.number": turn.number,
            "turn.type": "conversation",
            "conversation.id": self._conversation,
        }
        if turn.caller_off_ns is not None and turn.spoke_from_ns is not None:
            latency_ns = turn.spoke_from_ns - turn.caller_off_ns
            told["turn.user_bot_latency_seconds"] = latency_ns / NS_PER_SECOND
        told["turn.duration_seconds"] = lasted_ns / NS_PER_SECOND
        told["turn.was_interrupted"] = turn.was_cut or marks_cut
        self._add(_TURNS, "turn", self._root, turn.start_ns, end_ns, told, turn.span_id)
        self._turn = None

    def _tell(self, beat: Beat) -> None:
        if beat.caller is None:
            begun = self._now + (ns_from_seconds(beat.pause_s) if self._turn else 300_000)
            self._answer(self._open(begun), beat, begun + self._draw.little_ns(3_000))
            return
        onset_ns = self._now + ns_from_seconds(beat.pause_s)
        if self._is_lost and self._turn is not None:
            turn = self._turn
        else:
            # A caller who cuts in is heard first; the turns change when the agent falls silent.
            turn = self._open(max(onset_ns, self._now))
        off_ns = onset_ns + ns_from_seconds(beat.caller_s)
        final_ns = off_ns + ns_from_seconds(beat.stt_s)
        turn.caller_off_ns = off_ns
        self._hear(turn, beat, onset_ns - _STT_LEAD_NS, final_ns)
        self._history.append({"role": "user", "content": beat.caller})
        released_ns = max(off_ns + ns_from_seconds(beat.eou_s), final_ns + 5_000_000)
        self._answer(turn, beat, released_ns)

    # steps

    def _hear(self, turn: _Turn, beat: Beat, start_ns: int, end_ns: int) -> None:
        stt = self._story.profile.stt
        told: dict[str, Value] = {
            "gen_ai.provider.name": stt.provider,
            "gen_ai.request.model": stt.name,
            "gen_ai.operation.name": "stt",
            "vad_enabled": False,
            "settings.model": stt.name,
            "settings.language": self._story.language,
            "metrics.ttfb": beat.stt_s,
            "transcript": beat.caller or "",
            "is_final": True,
            "language": self._story.language,
            "metrics.audio_seconds": beat.caller_s + self._draw.rng.uniform(0.4, 1.6),
        }
        self._add(_STEPS, "stt", turn.span_id, start_ns, end_ns, told)

    def _answer(self, turn: _Turn, beat: Beat, begun: int) -> None:
        self._is_lost = beat.is_lost
        if beat.is_lost:
            self._now = turn.silent_ns = self._fail(turn, begun, beat)
            return
        if beat.runs:
            asked_ns = self._ask(turn, begun, beat.llm_s[0], "", [run.use for run in beat.runs])
            begun = asked_ns + ns_from_seconds(max(run.seconds for run in beat.runs))
            self._remember_tools(beat)
        ended_ns = self._ask(turn, begun, beat.llm_s[-1], beat.agent, [])
        # The voice gets the first sentence while the model still writes the others.
        sentence_s = tokens_in(_SENTENCE_END.split(beat.agent)[0]) / TOKENS_PER_S
        written_ns = begun + ns_from_seconds(beat.llm_s[-1] + sentence_s)
        self._speak(turn, beat, min(written_ns, ended_ns))

    def _ask(
        self, turn: _Turn, start_ns: int, ttft_s: float, text: str, uses: list[ToolUse]
    ) -> int:
        """One request to the model; gives its end."""
        prompt = self._prompt_tokens()
        written = tokens_in(text) if text else sum(_call_tokens(use) for use in uses)
        cached = min(self._last_prompt, prompt) // 128 * 128 if self._last_prompt >= 1_024 else 0
        told = self._asking()
        told["gen_ai.usage.input_tokens"] = prompt
        told["gen_ai.usage.output_tokens"] = written
        told["gen_ai.usage.cache_read.input_tokens"] = cached
        if text:
            told["output"] = text
        told["metrics.ttfb"] = ttft_s
        end_ns = start_ns + ns_from_seconds(ttft_s + written / TOKENS_PER_S)
        self._add(_STEPS, "llm", turn.span_id, start_ns, end_ns, told)
        self._last_prompt = prompt
        self._model_name = _SNAPSHOTS.get(self._story.llm.name, self._story.llm.name)
        return end_ns

    def _fail(self, turn: _Turn, start_ns: int, beat: Beat) -> int:
        """A request to the model that fails for good; gives its end."""
        message = self._draw.rng.choice(phrases.LLM_ERRORS)
        kind = "APIConnectionError"
        end_ns = start_ns + ns_from_seconds(max(0.4, beat.llm_s[-1]))
        told = {**self._asking(), "metrics.ttfb": beat.llm_s[-1]}
        span = self._add(_STEPS, "llm", turn.span_id, start_ns, end_ns, told)
        span.error = f"{kind}: {message}"
        raised: dict[str, Value] = {
            "exception.type": f"{self._story.llm.provider}.{kind}",
            "exception.message": message,
            "exception.stacktrace": stacktrace("pipecat/services/llm_service.py", kind, message),
            "exception.escaped": "False",
        }
        span.events.append(Event("exception", end_ns, raised))
        return end_ns

    def _asking(self) -> dict[str, Value]:
        story = self._story
        return {
            "gen_ai.provider.name": story.llm.provider,
            "gen_ai.request.model": self._model_name,
            "gen_ai.operation.name": "chat",
            "gen_ai.output.type": "text",
            "stream": True,
            "input": json.dumps(self._history, ensure_ascii=False),
            "tools": self._tools,
            "tool_count": len(story.profile.tools),
            "gen_ai.system_instructions": story.profile.instructions,
            "param.model": story.llm.name,
            "gen_ai.request.temperature": 0.4,
            "gen_ai.request.top_k": "NOT_GIVEN",
            "param.filter_incomplete_user_turns": False,
            "param.user_turn_completion_config": "NOT_GIVEN",
            "param.use_provider_thinking_default": False,
        }

    def _prompt_tokens(self) -> int:
        text = self._story.profile.instructions + json.dumps(self._history)
        return tokens_in(text) + _TOKENS_PER_TOOL * len(self._story.profile.tools)

    def _remember_tools(self, beat: Beat) -> None:
        for run in beat.runs:
            called = {"name": run.use.name, "arguments": json.dumps(run.use.arguments)}
            call = {"id": run.call_id, "function": called, "type": "function"}
            result = {"error": run.error} if run.error else run.use.result
            self._history += [
                {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "content": json.dumps(result), "tool_call_id": run.call_id},
            ]

    def _speak(self, turn: _Turn, beat: Beat, start_ns: int) -> None:
        """Say the answer; the call goes on when its last sound was played."""
        tts, voice = self._story.profile.tts, self._story.profile.voice
        first_ns = start_ns + ns_from_seconds(beat.tts_s)
        turn.spoke_from_ns = first_ns + self._draw.little_ns(4_000)
        played_s = beat.speech_s if beat.cut_s is None else beat.cut_s
        turn.silent_ns = self._now = turn.spoke_from_ns + ns_from_seconds(played_s)
        turn.was_cut = beat.cut_s is not None
        told: dict[str, Value] = {
            "gen_ai.provider.name": tts.provider,
            "gen_ai.request.model": tts.name,
            "gen_ai.operation.name": "tts",
            "gen_ai.output.type": "speech",
            "voice_id": voice,
            "settings.model": tts.name,
            "settings.voice": voice,
            "settings.language": self._story.language,
            "text": beat.agent,
            "metrics.character_count": len(beat.agent),
            "metrics.ttfb": beat.tts_s,
        }
        end_ns = first_ns + ns_from_seconds(0.15 * beat.speech_s)
        if turn.was_cut:
            told["tts.interrupted"] = True
            end_ns = turn.silent_ns
        self._add(_STEPS, "tts", turn.span_id, start_ns, end_ns, told)
        self._history.append({"role": "assistant", "content": beat.heard})


def _call_tokens(use: ToolUse) -> int:
    return 12 + tokens_in(json.dumps(use.arguments))


def _definitions(tools: Mapping[str, str], beats: list[Beat]) -> list[dict[str, object]]:
    """The tools as OpenAI wants them described, with the arguments that this call uses."""
    used = {run.use.name: run.use.arguments for beat in beats for run in beat.runs}
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": text,
                "parameters": {
                    "type": "object",
                    "properties": {each: {"type": "string"} for each in used.get(name, {})},
                    "required": list(used.get(name, {})),
                },
            },
        }
        for name, text in tools.items()
    ]

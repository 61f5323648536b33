"""A call as Pipecat tells it.

Source: the recorded calls of pipecat-ai 1.14.0 in tests/captures.
"""

import json
from typing import Any

from bench.diagnosis_shapes.telling import Spans, Told, messages_before, reported
from bench.diagnosis_world.call import Call, Exchange, Generation, Reply, Speech
from bench.diagnosis_world.timeline import Asked, Span, Times
from turnwise.app.demo.otlp_bytes import Value

_STT_EARLIER = 0.06
"""By which a recogniser's span begins before its turn."""
_TURN_TIMEOUT = 2.5
"""After which a turn ends when nobody speaks."""


def pipecat_call(call: Call) -> Told:
    """All spans of the call."""
    return _Telling(call).told()


class _Telling:
    def __init__(self, call: Call):
        self._call = call
        self._spans = Spans(call, "pipecat")
        self._root = self._spans.new_id()
        self._turn = ""
        self._tool_messages: list[dict[str, Any]] = []

    def told(self) -> Told:
        exchanges = self._call.exchanges
        line = self._spans.line.exchanges
        number, at = 0, 0
        while at < len(exchanges):
            last = at
            # An answer that fails leaves the turn open for what the caller says next.
            while last + 1 < len(exchanges) and not line[last].heard:
                last += 1
            number += 1
            self._turn = self._spans.new_id()
            for index in range(at, last + 1):
                self._exchange(index, exchanges[index], line[index])
            following = line[last + 1] if last + 1 < len(line) else None
            self._turn_span(number, line[at], line[last], following, exchanges[last].reply)
            for index in range(at, last + 1):
                self._spans.told.ids[index, "turn"].add(self._turn)
            at = last + 1
        end = self._spans.line.end
        told: dict[str, Value] = {
            "conversation.id": f"conversation-{self._call.id}",
            "conversation.type": "voice",
            "session.id": self._call.id,
        }
        self._spans.add(
            "conversation", None, 0.0, end, told, span_id=self._root, scope="pipecat.turn"
        )
        return self._spans.finish({})

    def _turn_span(
        self, number: int, first: Times, last: Times, following: Times | None, reply: Reply | None
    ) -> None:
        start = first.spoken.start if first.spoken else first.asked[0].start
        ended = reply is not None and reply.is_last_words
        silent = last.silent if last.silent is not None else self._spans.line.end
        resumed = following.spoken.start if following and following.spoken else None
        was_cut = reply is not None and reply.cut is not None and resumed is not None
        if resumed is not None and resumed < silent + _TURN_TIMEOUT:
            end, length = resumed, resumed - start
        else:
            end, length = (silent if ended else silent + _TURN_TIMEOUT), silent - start
        told: dict[str, Value] = {
            "turn.number": number,
            "turn.type": "conversation",
            "conversation.id": f"conversation-{self._call.id}",
            "turn.duration_seconds": length,
            "turn.was_interrupted": was_cut or ended,
        }
        if ended:
            told["turn.ended_by_conversation_end"] = True
        if last.felt is not None:
            index = self._spans.line.exchanges.index(last)
            told["turn.user_bot_latency_seconds"] = reported(self._call, index, "e2e", last.felt)
        self._spans.add(
            "turn", self._root, start, end, told, span_id=self._turn, scope="pipecat.turn"
        )

    def _exchange(self, index: int, exchange: Exchange, times: Times) -> None:
        if exchange.speech is not None and times.spoken is not None:
            self._hear(index, exchange.speech, times, times.spoken)
        reply = exchange.reply
        if reply is None:
            return
        for number, asked in enumerate(times.asked):
            if number:
                self._remember_tool(index, reply, number - 1)
            self._ask(index, reply, number, asked)
        if reply.filler and times.filler_voiced is not None and times.filler is not None:
            self._voice(index, reply.filler, times.filler_voiced, times.filler.end)
        if times.voiced is not None and times.heard:
            self._voice(index, reply.text, times.voiced, times.heard[-1].end, cut=reply.cut)
        if reply.side_error is not None:
            at = times.asked[0].start + 0.01
            self._spans.add(
                "crm.note", self._turn, at, at + 0.08, {}, part=(index, "side"),
                error=reply.side_error, error_type="ConnectionError", scope="crm",
            )  # fmt: skip

    def _hear(self, index: int, speech: Speech, times: Times, spoken: Span) -> None:
        told: dict[str, Value] = {
            "gen_ai.provider.name": "deepgram",
            "gen_ai.request.model": self._call.agent.hearing,
            "gen_ai.operation.name": "stt",
            "settings.model": self._call.agent.hearing,
            "settings.language": "en",
            "metrics.ttfb": reported(self._call, index, "stt", times.final - spoken.end),
            "transcript": speech.text,
            "is_final": True,
            "language": "en",
            "metrics.audio_seconds": spoken.end - spoken.start,
        }
        start = spoken.start - _STT_EARLIER
        made = self._spans.add("stt", self._turn, start, times.final, told, part=(index, "stt"))
        self._spans.told.ids[index, "user"].add(made)

    def _ask(self, index: int, reply: Reply, number: int, asked: Asked) -> None:
        step = reply.steps[number]
        is_last = number + 1 == len(reply.steps)
        failed = reply.failed if is_last else None
        messages = [*messages_before(self._call, index), *self._tool_messages]
        told: dict[str, Value] = {
            "gen_ai.provider.name": "openai",
            # Nobody has answered when the greeting is asked for; later the answers' name is kept.
            "gen_ai.request.model": step.answered_by if index else step.model,
            "gen_ai.operation.name": "chat",
            "stream": True,
            "gen_ai.request.temperature": 0.4,
            "gen_ai.request.top_k": "NOT_GIVEN",
            "input": json.dumps(messages),
            "metrics.ttfb": reported(self._call, index, "llm", asked.first - asked.start),
        }
        if failed is None:
            told |= _usage(step)
            text = reply.text if is_last else reply.filler
            if text:
                told["output"] = text
        made = self._spans.add(
            "llm", self._turn, asked.start, asked.end, told, part=(index, "llm"), error=failed
        )
        if number:
            # A tool shows only in what the next request is given.
            self._spans.told.ids[index, "tool"].add(made)

    def _remember_tool(self, index: int, reply: Reply, number: int) -> None:
        tool = reply.tools[number]
        call_id = self._spans.word("call_")
        function = {"name": tool.name, "arguments": "{}"}
        asked = {"id": call_id, "type": "function", "function": function}
        result: object = {"found": 3}
        if tool.error is not None:
            # What a handler returns, and what the model is told when a handler raises.
            raised = f"The function `{tool.name}` failed and returned no result."
            result = raised if index % 2 else {"error": tool.error}
        self._tool_messages += [
            {"role": "assistant", "tool_calls": [asked]},
            {"role": "tool", "content": json.dumps(result), "tool_call_id": call_id},
        ]
        self._spans.told.ids[index, "tool"].add(call_id)

    def _voice(
        self, index: int, text: str, voiced: Span, until: float, cut: float | None = None
    ) -> None:
        told: dict[str, Value] = {
            "gen_ai.provider.name": "cartesia",
            "gen_ai.request.model": self._call.agent.voice,
            "gen_ai.operation.name": "tts",
            "voice_id": "house-voice",
            "text": text,
            "metrics.character_count": len(text),
            "metrics.ttfb": reported(self._call, index, "tts", voiced.end - voiced.start),
        }
        if cut is not None:
            told["tts.interrupted"] = True
        end = max(voiced.end + 0.05, until if cut is not None else min(until, voiced.end + 0.8))
        self._spans.add("tts", self._turn, voiced.start, end, told, part=(index, "tts"))


def _usage(step: Generation) -> dict[str, Value]:
    told: dict[str, Value] = {
        "gen_ai.usage.input_tokens": step.prompt,
        "gen_ai.usage.output_tokens": step.output + step.reasoning,
        "gen_ai.usage.cache_read.input_tokens": step.cached,
    }
    if step.reasoning:
        told["gen_ai.usage.reasoning.output_tokens"] = step.reasoning
    return told

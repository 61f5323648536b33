"""The agent's half of a LiveKit call: model, tools, voice and playout below `agent_turn`."""

import json
from collections.abc import Callable

from bench.diagnosis_shapes.telling import Place, Spans, messages_before, reported
from bench.diagnosis_world.agents import Shape
from bench.diagnosis_world.call import Call, Generation, Reply, ToolRun
from bench.diagnosis_world.timeline import Asked, Span, Times, heard_words
from turnwise.app.demo.otlp_bytes import Value

Attributes = dict[str, Value]


class Replies:
    """Tells replies; `attributes` completes the attributes of a span."""

    def __init__(
        self, call: Call, spans: Spans, attributes: Callable[..., Attributes], session: str
    ):
        self._call = call
        self._spans = spans
        self._attributes = attributes
        self._session = session
        self._is_old = call.agent.shape is Shape.LIVEKIT_OLD

    def tell(self, index: int, reply: Reply, times: Times) -> None:
        """One reply: in 1.5 every request to the model is an `agent_turn` of its own."""
        speech_id = self._spans.word("speech_")
        if not self._is_old:
            self._turn(index, reply, times, range(len(reply.steps)), speech_id)
            return
        for step in range(len(reply.steps)):
            self._turn(index, reply, times, range(step, step + 1), speech_id)

    def _turn(self, index: int, reply: Reply, times: Times, steps: range, speech_id: str) -> None:
        spans = self._spans
        turn = spans.new_id()
        speaks = steps.stop == len(reply.steps) and reply.failed is None
        has_filler = steps.start == 0 and reply.filler is not None
        for step in steps:
            self._model(index, reply, step, times.asked[step], turn)
            if step < len(times.tools):
                self._tool((index, "tool"), reply.tools[step], times.tools[step], turn)
        ends = [times.asked[steps.stop - 1].end]
        ends += [times.tools[step].end for step in steps if step < len(times.tools)]
        texts = []
        if has_filler and times.filler is not None and times.filler_voiced is not None:
            texts.append(reply.filler or "")
            self._voice(index, reply, texts[-1], times.filler_voiced, turn, None)
            self._play((index, "agent"), times.filler, turn)
            ends.append(times.filler.end)
        if speaks and times.voiced is not None:
            texts.append(heard_words(reply, times))
            early = times.asked[-1].start if self._is_old else None
            self._voice(index, reply, reply.text, times.voiced, turn, early)
            for piece in times.heard:
                self._play((index, "agent"), piece, turn)
            ends.append(times.heard[-1].end)
        if steps.start == 0 and reply.side_error is not None:
            at = times.asked[0].start + 0.01
            spans.add(
                "crm.note", turn, at, at + 0.08, self._attributes({}),
                part=(index, "side"), error=reply.side_error, error_type="ConnectionError",
                scope="crm",
            )  # fmt: skip
        own = self._own(index, reply, times, steps, speech_id)
        # Up to 1.6 only the model's own spans tell that it failed.
        failed = None if self._is_old or steps.stop < len(reply.steps) else reply.failed
        private: Attributes = {}
        if texts:
            private["response__text"] = " ".join(texts)
        speech = self._call.exchanges[index].speech
        if speech is None:
            private["instructions"] = "Greet the caller."
        elif steps.start == 0:
            private["user_input"] = speech.text
        spans.add(
            "agent_turn", self._session, times.asked[steps.start].start - 0.002, max(ends),
            self._attributes(own, **private), span_id=turn, part=(index, "turn"),
            error=failed,
        )  # fmt: skip

    def _own(
        self, index: int, reply: Reply, times: Times, steps: range, speech_id: str
    ) -> Attributes:
        own: Attributes = {
            "lk.generation_id": f"{speech_id}_{steps.stop}",
            "lk.speech_id": speech_id,
            "lk.interrupted": False,
        }
        if self._is_old and steps.start:
            own["lk.parent_generation_id"] = f"{speech_id}_{steps.start}"
        if not self._is_old:
            own |= {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": self._call.agent.name,
                "lk.generation_count": len(reply.steps),
            }
        speaks = steps.stop == len(reply.steps)
        if speaks and (reply.cut is not None or reply.is_last_words):
            own["lk.interrupted"] = True
            if not self._is_old:
                source = "programmatic" if reply.is_last_words else "user_turn"
                own["lk.interruption.source"] = source
                played = sum(piece.end - piece.start for piece in times.heard)
                own["lk.playout.position"] = played
        is_first_sound = steps.start == 0 if reply.filler is not None else speaks
        if times.spoken is not None and times.felt is not None and is_first_sound:
            own["lk.e2e_latency"] = reported(self._call, index, "e2e", times.felt)
            if not self._is_old:
                own["lk.end_of_turn_delay"] = reported(
                    self._call, index, "wait", times.decided - times.spoken.end
                )
                own["lk.transcription_delay"] = reported(
                    self._call, index, "stt", times.final - times.spoken.end
                )
                own["lk.on_user_turn_completed_delay"] = times.called - times.decided
        return own

    def _model(self, index: int, reply: Reply, step: int, asked: Asked, turn: str) -> None:
        generation = reply.steps[step]
        is_last = step + 1 == len(reply.steps)
        failed = reply.failed if is_last else None
        spans, part = self._spans, (index, "llm")
        node, request = spans.new_id(), spans.new_id()
        provider: Attributes = {
            "gen_ai.request.model": generation.model,
            "gen_ai.provider.name": "openai",
        }
        attempts = len(asked.attempts)
        for number, attempt in enumerate(asked.attempts):
            is_bad = failed is not None or number + 1 < attempts
            run = spans.add(
                "llm_request_run", request, attempt.start, attempt.end,
                self._attributes({**self._served(provider), "lk.retry_count": number}),
                part=part, error=(failed or "upstream closed the connection") if is_bad else None,
            )  # fmt: skip
            if is_bad:
                spans.told.ids[index, "attempt"].add(run)
        spoken = reply.text if is_last else reply.filler or ""
        ttft = reported(self._call, index, "llm", asked.first - asked.start)
        told: Attributes = {} if failed else self._answered(generation, asked, ttft)
        spans.add(
            "llm_request", node, asked.start, asked.end,
            self._attributes({**provider, "gen_ai.operation.name": "chat", **told,
                              **self._messages(index)}),
            span_id=request, part=part, error=failed,
        )  # fmt: skip
        private: Attributes = {} if failed else {"response__text": spoken}
        own: Attributes = {} if failed else {"lk.response.ttft": ttft}
        spans.add(
            "llm_node", turn, asked.start, asked.end,
            self._attributes({**provider, **own}, **private),
            span_id=node, part=part, error=failed,
        )  # fmt: skip

    def _served(self, by: Attributes) -> Attributes:
        """Who served a request: up to 1.6 the spans of attempts do not say."""
        return {} if self._is_old else by

    def _answered(self, generation: Generation, asked: Asked, ttft: float) -> Attributes:
        metrics = {
            "type": "llm_metrics",
            "duration": asked.end - asked.start,
            "ttft": ttft,
            "cancelled": False,
            "completion_tokens": generation.output + generation.reasoning,
            "prompt_tokens": generation.prompt,
            "prompt_cached_tokens": generation.cached,
            "reasoning_tokens": generation.reasoning,
        }
        told: Attributes = {
            "gen_ai.usage.input_tokens": generation.prompt,
            "gen_ai.usage.output_tokens": generation.output + generation.reasoning,
            "lk.llm_metrics": json.dumps(metrics),
        }
        if not self._is_old:
            told |= {
                "gen_ai.response.model": generation.answered_by,
                "gen_ai.response.time_to_first_chunk": ttft,
            }
            if generation.cached:
                told["gen_ai.usage.cache_read.input_tokens"] = generation.cached
                told["gen_ai.usage.input_cached_tokens"] = generation.cached
            if generation.reasoning:
                told["gen_ai.usage.reasoning.output_tokens"] = generation.reasoning
        return told

    def _messages(self, index: int) -> Attributes:
        if self._is_old:
            return {}
        parts = [
            {"role": each["role"], "parts": [{"type": "text", "content": each["content"]}]}
            for each in messages_before(self._call, index)[-1:]
        ]
        return {"gen_ai.input.messages": json.dumps(parts)}

    def _tool(self, part: Place, tool: ToolRun, ran: Span, turn: str) -> None:
        own: Attributes = {
            "lk.function_tool.id": self._spans.word("call_"),
            "lk.function_tool.name": tool.name,
            "lk.function_tool.is_error": tool.error is not None,
        }
        if not self._is_old:
            own |= {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool.name}
            if tool.error is not None:
                own["error.type"] = "tool_error"
        private: Attributes = {
            "function_tool__arguments": "{}",
            "function_tool__output": tool.error or '{"found": 3}',
        }
        self._spans.add(
            "function_tool", turn, ran.start, ran.end, self._attributes(own, **private), part=part
        )

    def _voice(
        self, index: int, reply: Reply, text: str, voiced: Span, turn: str, early: float | None
    ) -> None:
        """`early`: in 1.5 the voice's span begins with the model's and waits for its words."""
        agent, spans, part = self._call.agent, self._spans, (index, "tts")
        model: Attributes = {
            "gen_ai.request.model": agent.voice,
            "gen_ai.provider.name": "Cartesia",
        }
        ttfb = reported(self._call, index, "tts", voiced.end - voiced.start)
        audio = reply.seconds if text == reply.text else reply.filler_seconds
        metrics = {
            "type": "tts_metrics",
            "ttfb": ttfb,
            "duration": voiced.end - voiced.start + 0.1 * audio,
            "audio_duration": audio,
            "cancelled": False,
            "characters_count": len(text),
            "streamed": True,
            "acquire_time": reply.acquire or 0.0,
            "connection_reused": reply.acquire is None,
        }
        start = voiced.start if early is None else early
        end = voiced.end + 0.1 * audio
        node, request = spans.new_id(), spans.new_id()
        told = self._attributes(
            {**self._served(model), "lk.tts_metrics": json.dumps(metrics)}, input_text=text
        )
        spans.add(
            "tts_request_run", request, start, end, self._attributes(self._served(model)), part=part
        )
        spans.add("tts_request", node, start, end, told, span_id=request, part=part)
        own = self._attributes({**model, "lk.response.ttfb": ttfb})
        spans.add("tts_node", turn, start, end, own, span_id=node, part=part)

    def _play(self, part: Place, piece: Span, turn: str) -> None:
        self._spans.add(
            "agent_speaking", turn, piece.start, piece.end, self._attributes({}), part=part
        )

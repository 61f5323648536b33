"""A call as a program without a voice framework tells it: GenAI conventions, or Langfuse's SDK.

One trace per call, a span per turn below its root, and below that what was asked of each service.
Neither says when the caller stopped speaking.
"""

import json
from datetime import UTC, datetime

from bench.diagnosis_shapes.telling import Spans, Told, messages_before, reported
from bench.diagnosis_world.agents import Shape
from bench.diagnosis_world.call import Call, Exchange, Reply
from bench.diagnosis_world.timeline import Asked, Span, Times, heard_words
from turnwise.app.demo.otlp_bytes import Value


def generic_call(call: Call) -> Told:
    """All spans of the call."""
    is_langfuse = call.agent.shape is Shape.LANGFUSE
    return (_Langfuse if is_langfuse else _GenAi)(call).told()


class _Telling:
    """What both have in common; the subclasses say what the attributes are called."""

    scope: str

    def __init__(self, call: Call):
        self.call = call
        self.spans = Spans(call, self.scope)
        self._root = self.spans.new_id()

    def told(self) -> Told:
        for index, (exchange, times) in enumerate(
            zip(self.call.exchanges, self.spans.line.exchanges, strict=True)
        ):
            self._turn(index, exchange, times)
        end = self.spans.line.end
        self.spans.add("call", None, 0.0, end, self.root(), span_id=self._root)
        return self.spans.finish({})

    def _turn(self, index: int, exchange: Exchange, times: Times) -> None:
        spans, reply, speech = self.spans, exchange.reply, exchange.speech
        turn = spans.new_id()
        began = [times.called]
        ended = [times.called]
        if speech is not None and times.spoken is not None:
            began.append(times.spoken.start)
            made = spans.add(
                "stt", turn, times.spoken.start, times.final,
                self.step("stt", self.call.agent.hearing), part=(index, "stt"),
            )  # fmt: skip
            spans.told.ids[index, "user"].add(made)
        if reply is not None:
            ended += self._reply(index, reply, times, turn)
        spans.add(
            "turn", self._root, min(began), max(ended), self.turn(), span_id=turn,
            part=(index, "turn"),
        )  # fmt: skip

    def _reply(self, index: int, reply: Reply, times: Times, turn: str) -> list[float]:
        spans = self.spans
        for number, asked in enumerate(times.asked):
            self._ask(index, reply, number, asked, turn)
        for tool, ran in zip(reply.tools, times.tools, strict=False):
            spans.add(
                f"execute_tool {tool.name}", turn, ran.start, ran.end, self.tool(tool.name),
                part=(index, "tool"), error=tool.error, error_type="ToolError",
            )  # fmt: skip
        if reply.filler and times.filler_voiced is not None and times.filler is not None:
            self._voice(index, reply.filler, times.filler_voiced, times.filler.end, turn)
        if times.voiced is not None:
            end = times.heard[-1].end
            self._voice(index, heard_words(reply, times), times.voiced, end, turn)
        if reply.side_error is not None:
            at = times.asked[0].start + 0.01
            spans.add(
                "crm.note", turn, at, at + 0.08, self.turn(), part=(index, "side"),
                error=reply.side_error, error_type="ConnectionError",
            )  # fmt: skip
        return [*(span.end for span in times.heard), *(asked.end for asked in times.asked)]

    def _ask(self, index: int, reply: Reply, number: int, asked: Asked, turn: str) -> None:
        step = reply.steps[number]
        is_last = number + 1 == len(reply.steps)
        failed = reply.failed if is_last else None
        for attempt in asked.attempts[:-1]:
            made = self.spans.add(
                f"chat {step.model}", turn, attempt.start, attempt.end,
                self.step("chat", step.model), part=(index, "llm"),
                error="upstream closed the connection",
            )  # fmt: skip
            self.spans.told.ids[index, "attempt"].add(made)
        start = asked.attempts[-1].start
        ttft = reported(self.call, index, "llm", asked.first - start)
        text = reply.text if is_last else reply.filler or ""
        attributes = self.step("chat", step.model) | self.request(index)
        if failed is None:
            usage = {"input": step.prompt, "output": step.output + step.reasoning}
            if step.cached:
                usage["cached"] = step.cached
            if step.reasoning:
                usage["reasoning"] = step.reasoning
            attributes |= self.answer(step.answered_by, text, usage)
            attributes |= self.first("chat", start, ttft)
        self.spans.add(
            f"chat {step.model}", turn, start, asked.end, attributes,
            part=(index, "llm"), error=failed,
        )  # fmt: skip

    def _voice(self, index: int, text: str, voiced: Span, until: float, turn: str) -> None:
        ttfb = reported(self.call, index, "tts", voiced.end - voiced.start)
        attributes = self.step("tts", self.call.agent.voice) | self.spoken(text)
        attributes |= self.first("tts", voiced.start, ttfb)
        end = max(voiced.end, until)
        self.spans.add("tts", turn, voiced.start, end, attributes, part=(index, "tts"))

    def root(self) -> dict[str, Value]:
        raise NotImplementedError

    def turn(self) -> dict[str, Value]:
        raise NotImplementedError

    def step(self, operation: str, model: str) -> dict[str, Value]:
        raise NotImplementedError

    def tool(self, name: str) -> dict[str, Value]:
        raise NotImplementedError

    def request(self, index: int) -> dict[str, Value]:
        raise NotImplementedError

    def answer(self, model: str, text: str, usage: dict[str, int]) -> dict[str, Value]:
        raise NotImplementedError

    def spoken(self, text: str) -> dict[str, Value]:
        raise NotImplementedError

    def first(self, operation: str, start: float, seconds: float) -> dict[str, Value]:
        """When the first token or the first sound came."""
        raise NotImplementedError


class _GenAi(_Telling):
    scope = "voice-app"

    def root(self) -> dict[str, Value]:
        return {**self.turn(), "gen_ai.operation.name": "invoke_workflow"}

    def turn(self) -> dict[str, Value]:
        return {"session.id": self.call.id, "gen_ai.agent.name": self.call.agent.name}

    def step(self, operation: str, model: str) -> dict[str, Value]:
        named = {"gen_ai.operation.name": operation, "gen_ai.request.model": model}
        return {"session.id": self.call.id, **named}

    def tool(self, name: str) -> dict[str, Value]:
        named = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
        return {"session.id": self.call.id, **named}

    def request(self, index: int) -> dict[str, Value]:
        told = [
            {"role": each["role"], "parts": [{"type": "text", "content": each["content"]}]}
            for each in messages_before(self.call, index)
        ]
        return {"gen_ai.input.messages": json.dumps(told), "gen_ai.provider.name": "openai"}

    def answer(self, model: str, text: str, usage: dict[str, int]) -> dict[str, Value]:
        said = [{"role": "assistant", "parts": [{"type": "text", "content": text}]}]
        names = {
            "input": "input_tokens",
            "output": "output_tokens",
            "cached": "cache_read.input_tokens",
            "reasoning": "reasoning.output_tokens",
        }
        counts = {f"gen_ai.usage.{names[key]}": value for key, value in usage.items()}
        told: dict[str, Value] = {"gen_ai.response.model": model, **counts}
        return told | ({"gen_ai.output.messages": json.dumps(said)} if text else {})

    def spoken(self, text: str) -> dict[str, Value]:
        said = [{"role": "assistant", "parts": [{"type": "text", "content": text}]}]
        return {"gen_ai.output.messages": json.dumps(said)}

    def first(self, operation: str, start: float, seconds: float) -> dict[str, Value]:
        return {"gen_ai.response.time_to_first_chunk": seconds}


class _Langfuse(_Telling):
    scope = "langfuse-sdk"

    def root(self) -> dict[str, Value]:
        return {**self._of("span"), "langfuse.trace.name": "voice call"}

    def _of(self, kind: str) -> dict[str, Value]:
        return {
            "langfuse.observation.type": kind,
            "session.id": self.call.id,
            "langfuse.release": self.call.agent.version,
            "langfuse.version": self.call.agent.version,
        }

    def turn(self) -> dict[str, Value]:
        return self._of("span")

    def step(self, operation: str, model: str) -> dict[str, Value]:
        kind = "generation" if operation == "chat" else "span"
        return {**self._of(kind), "langfuse.observation.model.name": model}

    def tool(self, name: str) -> dict[str, Value]:
        return {**self._of("tool"), "langfuse.observation.input": "{}"}

    def request(self, index: int) -> dict[str, Value]:
        return {"langfuse.observation.input": json.dumps(messages_before(self.call, index))}

    def answer(self, model: str, text: str, usage: dict[str, int]) -> dict[str, Value]:
        names = {
            "input": "input",
            "output": "output",
            "cached": "input_cached_tokens",
            "reasoning": "output_reasoning_tokens",
        }
        counts = {names[key]: value for key, value in usage.items()}
        said = {"langfuse.observation.output": text} if text else {}
        return {
            "langfuse.observation.usage_details": json.dumps(counts),
            "langfuse.observation.model.name": model,
            **said,
        }

    def spoken(self, text: str) -> dict[str, Value]:
        return {"langfuse.observation.output": text}

    def first(self, operation: str, start: float, seconds: float) -> dict[str, Value]:
        at = datetime.fromtimestamp(self.spans.ns(start + seconds) / 1e9, UTC)
        return {"langfuse.observation.completion_start_time": json.dumps(at.isoformat())}

"""Requests to the model, tools and voice of a LiveKit agent, with every attempt."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from turnwise.app.demo import phrases
from turnwise.app.demo.drawing import TOKENS_PER_S, stacktrace, tokens_in
from turnwise.app.demo.livekit_sheet import Sheet
from turnwise.app.demo.otlp_bytes import Event, Value
from turnwise.app.demo.story import Beat, ToolRun
from turnwise.model.instants import NS_PER_SECOND, iso_us, ns_from_seconds

_ERROR = "APIConnectionError"
_ERROR_MODULE = "livekit.agents._exceptions"
_SOURCE = "livekit/agents/llm/llm.py"
_TOKENS_PER_TOOL = 58
_CACHED_FROM = 1_024
_CACHE_BLOCK = 128
_PLUGIN = "livekit.plugins"


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def failed(message: str) -> dict[str, Value]:
    """The attributes of a span that an exception ended."""
    return {
        "error.type": _ERROR,
        "exception.type": _ERROR,
        "exception.message": message,
        "exception.stacktrace": stacktrace(_SOURCE, _ERROR, message),
    }


def raised(message: str, at_ns: int) -> Event:
    """The event of the same."""
    told: dict[str, Value] = {
        "exception.type": f"{_ERROR_MODULE}.{_ERROR}",
        "exception.message": message,
        "exception.stacktrace": stacktrace(_SOURCE, _ERROR, message),
        "exception.escaped": "False",
    }
    return Event("exception", at_ns, told)


@dataclass(frozen=True, slots=True)
class Reply:
    """How a request to the model went."""

    first_ns: int
    end_ns: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the model gives back: words, or tools to use."""

    text: str
    runs: Sequence[ToolRun]
    prompt: int
    cached: int
    ttft_s: float

    @property
    def written(self) -> int:
        calls = sum(12 + tokens_in(json.dumps(run.use.arguments)) for run in self.runs)
        return calls + (tokens_in(self.text) if self.text else 0)


class ModelSteps(Sheet):
    """What the agent does to answer."""

    _last_prompt = 0

    def ask(self, turn_id: str, start_ns: int, beat: Beat, runs: Sequence[ToolRun]) -> Reply:
        """One request to the model, with its attempts; `runs` are the tools that it asks for.

        A beat with tools asks twice; the failing attempts are those of its last request.
        """
        is_last = not runs
        failures = beat.failures if is_last else 0
        ttft_s = beat.llm_s[-1] if is_last else beat.llm_s[0]
        node, request = self.new_id(), self.new_id()
        asked_ns = start_ns + self.draw.little_ns(450)
        attempt_ns = asked_ns + self.draw.little_ns(140)
        for retry in range(failures):
            attempt_ns = self._fail(request, attempt_ns, retry)
        error = self._last_error if beat.is_lost else None
        if error is not None:
            ended_ns = attempt_ns
            self._add_lost_request(node, request, turn_id, (start_ns, asked_ns, ended_ns), error)
            return Reply(ended_ns, ended_ns, error)
        answer = self._answer(beat, runs, ttft_s)
        first_ns = attempt_ns + ns_from_seconds(ttft_s)
        ended_ns = first_ns + ns_from_seconds(answer.written / TOKENS_PER_S)
        id_ = f"chatcmpl-{self.draw.hexadecimal(12)}"
        told = {**self._model(), "lk.retry_count": failures, "lk.provider_request_ids": [id_]}
        self.add("llm_request_run", request, attempt_ns, ended_ns, told)
        times = (asked_ns, first_ns, ended_ns + 300_000)
        self.add(
            "llm_request",
            node,
            asked_ns,
            times[2],
            self._request(answer, id_, times),
            span_id=request,
        )
        over_ns = ended_ns + 700_000
        self.add(
            "llm_node",
            turn_id,
            start_ns,
            over_ns,
            self._node(answer, first_ns - start_ns),
            span_id=node,
        )
        self._last_prompt = answer.prompt
        return Reply(first_ns, over_ns)

    _last_error: str | None = None

    def _fail(self, request_id: str, start_ns: int, retry: int) -> int:
        """An attempt that fails; gives when the next one begins."""
        rng = self.draw.rng
        message = self._last_error = rng.choice(phrases.LLM_ERRORS)
        end_ns = start_ns + ns_from_seconds(rng.uniform(0.25, 1.1))
        self.add(
            "llm_request_run",
            request_id,
            start_ns,
            end_ns,
            {**self._model(), "lk.retry_count": retry, **failed(message)},
            events=[raised(message, end_ns)],
            error=message,
        )
        return end_ns + ns_from_seconds(0.1 if retry == 0 else 1.0)

    def _add_lost_request(
        self, node: str, request: str, turn_id: str, times: tuple[int, int, int], message: str
    ) -> None:
        start_ns, asked_ns, end_ns = times
        told = {**self._model(), **failed(message)}
        happened = [raised(message, end_ns)]
        self.add(
            "llm_request",
            node,
            asked_ns,
            end_ns,
            {**self._asking(), **told},
            span_id=request,
            events=happened,
            error=message,
        )
        self.add(
            "llm_node",
            turn_id,
            start_ns,
            end_ns + 400_000,
            {**self._context(), **told},
            span_id=node,
            events=happened,
            error=message,
        )

    def _model(self) -> dict[str, Value]:
        llm = self.story.llm
        return {"gen_ai.provider.name": llm.provider, "gen_ai.request.model": llm.name}

    def _answer(self, beat: Beat, runs: Sequence[ToolRun], ttft_s: float) -> _Answer:
        said = tokens_in(self.instructions) + tokens_in(json.dumps(self.messages))
        prompt = said + _TOKENS_PER_TOOL * len(self.story.profile.tools)
        known = min(self._last_prompt, prompt)
        cached = known // _CACHE_BLOCK * _CACHE_BLOCK if known >= _CACHED_FROM else 0
        return _Answer("" if runs else beat.agent, runs, prompt, cached, ttft_s)

    def _asking(self) -> dict[str, Value]:
        return {
            "gen_ai.operation.name": "chat",
            **self._model(),
            "gen_ai.request.stream": True,
            "gen_ai.output.type": "text",
            "gen_ai.system_instructions": json.dumps(
                [{"type": "text", "content": self.instructions}]
            ),
            "gen_ai.input.messages": json.dumps(self.messages, ensure_ascii=False),
            "gen_ai.tool.definitions": self.definitions,
        }

    def _request(self, answer: _Answer, id_: str, times: tuple[int, int, int]) -> dict[str, Value]:
        asked_ns, first_ns, end_ns = times
        llm = self.story.llm
        duration_s = (end_ns - asked_ns) / NS_PER_SECOND
        metrics = {
            "type": "llm_metrics",
            "label": f"{_PLUGIN}.{llm.provider}.llm.LLM",
            "request_id": id_,
            "timestamp": end_ns / NS_PER_SECOND,
            "duration": duration_s,
            "ttft": answer.ttft_s,
            "cancelled": False,
            "completion_tokens": answer.written,
            "prompt_tokens": answer.prompt,
            "prompt_cached_tokens": answer.cached,
            "cache_creation_tokens": 0,
            "reasoning_tokens": 0,
            "total_tokens": answer.written + answer.prompt,
            "tokens_per_second": answer.written / duration_s,
            "speech_id": None,
            "metadata": {"model_name": llm.name, "model_provider": llm.provider},
        }
        told = self._asking()
        told["lk.llm_metrics"] = _compact(metrics)
        told["gen_ai.usage.input_tokens"] = answer.prompt
        told["gen_ai.usage.output_tokens"] = answer.written
        if answer.cached:
            told["gen_ai.usage.cache_read.input_tokens"] = answer.cached
            told["gen_ai.usage.input_cached_tokens"] = answer.cached
        told["gen_ai.response.id"] = id_
        told["gen_ai.response.model"] = llm.name
        reason = "tool_call" if answer.runs else "stop"
        told["gen_ai.response.finish_reasons"] = [reason]
        told["gen_ai.response.time_to_first_chunk"] = answer.ttft_s
        message = {"role": "assistant", "parts": _parts(answer), "finish_reason": reason}
        told["gen_ai.output.messages"] = json.dumps([message], ensure_ascii=False)
        begun = iso_us(first_ns).replace("Z", "+00:00")
        told["langfuse.observation.completion_start_time"] = json.dumps(begun)
        return told

    def _context(self) -> dict[str, Value]:
        first = {
            "id": "lk.agent_task.instructions",
            "type": "message",
            "role": "system",
            "content": [self.instructions, {"type": "cache_breakpoint"}],
            "interrupted": False,
            "extra": {},
        }
        items = json.dumps({"items": [first, *self.history]}, ensure_ascii=False)
        return {
            "lk.pii.chat_ctx": items,
            "lk.function_tools": list(self.story.profile.tools),
            "lk.provider_tools": [],
            "lk.tool_sets": [],
            **self._model(),
        }

    def _node(self, answer: _Answer, first_after_ns: int) -> dict[str, Value]:
        calls: list[dict[str, object]] = [
            {
                "id": f"item_{self.draw.hexadecimal(12)}/fnc_{at}",
                "call_id": run.call_id,
                "arguments": json.dumps(run.use.arguments),
                "name": run.use.name,
                "extra": {},
                "group_id": None,
            }
            for at, run in enumerate(answer.runs)
        ]
        return {
            **self._context(),
            "lk.pii.response.text": answer.text,
            "lk.pii.response.function_calls": json.dumps(calls),
            "lk.response.ttft": first_after_ns / NS_PER_SECOND,
        }

    def _remember_tool(self, run: ToolRun, arguments: str, output: str) -> None:
        told = {"call_id": run.call_id, "name": run.use.name}
        self.history += [
            {"type": "function_call", **told, "arguments": arguments},
            {"type": "function_call_output", **told, "output": output, "is_error": bool(run.error)},
        ]
        asked = {"type": "tool_call", "id": run.call_id, "name": run.use.name}
        response = run.error if run.error is not None else run.use.result
        answered = {"type": "tool_call_response", "id": run.call_id, "name": run.use.name}
        self.messages += [
            {"role": "assistant", "parts": [{**asked, "arguments": run.use.arguments}]},
            {"role": "tool", "parts": [{**answered, "response": response}]},
        ]

    def voice(self, turn_id: str, start_ns: int, beat: Beat) -> int:
        """Say the answer; gives when its first sound came from the voice."""
        tts, node, request = self.story.profile.tts, self.new_id(), self.new_id()
        asked_ns = start_ns + self.draw.little_ns(300)
        first_ns = start_ns + ns_from_seconds(beat.tts_s)
        end_ns = first_ns + ns_from_seconds(0.06 * beat.speech_s)
        id_ = self.draw.hexadecimal(12)
        model: dict[str, Value] = {
            "gen_ai.provider.name": tts.provider,
            "gen_ai.request.model": tts.name,
        }
        told: dict[str, Value] = {**model, "lk.retry_count": 0, "lk.provider_request_ids": [id_]}
        self.add("tts_request_run", request, asked_ns + 90_000, end_ns - 200_000, told)
        label = f"{_PLUGIN}.{tts.provider.lower()}.tts.TTS"
        metrics = {
            "type": "tts_metrics",
            "label": label,
            "request_id": f"tts-{id_}",
            "timestamp": end_ns / NS_PER_SECOND,
            "ttfb": beat.tts_s,
            "duration": (end_ns - asked_ns) / NS_PER_SECOND,
            "audio_duration": beat.speech_s,
            "cancelled": False,
            "characters_count": len(beat.agent),
            "input_tokens": 0,
            "output_tokens": 0,
            "streamed": True,
            "acquire_time": 0.0,
            "connection_reused": True,
            "segment_id": id_,
            "speech_id": None,
            "metadata": {"model_name": tts.name, "model_provider": tts.provider},
        }
        told = {
            "lk.tts.streaming": True,
            "lk.tts.label": label,
            **model,
            "lk.pii.input_text": beat.agent,
            "lk.tts_metrics": _compact(metrics),
        }
        self.add("tts_request", node, asked_ns, end_ns, told, span_id=request)
        told = {**model, "lk.response.ttfb": beat.tts_s}
        self.add("tts_node", turn_id, start_ns, end_ns + 300_000, told, span_id=node)
        return first_ns

    def add_tool(self, turn_id: str, start_ns: int, run: ToolRun) -> int:
        """A tool at work; gives its end, and remembers its answer."""
        end_ns = start_ns + ns_from_seconds(run.seconds)
        name, call_id = run.use.name, run.call_id
        arguments = json.dumps(run.use.arguments)
        result = json.dumps(run.use.result)
        output = run.error or (run.use.result if isinstance(run.use.result, str) else result)
        told: dict[str, Value] = {
            "lk.function_tool.id": call_id,
            "lk.function_tool.name": name,
            "lk.pii.function_tool.arguments": arguments,
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": call_id,
            "gen_ai.agent.name": self.label,
            "gen_ai.tool.description": self.story.profile.tools[name],
            "gen_ai.tool.call.arguments": arguments,
            "lk.pii.function_tool.output": output,
            "lk.function_tool.is_error": run.error is not None,
        }
        if run.error is None:
            told["gen_ai.tool.call.result"] = result
        else:
            told["error.type"] = "tool_error"
        self.add("function_tool", turn_id, start_ns, end_ns, told)
        self._remember_tool(run, arguments, output)
        return end_ns


def _parts(answer: _Answer) -> list[dict[str, object]]:
    if not answer.runs:
        return [{"type": "text", "content": answer.text}]
    return [
        {
            "type": "tool_call",
            "id": run.call_id,
            "name": run.use.name,
            "arguments": run.use.arguments,
        }
        for run in answer.runs
    ]

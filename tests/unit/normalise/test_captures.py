"""What the senders measured is what the observations say, number for number."""

import json
from typing import Any

import pytest

from tests.unit.normalise.captures import PRESENT_NS, PROJECT, Capture, captures, of_step
from turnwise.model.instants import NS_PER_MS
from turnwise.model.observation import Kind, Level, Observation, Step
from turnwise.normalise import normalise_spans

ALL = captures("livekit", "pipecat", "otel_json")
VOICE = captures("livekit", "pipecat")
LIVEKIT = captures("livekit")
PIPECAT = captures("pipecat")
NEAR_MS = 0.002


def _ms(ns: int | None) -> float | None:
    return None if ns is None else ns / NS_PER_MS


def _each_said(
    found: list[float | None], said: list[float | None], *, near_ms: float = NEAR_MS
) -> None:
    """Every number that the sender measured is among the found ones, each used once."""
    left = [each for each in found if each is not None]
    for number in said:
        if number is None:
            continue
        match = next((each for each in left if abs(each - number) <= near_ms), None)
        assert match is not None, (number, found)
        left.remove(match)


def _turns(capture: Capture, speaker: str) -> list[dict[str, Any]]:
    return [turn for turn in capture.truth["turns"] if turn["speaker"] == speaker]


def _complete(capture: Capture) -> bool:
    return bool(capture.truth["ended"] == "closed")


def test_there_are_captures() -> None:
    assert {str(each).partition("/")[0] for each in ALL} >= {"livekit", "pipecat"}


@pytest.mark.parametrize("capture", ALL, ids=str)
def test_tokens_and_models(capture: Capture) -> None:
    calls = [call for call in capture.truth["llm_calls"] if not call["error"]]
    found = [
        (
            each.usage_details.get("input"),
            each.usage_details.get("output"),
            each.usage_details.get("input_cached_tokens", 0),
        )
        for each in of_step(capture.observations(), Step.LLM)
        if each.usage_details
    ]
    said = [
        (call["input_tokens"], call["output_tokens"], call["cached_tokens"] or 0)
        for call in calls
        if call["input_tokens"] is not None and not call["cancelled"]
    ]
    for each in said:
        assert each in found
        found.remove(each)
    models = {each.model for each in of_step(capture.observations(), Step.LLM) if each.model}
    for call in calls:
        assert any(model.startswith(call["model"]) for model in models)


@pytest.mark.parametrize("capture", ALL, ids=str)
def test_first_token(capture: Capture) -> None:
    requests = of_step(capture.observations(), Step.LLM)
    calls = [call for call in capture.truth["llm_calls"] if not call["error"]]
    _each_said(
        [_ms(each.voice.llm_ttft_ns) for each in requests],
        [call["ttft_ms"] for call in calls if not call["cancelled"]],
    )
    for each in requests:
        if each.voice.llm_ttft_ns is not None:
            assert each.first_token_ns is not None
            assert abs(each.first_token_ns - each.start_ns - each.voice.llm_ttft_ns) < 50e6


@pytest.mark.parametrize("capture", VOICE, ids=str)
def test_stage_latencies(capture: Capture) -> None:
    observations = capture.observations()
    if not _complete(capture):
        pytest.skip("the last turns never arrived")
    heard = of_step(observations, Step.USER_TURN, Step.STT)
    _each_said(
        [_ms(each.voice.stt_ns) for each in heard],
        [turn["stt_ms"] for turn in _turns(capture, "user")],
    )
    spoken = of_step(observations, Step.TTS)
    _each_said(
        [_ms(each.voice.tts_ttfb_ns) for each in spoken],
        [turn["tts_ttfb_ms"] for turn in _turns(capture, "agent")],
    )


@pytest.mark.parametrize("capture", LIVEKIT, ids=str)
def test_livekit_turns(capture: Capture) -> None:
    if not _complete(capture):
        pytest.skip("the last turns never arrived")
    observations = capture.observations()
    turns = of_step(observations, Step.AGENT_TURN)
    said = _turns(capture, "agent")
    if capture.truth["pii"]:
        texts = [each.voice.agent_text for each in turns if each.voice.agent_text]
        assert texts == [turn["text"] for turn in said if turn["text"]]
    else:
        assert not any(each.input or each.output for each in observations)
    _each_said([_ms(each.voice.e2e_ns) for each in turns], [turn["e2e_ms"] for turn in said])
    cut = sum(1 for each in turns if each.voice.interrupted and each.voice.playout_position_ns != 0)
    assert cut == sum(1 for turn in said if turn["interrupted"])
    heard = [
        each.voice.user_text
        for each in of_step(observations, Step.USER_TURN)
        if each.voice.user_text
    ]
    if heard:
        assert heard == [turn["text"] for turn in _turns(capture, "user")]


@pytest.mark.parametrize("capture", PIPECAT, ids=str)
def test_pipecat_turns(capture: Capture) -> None:
    observations = capture.observations()
    wrote = [each.voice.agent_text for each in of_step(observations, Step.LLM)]
    for turn in _turns(capture, "agent"):
        assert turn["full_text"] in wrote
    heard = " ".join(each.voice.user_text or "" for each in of_step(observations, Step.STT))
    for turn in _turns(capture, "user"):
        assert turn["text"] in heard
    _each_said(
        [_ms(each.voice.e2e_ns) for each in of_step(observations, Step.EXCHANGE)],
        [turn["e2e_ms"] for turn in _turns(capture, "agent")],
        near_ms=0.5,  # Pipecat's observer and its frames take their times apart
    )


@pytest.mark.parametrize("capture", ALL, ids=str)
def test_tools(capture: Capture) -> None:
    observations = capture.observations()
    spans = {each.voice.tool_name: each for each in of_step(observations, Step.TOOL)}
    told = {
        message.name: message
        for each in of_step(observations, Step.LLM)
        for message in each.voice.tool_messages
    }
    for tool in capture.truth["tools"]:
        span = spans.get(tool["name"])
        if span is None:
            assert tool["name"] in told
            continue
        assert span.kind is Kind.TOOL
        assert (span.level is Level.ERROR) == bool(tool["error"])
        assert span.input is not None
        if isinstance(tool.get("arguments"), dict):
            assert json.loads(span.input) == tool["arguments"]


@pytest.mark.parametrize("capture", ALL, ids=str)
def test_session(capture: Capture) -> None:
    observations = capture.observations()
    named = [each for each in observations if each.session_ref is not None]
    if _complete(capture):
        best = min(named, key=lambda each: each.session_rank)
        assert best.session_ref == capture.truth["session_id"]


@pytest.mark.parametrize("capture", ALL, ids=str)
def test_only_one_span_counts_for_a_generation(capture: Capture) -> None:
    for each in capture.observations():
        assert (each.kind is Kind.GENERATION) == (each.step is Step.LLM)
        if each.usage_details:
            assert each.step is Step.LLM
            assert each.usage_details["total"] >= each.usage_details["output"]


@pytest.mark.parametrize("capture", ALL, ids=str)
def test_nothing_is_lost_and_texts_are_json(capture: Capture) -> None:
    spans = capture.spans()
    kept, _ = normalise_spans(PROJECT, spans, present_ns=PRESENT_NS)
    for span, each in zip(spans, kept, strict=True):
        assert each.metadata is not None
        metadata = json.loads(each.metadata)
        moved = set(span.attributes) - set(metadata["attributes"])
        for name in moved:
            assert _is_held(span.attributes[name], each)
        assert len(metadata.get("events", [])) == len(span.events)
        assert metadata["resource"] == dict(span.resource)
        for text in (each.input, each.output, each.model_parameters):
            if text is not None:
                json.loads(text)


def _is_held(value: Any, each: Observation) -> bool:
    held = [json.loads(text) for text in (each.input, each.output) if text is not None]
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        return json.loads(value) in held or value in held
    return value in held


@pytest.mark.parametrize("capture", ALL, ids=str)
def test_the_same_spans_give_the_same_observations(capture: Capture) -> None:
    first, _ = normalise_spans(PROJECT, capture.spans(), present_ns=PRESENT_NS)
    second, _ = normalise_spans(PROJECT, capture.spans(), present_ns=PRESENT_NS)
    assert first == second
    backwards, _ = normalise_spans(PROJECT, capture.spans()[::-1], present_ns=PRESENT_NS)
    assert backwards == first[::-1]

"""What is billed: each pitfall of pricing voice, and that nothing is counted twice."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analyse.build import span
from turnwise.analyse.billing import amounts_of, charges, started_minutes, tokens_of
from turnwise.analyse.pricing import Pricer
from turnwise.model.observation import Framework, Observation, Step
from turnwise.model.price import Unit

BUILT_IN = Pricer(())
USD = {unit: Decimal(number) / 10**6 for number, unit in enumerate(Unit, 1)}
PARTS = (
    "input", "output", "input_cached_tokens", "input_cache_creation", "input_audio_tokens",
    "input_cached_audio_tokens", "output_audio_tokens", "output_reasoning_tokens",
)  # fmt: skip
usages = st.dictionaries(st.sampled_from(PARTS), st.integers(0, 10**7))


def _llm(model: str, provider: str | None = None, **usage: int) -> Observation:
    return span(Step.LLM, 0, 9, "g", model=model, provider=provider, usage_details=usage)


def _costs(observation: Observation) -> dict[str, Decimal]:
    return BUILT_IN.complete(observation).cost_details


def _stt(seconds: float, span_id: str = "s") -> Observation:
    return span(Step.STT, 0, 9, span_id, model="nova-3", audio_ms=seconds * 1000)


def test_streaming_recognition_bills_the_stream_and_not_the_span() -> None:
    """The span is 9 ms long; silence included, 90 s were streamed."""
    assert _costs(_stt(90))["total"] == Decimal("0.0072")


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=20))
def test_parts_of_a_stream_cost_what_the_stream_costs(parts_ms: list[int]) -> None:
    whole = _costs(_stt(sum(parts_ms) / 1000)).get("total", Decimal(0))
    parts = [_costs(_stt(part / 1000)).get("total", Decimal(0)) for part in parts_ms]
    assert abs(whole - sum(parts)) <= len(parts) * Decimal("1E-12")


@given(usages)
def test_no_token_is_charged_twice_or_lost(usage: dict[str, int]) -> None:
    tokens = tokens_of(_llm("m", None, **usage))
    inputs = [
        tokens.amounts[unit]
        for unit in (
            Unit.INPUT_TOKEN,
            Unit.INPUT_AUDIO_TOKEN,
            Unit.CACHE_READ_TOKEN,
            Unit.CACHED_AUDIO_TOKEN,
            Unit.CACHE_WRITE_TOKEN,
        )
    ]
    assert min(tokens.amounts.values()) >= 0
    assert sum(inputs) == tokens.input_total
    assert tokens.input_total >= usage.get("input", 0)
    outputs = sum(tokens.amounts.values()) - sum(inputs)
    assert outputs >= usage.get("output", 0)


@given(usages)
def test_one_price_for_all_tokens_charges_their_number(usage: dict[str, int]) -> None:
    tokens = tokens_of(_llm("m", None, **usage))
    flat = {Unit.INPUT_TOKEN: Decimal(1), Unit.OUTPUT_TOKEN: Decimal(1)}
    assert sum(charges(tokens.amounts, flat).values()) == sum(tokens.amounts.values())


@given(usages, st.integers(2, 9))
def test_usage_in_equal_parts_costs_the_same(usage: dict[str, int], parts: int) -> None:
    once = amounts_of(_llm("m", None, **usage))
    many = amounts_of(_llm("m", None, **{name: count * parts for name, count in usage.items()}))
    per_request = USD[Unit.REQUEST] * (parts - 1)
    each = sum(charges(once, USD).values())
    assert sum(charges(many, USD).values()) + per_request == each * parts


def test_an_input_count_that_includes_the_cache_is_not_charged_twice() -> None:
    costs = _costs(_llm("gpt-4.1", "openai", input=1000, input_cached_tokens=400, output=10))
    assert costs["input"] == Decimal("0.0012")
    assert costs["input_cached_tokens"] == Decimal("0.0002")


def test_an_input_count_beside_the_cache_is_charged_in_full() -> None:
    """Pipecat hands on what Anthropic counts: 100 new tokens, and 40 from the cache beside them."""
    net = _llm("claude-haiku-4-5", "anthropic", input=100, input_cached_tokens=40, output=1)
    net = replace(net, framework=Framework.PIPECAT)
    assert tokens_of(net).input_total == 140
    assert _costs(net)["input"] == Decimal("0.0001")
    gross = replace(net, framework=Framework.LIVEKIT)
    assert tokens_of(gross).input_total == 100
    assert _costs(gross)["input"] == Decimal("0.00006")


def test_more_from_the_cache_than_went_in_was_counted_beside_it() -> None:
    costs = _costs(_llm("gpt-4o-mini", input=10, input_cached_tokens=90))
    assert costs["input"] == Decimal("0.0000015")
    assert costs["input_cached_tokens"] == Decimal("0.00000675")


def test_a_total_that_only_adds_up_with_the_cache_says_that_it_was_beside() -> None:
    usage = {"input": 100, "input_cached_tokens": 40, "output": 5}
    assert tokens_of(_llm("m", None, **usage, total=145)).input_total == 140
    assert tokens_of(_llm("m", None, **usage, total=105)).input_total == 100


def test_cache_writes_have_their_own_price() -> None:
    costs = _costs(_llm("claude-haiku-4-5", input=1000, input_cache_creation=800, output=0))
    assert costs["input_cache_creation"] == Decimal("0.001")
    assert costs["input"] == Decimal("0.0002")


def test_a_voice_that_is_paid_by_time_is_never_charged_for_characters() -> None:
    """And the other way round: the length of speech is nothing to a voice paid by the character."""
    timed = span(Step.TTS, 0, 9, "v", model="gpt-4o-mini-tts", characters=600_000, audio_ms=60_000)
    assert _costs(timed) == {"output": Decimal("0.015"), "total": Decimal("0.015")}
    assert _costs(replace(timed, voice=replace(timed.voice, audio_ns=None))) == {}
    spoken = span(Step.TTS, 0, 9, "v", model="sonic-2", characters=100, audio_ms=3_600_000)
    assert _costs(spoken)["total"] == Decimal("0.005")


def test_an_interrupted_generation_costs_what_it_used() -> None:
    whole = _llm("gpt-4.1", input=100, output=50)
    cut = replace(whole, voice=replace(whole.voice, interrupted=True))
    assert _costs(cut) == _costs(whole) != {}


def test_audio_tokens_of_a_realtime_model_are_priced_apart_from_text() -> None:
    costs = _costs(
        _llm(
            "gpt-realtime",
            input=1000,
            input_audio_tokens=800,
            input_cached_tokens=500,
            input_cached_audio_tokens=400,
            output=300,
            output_audio_tokens=200,
        )
    )
    assert costs == {
        "input": Decimal("0.0004"),
        "input_audio_tokens": Decimal("0.0128"),
        "input_cached_tokens": Decimal("0.00004"),
        "input_cached_audio_tokens": Decimal("0.00016"),
        "output": Decimal("0.0016"),
        "output_audio_tokens": Decimal("0.0128"),
        "total": Decimal("0.0278"),
    }


def test_a_realtime_session_may_be_paid_by_its_length() -> None:
    assert _costs(_llm("grok-voice-2.0", session_seconds=90))["total"] == Decimal("0.12")


def test_reasoning_is_output_unless_it_was_counted_beside_it() -> None:
    inside = tokens_of(_llm("m", output=100, output_reasoning_tokens=60)).amounts
    assert (inside[Unit.OUTPUT_TOKEN], inside[Unit.REASONING_TOKEN]) == (Decimal(40), Decimal(60))
    beside = tokens_of(_llm("m", output=40, output_reasoning_tokens=60)).amounts
    assert (beside[Unit.OUTPUT_TOKEN], beside[Unit.REASONING_TOKEN]) == (Decimal(40), Decimal(60))


@given(st.integers(0, 10**15))
def test_minutes_are_rounded_up(duration_ns: int) -> None:
    minutes = started_minutes(duration_ns)
    assert (minutes - 1) * 60 * 10**9 < duration_ns <= minutes * 60 * 10**9

"""Faults of the services that an agent uses: tools, models, voices and their connections."""

from bench.diagnosis_faults.fault import Fault, Operator, Scene, but, parts_of, somewhere, with_tool
from bench.diagnosis_world.agents import LIVEKITS, Shape
from bench.diagnosis_world.call import Exchange

_SAYS_TOKENS = but(Shape.NATIVE)
_SECONDS_PER_TOKEN = 0.00012
"""Of prompt, to the first token: what models of this size need to read."""
_FROM_TOKENS = 1_200
"""Prompts are above the size from which providers cache."""
_AFTER_A_TOOL = frozenset({"high_latency", "dead_air", "slow_tool", "error_span"})


@somewhere
def _tool_error(scene: Scene, index: int) -> Fault:
    return _tool(
        scene, index, "tool error", "tool_failure", "tool_timeout", "HTTP 503 from the service"
    )


@somewhere
def _tool_timeout(scene: Scene, index: int) -> Fault:
    return _tool(scene, index, "tool timeout", "tool_timeout", "tool_failure", "timed out")


def _tool(scene: Scene, index: int, operator: str, kind: str, other: str, error: str) -> Fault:
    exchange = scene.call.exchanges[index]
    tool = with_tool(scene, exchange)
    tool.error = error
    if kind == "tool_timeout":
        tool.seconds = scene.rng.uniform(8.0, 12.0)
    return Fault(
        operator=operator,
        type=kind,
        also=frozenset({other}),
        turn=(exchange, "agent"),
        stages=frozenset({"tool"}),
        parts=((exchange, "tool"),),
        severities=frozenset({"high"}),
        symptoms=_AFTER_A_TOOL,
    )


@somewhere
def _retry(scene: Scene, index: int) -> Fault:
    exchange = scene.call.exchanges[index]
    _, reply = parts_of(exchange)
    reply.steps[-1].failures = [scene.rng.uniform(0.3, 1.5)]
    says_attempts = scene.agent.shape in LIVEKITS
    return Fault(
        operator="retry",
        type="retry",
        also=frozenset() if says_attempts else frozenset({"error_span"}),
        turn=(exchange, "agent"),
        parts=((exchange, "attempt"), (exchange, "llm")),
        severities=frozenset({"low", "medium"}),
        symptoms=frozenset({"error_span", "high_latency"}),
    )


@somewhere
def _side_error(scene: Scene, index: int) -> Fault:
    exchange = scene.call.exchanges[index]
    _, reply = parts_of(exchange)
    reply.side_error = "the note could not be saved: connection reset"
    return Fault(
        operator="error span",
        type="error_span",
        turn=(exchange, "agent"),
        near=((exchange, "user"),),
        parts=((exchange, "side"),),
        severities=frozenset({"low", "medium"}),
    )


@somewhere
def _other_model(scene: Scene, index: int) -> Fault:
    exchange = scene.call.exchanges[index]
    _, reply = parts_of(exchange)
    for step in reply.steps:
        step.answered_by = "gpt-4.1-nano"
    return Fault(
        operator="swapped model",
        type="model_fallback",
        also=frozenset({"retry"}),
        turn=(exchange, "agent"),
        parts=((exchange, "llm"),),
        severities=frozenset({"low", "medium"}),
    )


@somewhere
def _reasoning(scene: Scene, index: int) -> Fault:
    exchange = scene.call.exchanges[index]
    _, reply = parts_of(exchange)
    reply.steps[-1].reasoning = scene.rng.randint(250, 900)
    reply.steps[-1].ttft += scene.rng.uniform(0.9, 2.5)
    return Fault(
        operator="reasoning",
        type="reasoning_delay",
        turn=(exchange, "agent"),
        stages=frozenset({"llm"}),
        parts=((exchange, "llm"),),
        symptoms=frozenset({"high_latency"}),
    )


def _cold_connection(scene: Scene) -> list[Fault]:
    greeting = scene.call.exchanges[0]
    if greeting.reply is None:
        return []
    scene.taken.append(greeting)
    greeting.reply.acquire = scene.rng.uniform(0.6, 1.8)
    return [
        Fault(
            operator="cold connection",
            type="cold_connection",
            also=frozenset({"cold_start"}),
            turn=(greeting, "agent"),
            stages=frozenset({"tts"}),
            parts=((greeting, "tts"),),
            severities=frozenset({"low"}),
            symptoms=frozenset({"high_latency", "dead_air"}),
        )
    ]


def _grown_prompt(scene: Scene) -> list[Fault]:
    """Every answer adds hundreds of tokens to the next request."""
    answered = _answered(scene)
    if len(answered) < 8 or scene.taken:
        return []
    each_time = scene.rng.uniform(350, 700)
    for number, exchange in enumerate(answered):
        for step in exchange.reply.steps if exchange.reply else []:
            more = round(number * each_time)
            step.prompt += more
            step.ttft += more * _SECONDS_PER_TOKEN
    return [
        _of_session(
            scene, "grown prompt", "prompt_growth", answered,
            frozenset({"slow_prefill", "high_latency", "cost_outlier", "chronic_latency",
                       "no_prompt_cache"}),
        )
    ]  # fmt: skip


@somewhere
def _long_prompt(scene: Scene, index: int) -> Fault:
    """One request carries a document, which the model has to read first."""
    exchange = scene.call.exchanges[index]
    _, reply = parts_of(exchange)
    more = scene.rng.randint(6_000, 14_000)
    reply.steps[-1].prompt += more
    reply.steps[-1].ttft += more * _SECONDS_PER_TOKEN
    return Fault(
        operator="long prompt",
        type="slow_prefill",
        turn=(exchange, "agent"),
        stages=frozenset({"llm"}),
        parts=((exchange, "llm"),),
        severities=frozenset({"low"}),
        symptoms=frozenset({"high_latency", "dead_air"}),
    )


def _far_away(scene: Scene) -> list[Fault]:
    """The way to every provider is longer in this call."""
    if scene.taken:
        return []
    farther = scene.rng.uniform(0.4, 0.8)
    for exchange in scene.call.exchanges:
        if exchange.speech is not None:
            exchange.speech.stt += farther
        if exchange.reply is not None:
            exchange.reply.ttfb += farther
            for step in exchange.reply.steps:
                step.ttft += farther
    fault = _of_session(
        scene, "distant region", "region_network", _answered(scene),
        frozenset({"chronic_latency", "high_latency", "dead_air", "latency_regression"}),
    )  # fmt: skip
    return [fault]


def _no_cache(scene: Scene) -> list[Fault]:
    if not scene.agent.is_cached or scene.agent.prompt < _FROM_TOKENS or scene.taken:
        return []
    answered = _answered(scene)
    for exchange in answered:
        for step in exchange.reply.steps if exchange.reply else []:
            step.cached = 0
    fault = _of_session(
        scene, "disabled cache", "no_prompt_cache", answered, frozenset({"slow_prefill"})
    )
    fault.severities = frozenset({"low"})
    return [fault]


def _costly(scene: Scene) -> list[Fault]:
    """Somebody has put a whole catalogue into the instructions."""
    if scene.taken:
        return []
    answered = _answered(scene)
    more = scene.rng.randint(80_000, 120_000)
    for exchange in answered:
        for step in exchange.reply.steps if exchange.reply else []:
            step.prompt += more
    fault = _of_session(
        scene, "cost", "cost_outlier", answered, frozenset({"slow_prefill", "no_prompt_cache"})
    )
    fault.severities = frozenset({"low", "medium"})
    return [fault]


def _answered(scene: Scene) -> list[Exchange]:
    return [each for each in scene.call.exchanges if each.reply is not None]


def _of_session(
    scene: Scene, operator: str, kind: str, exchanges: list[Exchange], symptoms: frozenset[str]
) -> Fault:
    scene.taken.extend(scene.call.exchanges)
    return Fault(
        operator=operator,
        type=kind,
        parts=tuple((each, "llm") for each in exchanges),
        symptoms=symptoms,
    )


SERVICES = (
    Operator("tool error", "tool_failure", _tool_error),
    Operator("tool timeout", "tool_timeout", _tool_timeout),
    Operator("retry", "retry", _retry, but(Shape.PIPECAT, Shape.NATIVE)),
    Operator("error span", "error_span", _side_error, but(Shape.NATIVE)),
    Operator("swapped model", "model_fallback", _other_model,
             but(Shape.NATIVE, Shape.LIVEKIT_OLD)),
    Operator("reasoning", "reasoning_delay", _reasoning, _SAYS_TOKENS),
    Operator("cold connection", "cold_connection", _cold_connection, LIVEKITS),
    Operator("grown prompt", "prompt_growth", _grown_prompt, _SAYS_TOKENS),
    Operator("long prompt", "slow_prefill", _long_prompt, _SAYS_TOKENS),
    Operator("distant region", "region_network", _far_away,
             LIVEKITS | {Shape.PIPECAT, Shape.NATIVE}),
    Operator("disabled cache", "no_prompt_cache", _no_cache, _SAYS_TOKENS),
    Operator("cost", "cost_outlier", _costly, _SAYS_TOKENS),
)  # fmt: skip

"""One scripted conversation with Pipecat, in process, exported over OTLP/HTTP.

The SDK is the real one; only the models and the audio devices are fakes. Prints the ground truth.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from loguru import logger
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    ErrorFrame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMRunFrame,
    MetricsFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData, TTFBMetricsData
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.observers.user_bot_latency_observer import UserBotLatencyObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.tracing.setup import setup_tracing
from pipecat.workers.runner import WorkerRunner
from pipecat_fakes import (
    VAD_STOP_S,
    CartesiaTTSService,
    DeepgramSTTService,
    FakeVAD,
    Loudspeaker,
    Microphone,
    OpenAILLMService,
)
from script import (
    AGENT_RATE,
    AGENT_S_PER_CHAR,
    BYE,
    CALLER_RATE,
    CALLER_S_PER_CHAR,
    CUT_IN,
    FRAME_S,
    GREET,
    HOURS,
    LONG,
    ORDER,
    PARKING,
    REPLIES,
    Delays,
    Reply,
)
from truth import Interruption, LLMCall, Options, Tool, Truth, Turn, ms, parse, unsupported

VERSION = importlib.metadata.version("pipecat-ai")
DELAYS = Delays()
LOOKUP = FunctionSchema(
    name="lookup_order",
    description="Look an order up.",
    properties={"order_id": {"type": "string", "description": "The order's number."}},
    required=["order_id"],
)


class Ear(BaseObserver):
    """Hears each frame once, and lets the script wait for what happens."""

    def __init__(self) -> None:
        super().__init__(observe_every_push=False)
        self.events: list[tuple[str, Any]] = []
        self._seen: set[int] = set()
        self._changed = asyncio.Event()

    async def on_push_frame(self, data: FramePushed) -> None:
        """Keep what the ground truth is made of."""
        frame = data.frame
        if frame.id in self._seen:
            return
        self._seen.add(frame.id)
        if isinstance(frame, MetricsFrame):
            for metrics in frame.data:
                self.note("metrics", metrics)
        elif isinstance(frame, FunctionCallResultFrame):
            self.note("tool", frame)
        elif isinstance(frame, ErrorFrame):
            self.note("error", frame)
        elif isinstance(frame, BotStartedSpeakingFrame):
            self.note("bot_started", frame)
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self.note("bot_stopped", frame)
        elif isinstance(frame, InterruptionFrame):
            self.note("interruption", frame)

    def note(self, name: str, event: Any) -> None:
        """Remember one event."""
        self.events.append((name, event))
        self._changed.set()

    def count(self, name: str) -> int:
        """How often something happened."""
        return sum(kind == name for kind, _ in self.events)

    async def until(self, met: Callable[[], bool], limit: float = 15.0) -> None:
        """Wait until `met` holds; checked after each event."""
        async with asyncio.timeout(limit):
            while not met():
                self._changed.clear()
                await self._changed.wait()


@dataclass
class Call:
    """One running pipeline and what the script needs to steer it."""

    microphone: Microphone
    speaker: Loudspeaker
    llm: OpenAILLMService
    worker: PipelineWorker
    ear: Ear

    async def bot_said(self, count: int) -> None:
        """Wait until the bot has finished its utterance number `count`."""
        await self.ear.until(
            lambda: (
                self.ear.count("assistant") >= count
                and self.ear.count("bot_stopped") >= self.ear.count("bot_started")
            )
        )

    async def exchange(self, text: str) -> None:
        """The caller says `text`; returns when the bot has answered."""
        before = self.ear.count("assistant")
        await self.microphone.say(text)
        await self.bot_said(before + 1)

    async def turn_ended(self) -> None:
        """Wait for the turn tracker's own end of the last turn, 2.5 s after the last word."""
        await self.ear.until(lambda: self.ear.count("turn_ended") >= self.ear.count("turn_started"))


async def _plain(call: Call) -> None:
    await call.bot_said(1)
    await call.exchange(HOURS)
    await call.exchange(PARKING)


async def _tool(call: Call) -> None:
    await call.bot_said(1)
    await call.exchange(ORDER)
    await call.exchange(BYE)


async def _interruption(call: Call) -> None:
    """The caller cuts in 1.2 s into a long answer."""
    await call.bot_said(1)
    heard = len(call.speaker.heard)
    started = call.ear.count("bot_started")
    await call.microphone.say(LONG)
    await call.ear.until(lambda: call.ear.count("bot_started") > started)
    await call.speaker.reached(heard, 1.2)
    before = call.ear.count("assistant")
    await call.microphone.say(CUT_IN, after=0.0)
    await call.bot_said(before + 2)
    await call.exchange(BYE)


async def _llm_error(call: Call) -> None:
    await call.bot_said(1)
    errors = call.ear.count("error")
    await call.microphone.say(HOURS)
    await call.ear.until(lambda: call.ear.count("error") > errors)
    await call.exchange(PARKING)


@dataclass(frozen=True)
class Scenario:
    """A script, and how it differs from the usual call."""

    play: Callable[[Call], Awaitable[None]]
    failures: dict[str, int] = field(default_factory=dict)
    ends_early: bool = False
    synthesis_speed: float = 2.0
    """How much faster than speech the TTS delivers."""
    word_times: bool = True


SCENARIOS = {
    "plain": Scenario(_plain),
    "tool": Scenario(_tool),
    "interruption": Scenario(_interruption),
    "interruption_fast_tts": Scenario(_interruption, synthesis_speed=1000.0, word_times=False),
    "llm_error": Scenario(_llm_error, failures={HOURS: 9}),
    "ends_early": Scenario(_plain, ends_early=True),
}


async def _lookup_order(params: FunctionCallParams) -> None:
    await asyncio.sleep(DELAYS.tool)
    order = params.arguments["order_id"]
    await params.result_callback({"order_id": order, "status": "shipped", "eta": "Tuesday"})


def _open(options: Options, scenario: Scenario, replies: dict[str, Reply]) -> Call:
    """Build the pipeline in the order of Pipecat's own examples."""
    ear, delays = Ear(), UserBotLatencyObserver()
    microphone = Microphone(TransportParams(audio_in_enabled=True))
    speaker = Loudspeaker(TransportParams(audio_out_enabled=True, audio_out_end_silence_secs=0))
    llm = OpenAILLMService(replies, DELAYS.llm_ttft)
    llm.register_function("lookup_order", _lookup_order)
    context = LLMContext(
        [{"role": "developer", "content": GREET}], tools=ToolsSchema(standard_tools=[LOOKUP])
    )
    aggregators = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=FakeVAD(),
            user_turn_strategies=UserTurnStrategies(
                start=[VADUserTurnStartStrategy()],
                stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.2)],
            ),
        ),
    )
    pipeline = Pipeline(
        [
            microphone,
            DeepgramSTTService(microphone, DELAYS.stt),
            aggregators.user(),
            llm,
            CartesiaTTSService(DELAYS.tts_ttfb, scenario.synthesis_speed, scenario.word_times),
            speaker,
            aggregators.assistant(),
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(
            audio_in_sample_rate=CALLER_RATE,
            audio_out_sample_rate=AGENT_RATE,
            enable_metrics=True,
            enable_usage_metrics=True,
        ),
        enable_tracing=True,
        enable_turn_tracking=True,
        conversation_id=f"conversation-{options.session_id}",
        additional_span_attributes={"session.id": options.session_id, "user.id": "caller-7"},
        observers=[ear, delays],
    )
    _listen(ear, aggregators, worker, delays)
    return Call(microphone, speaker, llm, worker, ear)


def _listen(
    ear: Ear,
    aggregators: LLMContextAggregatorPair,
    worker: PipelineWorker,
    delays: UserBotLatencyObserver,
) -> None:
    """Have the events that frames do not tell noted too."""

    async def user(_: Any, __: Any, message: Any) -> None:
        ear.note("user", message)

    async def assistant(_: Any, message: Any) -> None:
        # An empty one that nobody cut ends a step that only called a tool.
        if message.content or message.interrupted:
            ear.note("assistant", message)

    async def turn_started(_: Any, number: int) -> None:
        ear.note("turn_started", number)

    async def turn_ended(_: Any, number: int, duration: float, interrupted: bool) -> None:
        ear.note("turn_ended", (number, duration, interrupted))

    async def latency(_: Any, seconds: float) -> None:
        ear.note("latency", seconds)

    aggregators.user().add_event_handler("on_user_turn_stopped", user)
    aggregators.assistant().add_event_handler("on_assistant_turn_stopped", assistant)
    turns = worker.turn_tracking_observer
    assert turns is not None
    turns.add_event_handler("on_turn_started", turn_started)
    turns.add_event_handler("on_turn_ended", turn_ended)
    delays.add_event_handler("on_latency_measured", latency)


async def _run(options: Options) -> Truth:
    scenario = SCENARIOS[options.scenario]
    replies = {
        key: Reply(**{**vars(reply), "failures": scenario.failures.get(key, 0)})
        for key, reply in REPLIES.items()
    }
    call = _open(options, scenario, replies)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(call.worker)

    async def script() -> None:
        await call.worker.queue_frames([LLMRunFrame()])
        await scenario.play(call)
        if not scenario.ends_early:
            await call.turn_ended()
        await call.worker.queue_frame(EndFrame())

    async with asyncio.TaskGroup() as both:
        both.create_task(runner.run())
        both.create_task(script())
    return _truth(call, options, replies)


def _truth(call: Call, options: Options, replies: dict[str, Reply]) -> Truth:
    truth = Truth(
        emitter="pipecat",
        framework="pipecat-ai",
        version=VERSION,
        scenario=options.scenario,
        session_id=options.session_id,
        scripted={**DELAYS.as_ms(), "stt_ms": (DELAYS.stt + VAD_STOP_S) * 1000},
    )
    stages: dict[str, float] = {}
    waiting: list[Tool] = []
    for name, event in call.ear.events:
        if name == "metrics":
            _tell_metrics(event, stages, truth)
        elif name == "latency":
            stages["e2e"] = event
        elif name == "user":
            truth.turns.append(
                Turn(
                    "user",
                    event.content,
                    event.content,
                    stt_ms=ms(stages.pop("DeepgramSTTService", None)),
                )
            )
        elif name == "assistant":
            waiting = _tell_answer(event, stages, waiting, truth)
        elif name == "tool":
            _tell_tool(event, waiting, truth)
        elif name == "error":
            truth.errors.append({"type": "llm_error", "message": event.error})
        elif name == "turn_ended":
            truth.notes.append(f"SDK turn {event[0]}: {event[1]:.3f} s, interrupted {event[2]}")
    _tell_playback(call, truth)
    return truth


def _tell_metrics(metrics: Any, stages: dict[str, float], truth: Truth) -> None:
    if isinstance(metrics, LLMUsageMetricsData):
        usage = metrics.value
        truth.llm_calls.append(
            LLMCall(
                model=metrics.model or "",
                provider="openai",
                input_tokens=usage.prompt_tokens,
                output_tokens=usage.completion_tokens,
                cached_tokens=usage.cache_read_input_tokens,
                ttft_ms=ms(stages.get("OpenAILLMService")),
            )
        )
    elif isinstance(metrics, TTFBMetricsData) and metrics.value > 0:
        stages[metrics.processor.split("#")[0]] = metrics.value


def _tell_tool(event: Any, waiting: list[Tool], truth: Truth) -> None:
    """A result is broadcast both ways, as two frames: count it once."""
    if any(tool.call_id == event.tool_call_id for tool in truth.tools):
        return
    arguments, output = dict(event.arguments), json.dumps(event.result)
    tool = Tool(event.function_name, event.tool_call_id, arguments, output, event.error)
    truth.tools.append(tool)
    waiting.append(tool)


def _tell_answer(
    event: Any, stages: dict[str, float], waiting: list[Tool], truth: Truth
) -> list[Tool]:
    for tool in waiting:
        tool.turn = len(truth.turns)
    truth.turns.append(
        Turn(
            "agent",
            event.content,
            event.content,
            interrupted=event.interrupted,
            llm_ttft_ms=ms(stages.pop("OpenAILLMService", None)),
            tts_ttfb_ms=ms(stages.pop("CartesiaTTSService", None)),
            e2e_ms=ms(stages.pop("e2e", None)),
        )
    )
    return []


def _tell_playback(call: Call, truth: Truth) -> None:
    """Times of each turn, and what of a cut answer was really heard."""
    questions = (turn for turn in truth.turns if turn.speaker == "user")
    for turn, onset in zip(questions, call.microphone.onsets, strict=True):
        turn.started_at = onset
        turn.stopped_at = onset + round(len(turn.text) * CALLER_S_PER_CHAR / FRAME_S) * FRAME_S
    stretches: list[list[float]] = []
    for start, end in call.speaker.heard:
        if stretches and start - stretches[-1][1] < 0.3:
            stretches[-1][1] = end
        else:
            stretches.append([start, end])
    answers = [(n, turn) for n, turn in enumerate(truth.turns) if turn.speaker == "agent"]
    told = zip(answers, stretches, call.llm.answers, strict=True)
    for (index, turn), (start, end), full in told:
        turn.full_text, turn.started_at, turn.stopped_at = full, start, end
        if turn.interrupted:
            truth.notes.append(f"the SDK's context keeps {turn.text!r} of turn {index}")
            turn.text = full[: round((end - start) / AGENT_S_PER_CHAR)].rsplit(" ", 1)[0]
            onsets = [at for at in call.microphone.onsets if start < at < end]
            if not onsets:
                # A busy machine was late by more than the answer was long: not the scene that was meant.
                sys.exit(os.EX_TEMPFAIL)
            onset = max(onsets)
            truth.interruptions.append(Interruption(index, onset, end, round(end - start, 3)))


def main() -> None:
    """Command line."""
    options = parse(__doc__ or "", list(SCENARIOS))
    if not options.pii:
        unsupported("Pipecat has no switch that leaves content out")
    logger.remove()
    logger.add(sys.stderr, level=os.environ.get("EMITTER_LOG", "ERROR"))
    setup_tracing(
        service_name="lamp-shop",
        exporter=OTLPSpanExporter(endpoint=options.endpoint, headers=options.headers),
    )
    provider: Any = trace.get_tracer_provider()
    try:
        truth = asyncio.run(_run(options))
    finally:
        provider.force_flush()
        provider.shutdown()
    truth.print()


if __name__ == "__main__":
    main()

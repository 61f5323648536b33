"""One scripted conversation with LiveKit Agents, in process, exported over OTLP/HTTP.

The SDK is the real one; only the models and the audio devices are fakes. Prints the ground truth.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.metadata
import inspect
import json
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from livekit.agents import (
    Agent,
    AgentServer,
    AgentSession,
    APIConnectOptions,
    JobContext,
    JobExecutorType,
    ToolError,
    function_tool,
)
from livekit.agents.telemetry import set_tracer_provider
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.transcription import TranscriptSynchronizer
from livekit.protocol import models
from livekit_devices import Caller, Captions, FakeVAD, Loudspeaker, Signals
from livekit_models import FakeLLM, FakeSTT, FakeTTS, Script
from livekit_truth import truth_of
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from script import (
    AMOUNT,
    BILLING,
    BYE,
    CUT_IN,
    GREET,
    HANDED_OVER,
    HOURS,
    LONG,
    ORDER,
    PARKING,
    REPLIES,
    STOCK,
    Delays,
    Reply,
)
from truth import Options, Tool, parse, unsupported

VERSION = importlib.metadata.version("livekit-agents")
DELAYS = Delays()
API_KEY = "APIlampshop"
API_SECRET = "fake-secret-of-the-lamp-shop-for-tests"
"""Where LIVEKIT_API_KEY and LIVEKIT_API_SECRET are not set."""


class Desk(Agent):
    """The first agent; greets, looks things up, hands over."""

    def __init__(self, call: Call) -> None:
        super().__init__(instructions="You answer the phone of a lamp shop.")
        self._call = call

    async def on_enter(self) -> None:
        """Speak first, unless this is a chat."""
        if self._call.greeting:
            self.session.generate_reply(instructions=GREET)

    @function_tool
    async def lookup_order(self, order_id: str) -> str:
        """Look an order up.

        Args:
            order_id: The order's number.
        """
        await asyncio.sleep(DELAYS.tool)
        return json.dumps({"order_id": order_id, "status": "shipped", "eta": "Tuesday"})

    @function_tool
    async def check_stock(self, item: str) -> str:
        """Ask the warehouse.

        Args:
            item: What to look for.
        """
        await asyncio.sleep(DELAYS.tool)
        if self._call.scenario == "full":
            raise RuntimeError("warehouse connection lost")
        raise ToolError("the warehouse does not answer")

    @function_tool
    async def to_billing(self) -> tuple[Agent, str]:
        """Hand the caller over to the billing desk."""
        return Billing(), "Handed over to billing."


class Billing(Agent):
    """The second agent."""

    def __init__(self) -> None:
        super().__init__(instructions="You are the billing desk of a lamp shop.")

    async def on_enter(self) -> None:
        """Introduce oneself."""
        self.session.generate_reply(instructions=HANDED_OVER)


@dataclass
class Call:
    """One running session and what the script needs to steer it."""

    scenario: str
    replies: dict[str, Reply]
    greeting: bool = True
    pause: bool = True
    signals: Signals = field(default_factory=Signals)
    caller: Caller = field(init=False)
    speaker: Loudspeaker = field(init=False)
    session: AgentSession[None] = field(init=False)
    tools: list[Tool] = field(default_factory=list)

    def open(self) -> None:
        """Make devices, models and session."""
        self.caller = Caller()
        self.speaker = Loudspeaker(pause=self.pause)
        self.session = AgentSession(
            stt=FakeSTT(self.caller, DELAYS.stt),
            vad=FakeVAD(),
            llm=FakeLLM(Script(self.replies), DELAYS.llm_ttft),
            tts=FakeTTS(DELAYS.tts_ttfb),
            turn_handling={
                "turn_detection": "vad",
                "endpointing": {"mode": "fixed", "min_delay": 0.3, "max_delay": 0.8},
                "interruption": {
                    "mode": "vad",
                    "min_duration": 0.2,
                    "false_interruption_timeout": 0.6,
                },
            },
            aec_warmup_duration=None,
            session_close_transcript_timeout=0.2,
            conn_options=SessionConnectOptions(
                llm_conn_options=APIConnectOptions(max_retry=1, retry_interval=0.05, timeout=5)
            ),
        )
        names = ("agent_state_changed", "conversation_item_added", "metrics_collected")
        self.signals.watch(self.session, *names, "error", "agent_false_interruption", "close")

    def replies_heard(self) -> int:
        """How many agent messages the history has."""
        items = (event.item for event in self.signals.of("conversation_item_added"))
        return sum(getattr(item, "role", None) == "assistant" for item in items)

    async def agent_said(self, count: int) -> None:
        """Wait for the agent's message number `count` and for silence after it."""
        await self.signals.until(
            lambda: self.replies_heard() >= count and self.session.agent_state == "listening"
        )

    async def exchange(self, text: str) -> None:
        """The caller says `text`; returns when the agent has answered."""
        before = self.replies_heard()
        await self.caller.say(text)
        await self.agent_said(before + 1)


async def _plain(call: Call) -> None:
    await call.agent_said(1)
    await call.exchange(HOURS)
    await call.exchange(PARKING)


async def _tool(call: Call) -> None:
    await call.agent_said(1)
    await call.exchange(ORDER)
    await call.exchange(BYE)


async def _tool_error(call: Call) -> None:
    await call.agent_said(1)
    await call.exchange(STOCK)
    await call.exchange(BYE)


async def _interrupt(call: Call) -> None:
    """The caller cuts in 1.2 s into a long answer."""
    before = call.replies_heard()
    await call.caller.say(LONG)
    await call.speaker.reached(len(call.speaker.played) + 1, 1.2)
    await call.caller.say(CUT_IN, after=0.0)
    await call.agent_said(before + 2)


async def _interruption(call: Call) -> None:
    await call.agent_said(1)
    await _interrupt(call)
    await call.exchange(BYE)


async def _false_interruption(call: Call) -> None:
    """The caller coughs into a long answer: it pauses, and goes on."""
    await call.agent_said(1)
    await call.caller.say(LONG)
    await call.speaker.reached(2, 1.2)
    await call.caller.cough(0.4)
    await call.signals.until(lambda: len(call.signals.of("agent_false_interruption")) > 0)
    await call.agent_said(2)
    await call.exchange(BYE)


async def _fail(call: Call, text: str) -> None:
    """The caller says `text`, and the LLM fails for good."""
    await call.caller.say(text)
    await call.signals.until(
        lambda: (
            any(not event.error.recoverable for event in call.signals.of("error"))
            and call.session.agent_state == "listening"
        )
    )


async def _llm_failure(call: Call) -> None:
    await call.agent_said(1)
    await _fail(call, HOURS)
    await call.exchange(PARKING)


async def _hand_over(call: Call) -> None:
    """The first agent says a last word, then the second one introduces itself."""
    before = call.replies_heard()
    await call.caller.say(BILLING)
    await call.agent_said(before + 2)


async def _handoff(call: Call) -> None:
    await call.agent_said(1)
    await _hand_over(call)
    await call.exchange(AMOUNT)


async def _full(call: Call) -> None:
    await call.agent_said(1)
    await call.exchange(ORDER)
    await _interrupt(call)
    await call.exchange(STOCK)
    await call.exchange(HOURS)
    await _fail(call, PARKING)
    await _hand_over(call)
    await call.exchange(BYE)


async def _text(call: Call) -> None:
    for text in (HOURS, ORDER, BYE):
        await call.session.run(user_input=text)


async def _killed(call: Call) -> None:
    """Stops in the middle of an answer; the caller of this never closes the session."""
    await call.agent_said(1)
    await call.exchange(HOURS)
    await call.caller.say(LONG)
    await call.speaker.reached(len(call.speaker.played) + 1, 0.5)


@dataclass(frozen=True)
class Scenario:
    """A script, and how it differs from the usual call."""

    play: Callable[[Call], Awaitable[None]]
    audio: bool = True
    failures: dict[str, int] = field(default_factory=dict)
    killed: bool = False
    job: bool = False
    worker: bool = False
    cloud: bool = False
    """LiveKit's own upload of spans, session report and recording."""
    own_tracer: bool = True
    """Whether the user has set a tracer up as well."""
    pause: bool = True
    """Whether the loudspeaker can hold its breath while it is unclear who speaks."""


SCENARIOS = {
    "plain": Scenario(_plain),
    "tool": Scenario(_tool),
    "tool_error": Scenario(_tool_error),
    "interruption": Scenario(_interruption),
    "interruption_no_pause": Scenario(_interruption, pause=False),
    "false_interruption": Scenario(_false_interruption),
    "llm_retry": Scenario(_plain, failures={HOURS: 1}),
    "llm_failure": Scenario(_llm_failure, failures={HOURS: 9}),
    "handoff": Scenario(_handoff),
    "full": Scenario(_full, failures={HOURS: 1, PARKING: 9}),
    "text": Scenario(_text, audio=False),
    "killed": Scenario(_killed, killed=True),
    "job": Scenario(_plain, job=True),
    "worker": Scenario(_plain, worker=True),
    "cloud": Scenario(
        _full, failures={HOURS: 1, PARKING: 9}, worker=True, cloud=True, own_tracer=False
    ),
    "cloud_beside": Scenario(_full, failures={HOURS: 1, PARKING: 9}, worker=True, cloud=True),
}


def _cloud(options: Options) -> None:
    """Point LiveKit's own upload at the server's root; the rest is up to the SDK."""
    target = urlsplit(options.endpoint)
    os.environ["LIVEKIT_OBSERVABILITY_URL"] = f"{target.scheme}://{target.netloc}"
    os.environ.setdefault("LIVEKIT_API_KEY", API_KEY)
    os.environ.setdefault("LIVEKIT_API_SECRET", API_SECRET)


def _telemetry(options: Options) -> TracerProvider:
    """Set tracing up as LiveKit's documentation tells users to."""
    scenario = SCENARIOS[options.scenario]
    if scenario.cloud:
        _cloud(options)
    if not scenario.own_tracer:
        return TracerProvider()
    provider = TracerProvider(resource=Resource.create({"service.name": "lamp-shop"}))
    exporter = OTLPSpanExporter(endpoint=options.endpoint, headers=options.headers)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    extra: dict[str, Any] = {} if options.pii else {"allow_pii": False}
    if extra and "allow_pii" not in inspect.signature(set_tracer_provider).parameters:
        unsupported(f"livekit-agents {VERSION} always sends content")
    set_tracer_provider(provider, metadata={"langfuse.session.id": options.session_id}, **extra)
    return provider


def _job_context(scenario: Scenario) -> contextlib.AbstractContextManager[Any]:
    if not scenario.job:
        return contextlib.nullcontext()
    try:
        testing = importlib.import_module("livekit.agents.testing")
    except ModuleNotFoundError:
        unsupported(f"livekit-agents {VERSION} has no job context outside a worker")
        raise
    context: contextlib.AbstractContextManager[Any] = testing.fake_job_context(job_id="AJ_lampshop")
    return context


async def _run_worker(options: Options, provider: TracerProvider) -> None:
    """A whole worker with one job, as `console` runs it: unregistered, the job in a thread."""
    server = AgentServer(
        job_executor_type=JobExecutorType.THREAD,
        host="127.0.0.1",
        ws_url="ws://unused.invalid",
        api_key=os.environ.get("LIVEKIT_API_KEY", API_KEY),
        api_secret=os.environ.get("LIVEKIT_API_SECRET", API_SECRET),
    )
    loop, started, ended = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    async def entrypoint(context: JobContext) -> None:
        async def over(reason: str = "") -> None:
            loop.call_soon_threadsafe(ended.set)

        context.add_shutdown_callback(over)
        await _run(options, provider)
        context.shutdown(reason="the call is over")

    server.rtc_session(entrypoint, agent_name="lamp-shop-desk")
    server.once("worker_started", started.set)
    async with asyncio.timeout(40), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run(devmode=True, unregistered=True))
        await started.wait()
        room = models.Room(sid=f"RM_{options.session_id}", name=f"line-{options.session_id}")
        await server.simulate_job(
            room.name, fake_job=True, agent_identity="lamp-shop-agent", room_info=room
        )
        await ended.wait()
        await server.drain()
        await server.aclose()
        await running


async def _run(options: Options, provider: TracerProvider) -> None:
    scenario = SCENARIOS[options.scenario]
    replies = {
        key: Reply(**{**vars(reply), "failures": scenario.failures.get(key, 0)})
        for key, reply in REPLIES.items()
    }
    call = Call(options.scenario, replies, greeting=scenario.audio, pause=scenario.pause)
    with _job_context(scenario):
        call.open()
        sync = _attach(call) if scenario.audio else None
        await call.session.start(Desk(call), **({"record": True} if scenario.cloud else {}))
        await scenario.play(call)
        if scenario.killed:
            provider.force_flush()
            truth = truth_of(call, options, "killed", is_cloud=False)
            truth.notes.append(f"died while saying: {REPLIES[LONG].text}")
            truth.print()
            os._exit(0)
        await call.session.drain()
        await call.session.aclose()
        if sync is not None:
            await sync.aclose()
    is_cloud = scenario.cloud and not scenario.own_tracer
    truth_of(call, options, "closed", is_cloud=is_cloud).print()


def _attach(call: Call) -> TranscriptSynchronizer:
    """Devices in the order in which a room attaches them: text follows the audio played."""
    sync = TranscriptSynchronizer(next_in_chain_audio=call.speaker, next_in_chain_text=Captions())
    call.session.input.audio = call.caller
    call.session.output.audio = sync.audio_output
    call.session.output.transcription = sync.text_output
    return sync


def main() -> None:
    """Command line."""
    options = parse(__doc__ or "", list(SCENARIOS))
    logging.basicConfig(level=os.environ.get("EMITTER_LOG", "ERROR"))
    provider = _telemetry(options)
    try:
        whole = SCENARIOS[options.scenario].worker
        asyncio.run((_run_worker if whole else _run)(options, provider))
    finally:
        provider.force_flush()
        provider.shutdown()


if __name__ == "__main__":
    main()

"""Calls written by hand as LiveKit would tell them, with one thing wrong at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.unit.analyse.build import at, facts_of, livekit
from turnwise.analyse.assemble import assemble
from turnwise.analyse.diagnosis import PRESETS, Baselines, History, diagnose
from turnwise.model.audio import AudioReport
from turnwise.model.diagnosis import Issue, Lesson, Severity
from turnwise.model.ids import SessionId
from turnwise.model.observation import Level, Observation, Step
from turnwise.model.session import Session

LINES = (
    "I would like to change the delivery address of my order",
    "which opening hours do you have next weekend in town",
    "please tell me how much the blue lamp costs today",
    "does the garden table come with matching chairs or not",
    "my neighbour could take the parcel if nobody is home",
    "then put the invoice into the box with everything else",
    "is there any discount for people who order every month",
    "what happens when the glass breaks during the transport",
)


@dataclass
class Tool:
    name: str = "lookup_order"
    ms: float = 400
    error: str | None = None


@dataclass
class Call:
    """A conversation that goes on in milliseconds; every method adds what was said next."""

    clock: float = 0
    spans: list[Observation] = field(default_factory=list)
    number: int = 0
    asked: str | None = None
    prompt: int = 300

    def new(self, name: str = "s") -> str:
        self.number += 1
        return f"{name}{self.number:03d}"

    def add(self, step: Step, start: float, end: float | None, *ids: str, **more: Any) -> None:
        self.spans.append(livekit(step, start, end, *ids, **more))

    def greets(self, text: str = "Hello, this is the lamp shop.", **more: Any) -> "Call":
        return self.answers(text, is_greeting=True, **more)

    def says(
        self,
        text: str | None = None,
        *,
        pause: float = 700,
        ms: float = 1500,
        stt: float = 150,
        eou: float = 450,
        hook: float = 2,
        **more: Any,
    ) -> "Call":
        """The caller speaks; what they say is a line of their own unless given."""
        said = LINES[len(self.spans) % len(LINES)] if text is None else text
        turn, begun = self.new("user"), self.clock + pause
        end = begun + ms
        decided = end + stt + eou
        self.add(Step.USER_SPEAKING, begun, end, self.new("speech"), turn)
        self.add(Step.EOU_WAIT, end, decided, self.new("eou"), turn, eou_outcome="committed")
        if hook:
            name = "on_user_turn_completed"
            self.add(Step.OTHER, decided, decided + hook, self.new("hook"), turn, name=name)
        told = {"confidence": 0.93, **more}
        if said:
            told["user_text"] = said
        self.add(
            Step.USER_TURN, begun, decided, turn, "session", stt_ms=stt, eou_delay_ms=stt + eou,
            model="ear-1", **told,
        )  # fmt: skip
        self.asked, self.silent_at, self.clock = said, end, decided + hook
        self.hook = hook
        return self

    def answers(
        self,
        text: str = "It arrives on Tuesday.",
        *,
        gap: float = 8,
        llm: float = 400,
        tts: float = 200,
        playout: float = 4,
        held: float = 0,
        spoken: float = 2000,
        tools: Sequence[Tool] = (),
        is_greeting: bool = False,
        attempts: int = 1,
        model: str = "mind-1",
        tokens: dict[str, int] | None = None,
        written: str | None = None,
        about: dict[str, Any] | None = None,
        model_about: dict[str, Any] | None = None,
        tts_about: dict[str, Any] | None = None,
    ) -> "Call":
        """The agent answers; `about` goes to its turn, the others to the request and the voice."""
        turn, begun = self.new("agent"), self.clock
        at_ms = begun + gap
        for tool in tools:
            at_ms = self._asks(turn, at_ms, llm, model)
            self.add(
                Step.TOOL, at_ms, at_ms + tool.ms, self.new("tool"), turn, tool_name=tool.name,
                tool_failed=tool.error is not None, tool_output=tool.error or "{}",
                level=Level.ERROR if tool.error else Level.DEFAULT,
                status_message=tool.error,
            )  # fmt: skip
            at_ms += tool.ms + 1
        self.prompt += 80
        usage = {"input": self.prompt, "output": 20, **(tokens or {})}
        node, request = self.new("node"), self.new("llm")
        more = {
            "model": model, "llm_ttft_ms": llm, "agent_text": written or text,
            "first_token_ns": at(at_ms + llm),
        }  # fmt: skip
        done = at_ms + llm + 300
        self.add(Step.LLM_NODE, at_ms, done, node, turn, **more)
        self.add(
            Step.LLM, at_ms + 0.3, done, request, node, usage_details=usage, provider="brain",
            **{**more, **(model_about or {})},
        )  # fmt: skip
        for number in range(attempts):
            failed = number + 1 < attempts
            share = llm / attempts
            self.add(
                Step.LLM_ATTEMPT, at_ms + number * share, at_ms + (number + 1) * share,
                self.new("try"), request, level=Level.ERROR if failed else Level.DEFAULT,
                retry_count=number, status_message="overloaded" if failed else None,
            )  # fmt: skip
        at_ms += llm + held
        self.add(
            Step.TTS, at_ms, at_ms + tts + 300, self.new("tts"), turn, tts_ttfb_ms=tts,
            model="voice-1", first_token_ns=at(at_ms + tts), **(tts_about or {}),
        )  # fmt: skip
        at_ms += tts + playout
        self.add(Step.AGENT_SPEAKING, at_ms, at_ms + spoken, self.new("sound"), turn)
        told: dict[str, Any] = {"agent_text": text}
        if not is_greeting and self.asked is not None:
            told |= {"user_text": self.asked, "e2e_ms": at_ms - self.silent_at}
            told["user_turn_completed_ms"] = self.hook
        self.add(
            Step.AGENT_TURN, begun, at_ms + spoken, turn, "session", **{**told, **(about or {})}
        )
        self.clock = at_ms + spoken
        return self

    def _asks(self, turn: str, at_ms: float, llm: float, model: str) -> float:
        node, request = self.new("node"), self.new("llm")
        more = {"model": model, "llm_ttft_ms": llm, "first_token_ns": at(at_ms + llm)}
        end = at_ms + llm + 40
        self.add(Step.LLM_NODE, at_ms, end, node, turn, **more)
        self.add(Step.LLM, at_ms, end, request, node, usage_details={"input": self.prompt}, **more)
        return end

    def talks(self, exchanges: int, **more: Any) -> "Call":
        """Exchanges of which each differs a little from the others."""
        for number in range(exchanges):
            wobble = 1 + 0.06 * (number % 4)
            self.says(stt=150 * wobble, eou=450 * wobble)
            self.answers(
                f"This is answer number {number}.", llm=400 * wobble, tts=200 * wobble, **more
            )
        return self

    def ends(self, after: float = 400, reason: str | None = None) -> "Call":
        """The session ends."""
        self.add(Step.SESSION, 0, self.clock + after, "session")
        if reason is not None:
            end = self.clock + after
            self.add(Step.CLOSE, end, end, "close", "session", close_reason=reason)
        return self

    def session(self, **fields: Any) -> Session:
        """What is assembled from it."""
        found = assemble(facts_of(*self.spans))
        assert found is not None
        return replace(found, **fields)

    def of(self, step: Step) -> list[str]:
        """Ids of its spans of one kind, by start."""
        own = [each for each in self.spans if each.step is step]
        return [each.span_id for each in sorted(own, key=lambda each: each.start_ns)]


def history(calls: int = 12, version: str = "", **more: Any) -> History:
    """What an agent's clean calls teach."""
    found = History()
    for number in range(calls):
        call = Call().greets().talks(8, **more).ends()
        session = call.session(id=SessionId(f"00000000-0000-0000-0000-{number:012d}"))
        taught = diagnose(session, Baselines(agent=found), PRESETS["webrtc"]).samples
        found.add(
            Lesson(session_id=session.id, version=version, at_ns=at(-1e6 + number), samples=taught)
        )
    return found


def issues_of(
    call: Call | Session,
    known: History | None = None,
    *,
    audio: AudioReport | None = None,
    preset: str = "webrtc",
    version: str = "",
) -> list[Issue]:
    """What is found in a call."""
    session = call.session() if isinstance(call, Call) else call
    baselines = Baselines(agent=known or History(), session_id=session.id, version=version)
    return list(diagnose(session, baselines, PRESETS[preset], audio=audio).issues)


def alarms(issues: Iterable[Issue]) -> list[tuple[str, int | None]]:
    """Type and turn of everything that is more than information."""
    return [(each.type, each.turn) for each in issues if each.severity is not Severity.INFO]


def figure(issue: Issue, name: str) -> float:
    """A number of its evidence."""
    return float(issue.evidence[name])


def the(issues: Iterable[Issue], kind: str) -> Issue:
    """The one issue of a type."""
    [found] = [each for each in issues if each.type == kind]
    return found

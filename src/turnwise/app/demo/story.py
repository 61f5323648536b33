"""One demo call: what is said, how long everything takes, and what goes wrong."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from turnwise.app.demo import phrases
from turnwise.app.demo.agents import Model, Pace, Profile, Release
from turnwise.app.demo.script import (
    CLOSING,
    GREETING,
    SIDE,
    Filler,
    Handoff,
    Said,
    Script,
    ToolUse,
    read_book,
)

_AGENT_S_PER_SIGN = 0.058
_CALLER_S_PER_SIGN = 0.062


class Trouble(StrEnum):
    """What a call shows beside an ordinary course."""

    NONE = "none"
    SLOW_LLM = "slow model"
    SLOW_TTS = "slow voice"
    SLOW_EOU = "late end of turn"
    SLOW_TOOL = "slow tool"
    TOOL_FAILURE = "failing tool"
    LLM_RETRY = "model error with a retry"
    LLM_FAILURE = "model error for good"
    INTERRUPTION = "caller cuts in"
    FALSE_INTERRUPTION = "last turn marked as cut though nobody spoke"
    HANDOFF = "another agent takes over"
    KILLED = "worker killed"
    SILENT = "silent caller or wrong number"
    LIVE = "still going"
    UNPRICED = "model without a price"


_SLOW = {
    Trouble.SLOW_LLM: (2.6, 4.8),
    Trouble.SLOW_TTS: (1.4, 2.9),
    Trouble.SLOW_EOU: (2.1, 3.0),
}
"""How many seconds a slow stage takes."""


@dataclass(slots=True)
class ToolRun:
    """A tool at work; with an error it has no result."""

    use: ToolUse
    seconds: float
    call_id: str
    error: str | None = None


@dataclass(slots=True)
class Beat:
    """One exchange with its times, all in seconds.

    Attributes:
        caller: None where the agent speaks unasked.
        agent: what the model writes; the caller hears less of it when `cut_s` is set.
        pause_s: silence before it begins; negative where the caller cuts in.
        stt_s: from the caller's last sound to the final transcript.
        eou_s: from the caller's last sound to the decision that the turn is over.
        llm_s: to the first token, for each request to the model.
        speech_s: how long the whole answer would take to say.
        cut_s: how much of it is heard, None for all.
        failures: how many attempts at the last model request fail.
        is_lost: whether no attempt succeeds, so that the caller gets no answer.
    """

    caller: str | None
    agent: str
    runs: list[ToolRun]
    handoff: Handoff | None
    pause_s: float
    caller_s: float
    stt_s: float
    eou_s: float
    llm_s: list[float]
    tts_s: float
    speech_s: float
    confidence: float
    cut_s: float | None = None
    failures: int = 0
    is_lost: bool = False

    @property
    def heard(self) -> str:
        """The words that were played, in proportion to the time they had."""
        if self.cut_s is None:
            return self.agent
        share = self.agent[: round(len(self.agent) * self.cut_s / self.speech_s)]
        return share.rsplit(" ", 1)[0].rstrip(",;")


@dataclass(slots=True)
class Story:
    """A call, ready to be told in the words of any framework.

    Attributes:
        session_id: a UUID.
        start_ns: its first instant.
        until_ns: what has not ended by then was never sent; None for a call that ended by itself.
        key: seeds everything that is still to be drawn.
    """

    number: int
    key: str
    session_id: str
    profile: Profile
    release: Release
    llm: Model
    language: str
    trouble: Trouble
    topic: str
    start_ns: int
    beats: list[Beat] = field(default_factory=list)
    until_ns: int | None = None

    @property
    def seconds(self) -> float:
        """Roughly how long the call takes."""
        return sum(_length(beat) for beat in self.beats)


def _length(beat: Beat) -> float:
    thinking = max(beat.eou_s, beat.stt_s) + sum(beat.llm_s) + beat.tts_s
    tools = sum(run.seconds for run in beat.runs)
    spoken = beat.speech_s if beat.cut_s is None else beat.cut_s
    return beat.pause_s + beat.caller_s + thinking + tools + spoken


class Writer:
    """Writes the beats of one call."""

    def __init__(self, profile: Profile, release: Release, language: str, rng: random.Random):
        self._profile = profile
        self._release = release
        self._language = language
        self._rng = rng
        self.topic = "no conversation"

    def write(self, trouble: Trouble) -> list[Beat]:
        """A call with that trouble in it."""
        if trouble is Trouble.SILENT:
            return [self._beat(said, quiet=9.0) for said in self._almost_nothing()]
        beats = [self._beat(said) for said in self._conversation(trouble)]
        self._go_wrong(beats, trouble)
        if trouble is Trouble.NONE and self._rng.random() < 0.15:
            self._cut_in(beats)
        return beats

    def _conversation(self, trouble: Trouble) -> list[Said]:
        book, rng, language = read_book(self._profile.book), self._rng, self._language
        script = rng.choice(_fitting(book.conversations(language), trouble))
        self.topic = script.name
        filler = Filler(book, language, rng)
        exchanges = [rng.choice(book.parts(GREETING, language)), *script.exchanges]
        sides = book.parts(SIDE, language)
        wanted = rng.choice((0, 0, 1, 1, 1, 2, 2, 3, 4)) + (2 if trouble is Trouble.LIVE else 0)
        exchanges += rng.sample(sides, min(wanted, len(sides)))
        exchanges.append(rng.choice(book.parts(CLOSING, language)))
        return [filler.said(each) for each in exchanges]

    def _almost_nothing(self) -> list[Said]:
        book, rng, language = read_book(self._profile.book), self._rng, self._language
        filler = Filler(book, language, rng)
        greeting = filler.said(rng.choice(book.parts(GREETING, language)))
        if rng.random() < 0.4:
            wrong = rng.choice(phrases.WRONG_NUMBER[language])
            return [greeting, Said(wrong, (), rng.choice(phrases.NO_PROBLEM[language]))]
        asking = rng.choice(phrases.ANYONE_THERE[language])
        leaving = rng.choice(phrases.HANGING_UP[language])
        return [greeting, Said(None, (), asking), Said(None, (), leaving)]

    def _beat(self, said: Said, quiet: float = 0.0) -> Beat:
        rng = self._rng
        stt_s = self._time("stt")
        speaks = said.caller is not None
        caller_s = max(0.5, len(said.caller or "") * _CALLER_S_PER_SIGN * rng.uniform(0.85, 1.25))
        return Beat(
            caller=said.caller,
            agent=said.agent,
            runs=[ToolRun(use, self._time("tool"), self._call_id()) for use in said.uses],
            handoff=said.handoff,
            pause_s=rng.lognormvariate(-0.35, 0.45) if speaks else quiet or 0.4,
            caller_s=caller_s if speaks else 0.0,
            stt_s=stt_s if speaks else 0.0,
            eou_s=max(self._time("eou"), stt_s + 0.08) if speaks else 0.0,
            llm_s=[self._time("llm") for _ in range(2 if said.uses else 1)],
            tts_s=self._time("tts"),
            speech_s=max(0.6, len(said.agent) * _AGENT_S_PER_SIGN * rng.uniform(0.92, 1.08)),
            confidence=round(min(0.995, max(0.42, 1 - rng.expovariate(14))), 3),
        )

    def _call_id(self) -> str:
        return f"call_{self._rng.getrandbits(40):010x}"

    def _time(self, stage: str) -> float:
        pace: Pace = self._profile.paces[stage]
        slower = self._release.slower.get(stage, 1.0)
        return pace.median * slower * self._rng.lognormvariate(0, pace.spread)

    def _go_wrong(self, beats: list[Beat], trouble: Trouble) -> None:
        if trouble in _SLOW:
            self._slow_down(beats, trouble)
        elif trouble is Trouble.SLOW_TOOL:
            slow = self._rng.choice(_with_tools(beats))
            slow.runs[0].seconds = self._rng.uniform(3.8, 7.5)
        elif trouble is Trouble.LLM_RETRY:
            self._some(beats, 1)[0].failures = 1
        elif trouble is Trouble.TOOL_FAILURE:
            self._fail_tool(beats)
        elif trouble is Trouble.LLM_FAILURE:
            self._lose(beats)
        elif trouble is Trouble.INTERRUPTION:
            self._cut_in(beats)

    def _slow_down(self, beats: list[Beat], trouble: Trouble) -> None:
        for beat in self._some(beats, 2):
            seconds = self._rng.uniform(*_SLOW[trouble])
            if trouble is Trouble.SLOW_LLM:
                beat.llm_s[-1] = seconds
            elif trouble is Trouble.SLOW_TTS:
                beat.tts_s = seconds
            else:
                beat.eou_s = seconds

    def _some(self, beats: Sequence[Beat], count: int) -> list[Beat]:
        asked = [beat for beat in beats if beat.caller is not None]
        return self._rng.sample(asked, min(count, len(asked)))

    def _fail_tool(self, beats: list[Beat]) -> None:
        """A tool fails; the agent says so, tries again, and it works."""
        rng, language = self._rng, self._language
        good = rng.choice(_with_tools(beats))
        run = good.runs[0]
        seconds, error = rng.choice((5.0, 0.3, 0.9)), rng.choice(phrases.TOOL_ERRORS)
        failed = ToolRun(run.use, seconds, self._call_id(), error)
        excuse = self._beat(Said(good.caller, (), rng.choice(phrases.TOOL_DOWN[language])))
        excuse.runs = [failed]
        excuse.llm_s.append(self._time("llm"))
        again = self._beat(Said(rng.choice(phrases.TRY_AGAIN[language]), (), good.agent))
        again.runs, again.llm_s, again.handoff = good.runs, good.llm_s, good.handoff
        at = beats.index(good)
        beats[at : at + 1] = [excuse, again]

    def _lose(self, beats: list[Beat]) -> None:
        """The model fails for good; the caller asks again and is answered."""
        rng = self._rng
        answered = self._some(beats[:-1], 1)[0]
        lost = replace(answered, runs=[], handoff=None, agent="", failures=4, is_lost=True)
        lost.llm_s = answered.llm_s[-1:]
        answered.caller = rng.choice(phrases.STILL_THERE[self._language]) + (answered.caller or "")
        answered.pause_s = rng.uniform(3.2, 5.5)
        answered.caller_s += 1.2
        beats.insert(beats.index(answered), lost)

    def _cut_in(self, beats: list[Beat]) -> None:
        """The caller does not let the agent finish its longest answers."""
        rng = self._rng
        able = [
            at
            for at, beat in enumerate(beats[:-2])
            if beat.speech_s > 2.5
            and beat.handoff is None
            and not beat.is_lost
            and beats[at + 1].caller is not None
        ]
        for at in rng.sample(able, min(rng.choice((1, 1, 2)), len(able))):
            cut, cutting = beats[at], beats[at + 1]
            overlap = rng.lognormvariate(-0.75, 0.35)
            cut.cut_s = max(overlap + 0.4, cut.speech_s * rng.uniform(0.3, 0.7))
            cutting.pause_s = -overlap
            begin = rng.choice(phrases.CUTTING_IN[self._language])
            cutting.caller = begin + (cutting.caller or "")
            cutting.caller_s = max(cutting.caller_s + 0.6, overlap + 0.5)


def _fitting(scripts: list[Script], trouble: Trouble) -> list[Script]:
    if trouble is Trouble.HANDOFF:
        return [each for each in scripts if each.has_handoff]
    if trouble in (Trouble.SLOW_TOOL, Trouble.TOOL_FAILURE):
        return [each for each in scripts if each.has_tools]
    return scripts


def _with_tools(beats: list[Beat]) -> list[Beat]:
    return [beat for beat in beats if beat.runs and beat.handoff is None] or [
        beat for beat in beats if beat.runs
    ]

"""A session as the rules see it: turns with what may be believed of them, and what is usual."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from turnwise.analyse.diagnosis.baselines import FEW, Baselines, Reference
from turnwise.analyse.diagnosis.estimators import LogSpread, among_few
from turnwise.analyse.diagnosis.thresholds import Thresholds
from turnwise.model.audio import AudioReport
from turnwise.model.instants import NS_PER_MS, NS_PER_SECOND, ms_from_ns
from turnwise.model.metrics import Doubt, Part, PathPart, Response
from turnwise.model.observation import Framework
from turnwise.model.session import Session, Speaker, Turn

LONGEST_NS = 60 * NS_PER_SECOND
"""Nothing is blamed on a stage that took longer (voice.md 2.2)."""
UNUSUAL_Z = 3.0
"""From here a long time is not just how this agent is."""
UNCOMMON_Z = 2.0
"""One value in forty of a normal sample lies above it."""
TURN = "turn"
"""The whole wait for an answer, among the parts."""
DECISION = "decision"
"""From the caller's silence to the decision that the turn is over, among the parts.

A recogniser that is late uses up the delay that runs anyway: what is left of it for `endpointing`
may be next to nothing and varies by orders of magnitude, the whole does not.
"""
_METRICS = {
    Part.STT: {"stt"},
    Part.ENDPOINTING: {"eou_delay", "stt"},
    Part.LLM: {"llm"},
    Part.TTS: {"tts"},
}


@dataclass
class Case:
    """What every rule is given.

    Attributes:
        audio: what was heard in the recording, None where there is none or nothing was measured.
    """

    session: Session
    baselines: Baselines
    limits: Thresholds
    audio: AudioReport | None = None
    _own: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    @property
    def turns(self) -> Sequence[Turn]:
        return self.session.turns

    @cached_property
    def answers(self) -> list[tuple[Turn, Response]]:
        """The agent's turns with how they came about."""
        return [
            (turn, turn.response)
            for turn in self.turns
            if turn.speaker is Speaker.AGENT and turn.response is not None
        ]

    @cached_property
    def skewed(self) -> frozenset[int]:
        """Indexes of turns whose instants contradict each other."""
        return frozenset(
            mark.turn
            for mark in self.session.marks
            if mark.doubt is Doubt.SKEWED and mark.turn is not None
        )

    @cached_property
    def _doubted(self) -> dict[int, set[str]]:
        found: dict[int, set[str]] = defaultdict(set)
        for mark in self.session.marks:
            is_figure = mark.doubt in (Doubt.REFUSED, Doubt.TOO_LONG, Doubt.CONTRADICTED)
            if is_figure and mark.turn is not None:
                found[mark.turn].add(mark.what)
        return found

    def is_skewed(self, turn: Turn, response: Response) -> bool:
        """Whether the instants of an answer cannot be trusted."""
        return turn.index in self.skewed or response.asked_turn in self.skewed

    def believed(self, turn: Turn, response: Response) -> list[PathPart]:
        """The parts of an answer that may be blamed."""
        doubted = set(self._doubted.get(turn.index, ()))
        if response.asked_turn is not None:
            doubted |= self._doubted.get(response.asked_turn, set())
        return [
            each
            for each in response.parts
            if not each.is_cancelled
            and each.duration_ns <= LONGEST_NS
            and not doubted & _METRICS.get(each.part, set())
        ]

    def wait_ns(self, turn: Turn, response: Response) -> int | None:
        """The wait for an answer as the caller felt it, None where it cannot be believed."""
        wait = response.latency_ns
        if wait is None or not 0 <= wait <= LONGEST_NS or self.is_skewed(turn, response):
            return None
        return wait

    def decision_ns(self, turn: Turn, response: Response) -> int | None:
        """See DECISION; None where not both of its parts are known."""
        lengths = {each.part: each.duration_ns for each in self.believed(turn, response)}
        if not {Part.STT, Part.ENDPOINTING} <= lengths.keys():
            return None
        return lengths[Part.STT] + lengths[Part.ENDPOINTING]

    def own(self, part: str, kind: str) -> list[float]:
        """All values of a part in this session; of the whole wait those of a kind of turns."""
        if not self._own:
            self._collect()
        return self._own.get((part, kind if part == TURN else ""), [])

    def _collect(self) -> None:
        self._own[TURN, ""] = []
        for turn, response in self.answers:
            wait = self.wait_ns(turn, response)
            if wait is not None:
                self._own.setdefault((TURN, response.kind), []).append(wait)
            decided = self.decision_ns(turn, response)
            if decided is not None:
                self._own.setdefault((DECISION, ""), []).append(decided)
            for each in self.believed(turn, response):
                self._own.setdefault((part_key(each, response), ""), []).append(each.duration_ns)

    def among_own(self, part: str, kind: str, value: float) -> LogSpread | None:
        """What is usual in the rest of this session; None when it has too little."""
        others = list(self.own(part, kind))
        if value in others:
            others.remove(value)
        if len(others) < FEW:
            return None
        return among_few(others)

    def is_uncommon(self, part: str, value: float) -> bool:
        """Whether the rest of the session has few values like this one."""
        own = self.among_own(part, "", value)
        return own is not None and own.z(value) >= UNCOMMON_Z

    def usual(self, part: PathPart, response: Response) -> Reference | None:
        """What history holds to be usual for a part."""
        kind, model = key_of(part, response)
        if part.part is Part.TOOL:
            return self.usual_of_tool(model)
        bound = part.part is Part.UNEXPLAINED
        return self.baselines.usual(part.part, kind, model, is_model_bound=bound)

    def usual_of_tool(self, name: str) -> Reference | None:
        """How long a tool usually runs; of a rare one the few known runs are better than none."""
        known = self.baselines.usual(Part.TOOL, "", name, is_model_bound=True)
        few = self.baselines.hint(Part.TOOL, "", name) if known is None else None
        return Reference(few, "few") if few is not None else known

    def is_usual(self, part: str, kind: str, model: str, value: float) -> bool:
        """Whether the agent, or the rest of the session, often takes about so long.

        False where nothing is known.
        """
        reference = self.baselines.usual(part, kind, model, is_model_bound=True)
        known = reference.spread if reference is not None else None
        known = known or self.baselines.hint(part, kind, model)
        if known is None:
            own = part if part == TURN else f"{part}:{model}" if part == Part.TOOL else part
            known = self.among_own(own, model if part == TURN else kind, value)
        return known is not None and known.z(value) < known.needed(UNUSUAL_Z)

    def may_be_wordless(self, turn: Turn) -> bool:
        """Whether a turn without words may have had some: plain spans often keep them elsewhere."""
        return self.session.framework is Framework.GENERIC and bool(turn.span_ids)

    def ids(self, *indexes: int | None) -> tuple[str, ...]:
        """The observations of some turns; a turn without any is named by its own id."""
        found: list[str] = []
        for index in indexes:
            if index is not None and 0 <= index < len(self.turns):
                turn = self.turns[index]
                found.extend(turn.span_ids or (turn.id,))
        return tuple(dict.fromkeys(found))


def signature(parts: Iterable[PathPart]) -> str:
    """Which stages an answer reports: the rest of others with fewer of them is another rest."""
    return "+".join(sorted({each.part for each in parts if each.part is not Part.UNEXPLAINED}))


def part_key(part: PathPart, response: Response) -> str:
    """Under which name a session's own values are compared."""
    if part.part is Part.UNEXPLAINED:
        return f"{part.part}:{signature(response.parts)}"
    return f"{part.part}:{part.model}" if part.part is Part.TOOL else part.part


def key_of(part: PathPart, response: Response) -> tuple[str, str]:
    """Kind and model of a part's samples."""
    if part.part is Part.UNEXPLAINED:
        return response.kind, signature(response.parts)
    return ("" if part.part is Part.TOOL else response.kind), part.model or ""


def shown(milliseconds: float) -> str:
    """A duration for people: seconds with one decimal from one second on."""
    if milliseconds < 1_000:
        return f"{milliseconds:.0f}ms"
    return f"{milliseconds / 1_000:.1f}s"


def shown_ns(duration_ns: float) -> str:
    """The same of nanoseconds."""
    return shown(duration_ns / NS_PER_MS)


def ms(duration_ns: float) -> int:
    """Whole milliseconds for evidence."""
    return ms_from_ns(round(duration_ns))

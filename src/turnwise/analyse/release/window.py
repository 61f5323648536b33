"""The measurements of the sessions of one time."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal

from turnwise.analyse.release.statistics import Measured
from turnwise.model.instants import NS_PER_MS
from turnwise.model.session import (
    Interruption,
    InterruptionKind,
    Session,
    SessionStatus,
    Speaker,
    Turn,
)

_SAME_NS = 200 * NS_PER_MS
"""How far the end of a turn and the agent's silence may lie apart and still be one."""


class Window:
    """Collects what a release is judged by; latencies in milliseconds."""

    def __init__(self) -> None:
        self.sessions = 0
        self.agent_turns = 0
        self.failed = 0
        self.errors = 0
        self.cost_usd = Decimal(0)
        self.kinds: Counter[InterruptionKind] = Counter()
        self.sources: defaultdict[InterruptionKind, Counter[str]] = defaultdict(Counter)
        self._values: dict[str, tuple[list[float], list[int]]] = {}

    def add(self, session: Session) -> None:
        """Take a session in."""
        self.sessions += 1
        self.failed += session.status is SessionStatus.FAILED
        self.errors += session.error_count
        self.cost_usd += session.cost_usd
        for turn in session.turns:
            if turn.speaker is Speaker.AGENT:
                self.agent_turns += 1
                if turn.response is not None:
                    self._keep("turnLatencyMs", turn.response.latency_ns)
                self._keep("llmMs", turn.llm_ns)
                self._keep("ttsMs", turn.tts_ns)
            else:
                self._keep("sttMs", turn.stt_ns)
                self._keep("endpointingMs", turn.eou_delay_ns)
        for each in (*session.interruptions, *session.overlaps):
            self.kinds[each.kind] += 1
            self.sources[each.kind][each.source] += 1
            if each.kind is InterruptionKind.BARGE_IN:
                self._interruption(each)
            elif each.kind is InterruptionKind.FALSE_ALARM:
                self._keep("falseStopRecoveryMs", _recovery_ns(session.turns, each))

    def measured(self, metric: str) -> Measured:
        """The values of a metric by its name in the answer."""
        return Measured(*self._values.get(metric, ((), ())))

    def false_rate(self) -> float | None:
        """False alarms among all that stopped the agent, 0 to 1; None when nothing did."""
        false = self.kinds[InterruptionKind.FALSE_ALARM]
        stopped = self.kinds[InterruptionKind.BARGE_IN] + false
        return false / stopped if stopped else None

    def _interruption(self, cut: Interruption) -> None:
        self._keep("detectionLatencyMs", _between(cut.onset_ns, cut.detected_ns))
        self._keep("stopLatencyMs", _between(cut.onset_ns, cut.stopped_ns))
        self._keep("flushLatencyMs", _between(cut.detected_ns, cut.stopped_ns))
        if cut.bleed_words is not None:
            self._take("bleedThroughWords", cut.bleed_words)

    def _keep(self, metric: str, duration_ns: int | None) -> None:
        if duration_ns is not None and duration_ns >= 0:
            self._take(metric, duration_ns / NS_PER_MS)

    def _take(self, metric: str, value: float) -> None:
        values, sessions = self._values.setdefault(metric, ([], []))
        values.append(value)
        sessions.append(self.sessions)


def _recovery_ns(turns: Sequence[Turn], alarm: Interruption) -> int | None:
    """From the agent's silence after a false alarm to its next word; None where nobody can tell.

    An agent that goes on within the turn that was stopped says nowhere when it did, and once the
    caller speaks, what the agent says next is an answer.
    """
    stopped_ns = alarm.stopped_ns
    if stopped_ns is None:
        return None
    for turn in turns:
        is_stopped_one = turn.index == alarm.agent_turn_index
        if is_stopped_one and turn.end_ns is not None and turn.end_ns - stopped_ns > _SAME_NS:
            return None
        if not is_stopped_one and turn.start_ns >= stopped_ns:
            return turn.start_ns - stopped_ns if turn.speaker is Speaker.AGENT else None
    return None


def _between(first_ns: int | None, last_ns: int | None) -> int | None:
    return None if first_ns is None or last_ns is None else last_ns - first_ns

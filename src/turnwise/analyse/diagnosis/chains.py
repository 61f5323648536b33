"""Which issue follows from which: one cause with its consequences instead of four alarms.

Source: voice.md 2.3, step 5. A consequence keeps its place and names the type of its cause; what is
only information causes nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.metrics import PipelineStage
from turnwise.model.session import Session

_LLM_CAUSES = (
    "tool_failure", "retry", "model_fallback", "slow_prefill", "reasoning_delay", "prompt_growth",
)  # fmt: skip
_TOOL_CAUSES = ("tool_timeout", "tool_failure", "slow_tool")
_WHOLE_CAUSES = ("latency_regression", "region_network", "chronic_latency")
_MOST = 0.5
_ORDER = list(Severity)

Find = Callable[[Issue], str | None]


class _Chain:
    """The issues of a session, found by turn and by type."""

    def __init__(self, session: Session, issues: Sequence[Issue]):
        self.session = session
        self.issues = issues
        self.by_turn: defaultdict[int | None, list[Issue]] = defaultdict(list)
        for each in issues:
            if each.severity is not Severity.INFO:
                self.by_turn[each.turn].append(each)
        self.stages = {each.stage for each in self.by_turn[None] if each.stage is not None}
        self._late: defaultdict[str | None, int] = defaultdict(int)
        for each in issues:
            if each.type == "high_latency":
                self._late[each.stage] += 1

    def cause(
        self, turns: Iterable[int | None], *types: str, stage: str | None = None
    ) -> str | None:
        """The first of these types among the issues of some turns."""
        there = [each for turn in dict.fromkeys(turns) for each in self.by_turn[turn]]
        for kind in types:
            for each in there:
                if each.type == kind and (stage is None or each.stage in (None, stage)):
                    return kind
        return None

    def neighbours(self, turn: int | None) -> list[int]:
        """A turn, and the one that it answers."""
        if turn is None or not 0 <= turn < len(self.session.turns):
            return []
        response = self.session.turns[turn].response
        asked = response.asked_turn if response is not None else None
        return [turn] if asked is None else [turn, asked]

    # One rule for each type that can be a consequence

    def of_high_latency(self, issue: Issue) -> str | None:
        """Waits follow from what happened to the request, then from what the whole session has."""
        turns = self.neighbours(issue.turn)
        found = None
        if issue.stage == PipelineStage.TOOL:
            found = self.cause(turns, *_TOOL_CAUSES)
        elif issue.stage == PipelineStage.LLM:
            found = self.cause(turns, *_LLM_CAUSES, stage=issue.stage)
            found = found or self.cause([None], "prompt_growth", stage=issue.stage)
        elif issue.stage == PipelineStage.TTS:
            found = self.cause(turns, "cold_connection", "retry", "model_fallback")
        if found is None and self._is_habit(issue.stage):
            found = self.cause([None], *_WHOLE_CAUSES, stage=issue.stage)
        if found is None and issue.stage == PipelineStage.UNEXPLAINED:
            found = self.cause([issue.turn], "dead_air")
        return found

    def _is_habit(self, stage: str | None) -> bool:
        """Whether most answers are late by this stage."""
        answers = sum(turn.response is not None for turn in self.session.turns)
        return stage in self.stages and self._late[stage] >= _MOST * max(1, answers)

    def of_dead_air(self, issue: Issue) -> str | None:
        """Silence follows from whatever held the answer."""
        if issue.evidence.get("owedBy") != "agent":
            return None
        turns = self.neighbours(issue.turn)
        before = [] if issue.turn is None else [issue.turn - 1]
        found = self.cause([issue.turn], "failed_turn")
        found = found or self.cause([*turns, *before], *_TOOL_CAUSES)
        found = found or self.cause([*turns, *before], "failed_turn", "stt_empty", "retry")
        late = [
            each
            for each in self.by_turn[issue.turn]
            if each.type == "high_latency" and each.stage != PipelineStage.UNEXPLAINED
        ]
        if found is None and late:
            most = max(late, key=lambda each: float(each.evidence.get("excessMs", 0)))
            cause = self.of_high_latency(most)
            found = cause if cause not in (None, "dead_air") else "high_latency"
        return found

    def of_failed_turn(self, issue: Issue) -> str | None:
        turns = [issue.turn, None if issue.turn is None else issue.turn + 1]
        return self.cause(
            [each for each in turns if each is not None], "stt_empty", *_TOOL_CAUSES[:2]
        )

    def of_retry(self, issue: Issue) -> str | None:
        return self.cause([issue.turn], *_TOOL_CAUSES[:2])

    def of_misunderstanding(self, issue: Issue) -> str | None:
        """Who got no answer says it again."""
        earlier = issue.evidence.get("earlierTurn")
        turns = [earlier] if isinstance(earlier, int) else []
        return self.cause(turns, "failed_turn", "stt_empty")

    def of_truncated(self, issue: Issue) -> str | None:
        is_last = issue.turn == len(self.session.turns) - 1
        cut = self.cause([issue.turn], "false_interruption")
        return cut or (self.cause([None], "abrupt_hangup") if is_last else None)

    def of_chronic(self, issue: Issue) -> str | None:
        return self.cause([None], "latency_regression", "region_network", stage=issue.stage)

    def of_prefill(self, _: Issue) -> str | None:
        return self.cause([None], "prompt_growth")


def linked(session: Session, issues: Sequence[Issue]) -> list[Issue]:
    """The issues with their causes, and a caller who left making the reason weigh more."""
    chain = _Chain(session, issues)
    rules: dict[str, Find] = {
        "high_latency": chain.of_high_latency,
        "dead_air": chain.of_dead_air,
        "failed_turn": chain.of_failed_turn,
        "retry": chain.of_retry,
        "agent_misunderstanding": chain.of_misunderstanding,
        "truncated_agent_speech": chain.of_truncated,
        "chronic_latency": chain.of_chronic,
        "slow_prefill": chain.of_prefill,
    }
    found = []
    for each in issues:
        rule = rules.get(each.type)
        cause = rule(each) if rule is not None and each.caused_by is None else each.caused_by
        found.append(replace(each, caused_by=cause) if cause != each.caused_by else each)
    return found


def raised_by_hangup(issues: Sequence[Issue], hangups: Sequence[Issue]) -> list[Issue]:
    """The reason for which a caller left, one step more severe."""
    reasons = {(each.caused_by, _turn_of(each)) for each in hangups if each.caused_by is not None}
    return [
        replace(each, severity=step_up(each.severity))
        if (each.type, each.turn) in reasons
        else each
        for each in issues
    ]


def _turn_of(hangup: Issue) -> int | None:
    turn = hangup.evidence.get("causeTurn")
    return turn if isinstance(turn, int) else None


def step_up(severity: Severity) -> Severity:
    """The next severity, at most critical."""
    return _ORDER[min(_ORDER.index(severity) + 1, len(_ORDER) - 1)]

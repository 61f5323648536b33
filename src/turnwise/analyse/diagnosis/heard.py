"""What the recording says beside the telemetry (voice.md 3.2, step 7).

Nothing is compared before recording and telemetry share a clock.
"""

from collections.abc import Iterator
from statistics import median

from turnwise.analyse.diagnosis.case import Case, ms, shown_ns
from turnwise.analyse.diagnosis.thresholds import ns
from turnwise.model.audio import AudioReport, HeardKind
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.metrics import Response
from turnwise.model.session import InterruptionKind, Speaker, Turn

_SURE = 0.5
_NEAR_NS = NS_PER_SECOND
_REACH_NS = 2 * NS_PER_SECOND
_ALIGNED_NS = 250_000_000
"""With a larger spread of the offset single turns cannot be compared (voice.md 3.1)."""
_FEWEST = 3
_SHORTEST_TEXT = 2


def heard_issues(case: Case) -> Iterator[Issue]:
    """Where the recording contradicts what was reported, or shows what nobody reported."""
    audio = case.audio
    if audio is None or audio.problem is not None or audio.confidence < _SURE:
        return
    if audio.started_ns is None or (audio.alignment_mad_ns or 0) > _ALIGNED_NS:
        return
    yield from _disagreements(case, audio, audio.started_ns)
    yield from _words_from_nothing(case, audio, audio.started_ns)
    yield from _missed(case, audio, audio.started_ns)
    yield from _leading_silence(case, audio, audio.started_ns)


def _pairs(case: Case, audio: AudioReport, zero_ns: int) -> list[tuple[Turn, Response, int]]:
    """Answers with the latency that was heard."""
    found = []
    heard = [(zero_ns + each.agent_start_ns, each.latency_ns) for each in audio.responses]
    for turn, response in case.answers:
        near = [each for each in heard if abs(each[0] - turn.start_ns) <= _REACH_NS]
        wait = case.wait_ns(turn, response)
        if near and wait is not None:
            closest = min(near, key=lambda each: abs(each[0] - turn.start_ns))
            found.append((turn, response, closest[1]))
    return found


def _disagreements(case: Case, audio: AudioReport, zero_ns: int) -> Iterator[Issue]:
    pairs = _pairs(case, audio, zero_ns)
    limit = ns(case.limits.disagreement_ms)
    apart = [
        (turn, latency - (response.latency_ns or 0), latency) for turn, response, latency in pairs
    ]
    if not apart:
        return
    usual = median(each[1] for each in apart)
    if len(apart) >= _FEWEST and usual > limit:
        yield Issue(
            type="region_network",
            turn=None,
            description=f"Answers are heard {shown_ns(usual)} later than the agent reports",
            recommendation="Check the network between the agent and the place of recording, and run "
            "the agent nearer to its callers.",
            severity=Severity.MEDIUM,
            start_ns=case.session.started_ns,
            end_ns=case.session.ended_ns,
            span_ids=case.ids(*(turn.index for turn, _, _ in apart)),
            evidence={"differenceMs": ms(usual), "n": len(apart)},
            confidence=0.7,
        )
        return
    wrong = [each for each in apart if abs(each[1]) > limit]
    if wrong:
        turns = ", ".join(str(turn.index) for turn, _, _ in wrong)
        most = max(wrong, key=lambda each: abs(each[1]))
        yield Issue(
            type="implausible_metric",
            turn=None,
            description=f"Reported and heard response latencies differ in turns {turns}, by "
            f"{shown_ns(abs(most[1]))} in turn {most[0].index}",
            recommendation="Take the times of the recording for these turns.",
            severity=Severity.INFO,
            start_ns=most[0].start_ns,
            end_ns=most[0].end_ns,
            span_ids=case.ids(*(turn.index for turn, _, _ in wrong)),
            evidence={"turns": turns, "differenceMs": ms(most[1]), "heardMs": ms(most[2])},
            confidence=audio.confidence,
        )


def _words_from_nothing(case: Case, audio: AudioReport, zero_ns: int) -> Iterator[Issue]:
    speech = [
        (zero_ns + each.start_ns, zero_ns + each.end_ns)
        for each in audio.turns
        if each.speaker is Speaker.USER
    ]
    last_ns = zero_ns + audio.duration_ns
    for turn in case.turns:
        if turn.speaker is not Speaker.USER or turn.end_ns is None or not turn.text:
            continue
        if turn.end_ns <= turn.start_ns or not zero_ns <= turn.start_ns <= turn.end_ns <= last_ns:
            continue
        first, last = turn.start_ns - _NEAR_NS, turn.end_ns + _NEAR_NS
        is_heard = any(start < last and end > first for start, end in speech)
        if not is_heard and len(turn.text) > _SHORTEST_TEXT:
            yield Issue(
                type="stt_on_silence",
                turn=turn.index,
                description=f"Turn {turn.index} has a transcript, and the caller's channel is silent",
                recommendation="Gate the recogniser by voice detection, and cancel the agent's echo.",
                severity=Severity.MEDIUM,
                stage="stt",
                start_ns=turn.start_ns,
                end_ns=turn.end_ns,
                span_ids=case.ids(turn.index),
                evidence={"source": "audio"},
                confidence=audio.confidence,
            )


def _missed(case: Case, audio: AudioReport, zero_ns: int) -> Iterator[Issue]:
    told = [*case.session.interruptions, *case.session.overlaps]
    known = [
        each.onset_ns
        for each in told
        if each.onset_ns is not None and each.kind is not InterruptionKind.BACKCHANNEL
    ]
    for each in audio.overlaps:
        onset_ns = zero_ns + each.onset_ns
        if each.kind is not HeardKind.MISSED or any(abs(onset_ns - at) < _NEAR_NS for at in known):
            continue
        over = next(
            (
                turn
                for turn in case.turns
                if turn.speaker is Speaker.AGENT
                and turn.start_ns <= onset_ns <= (turn.end_ns or turn.start_ns)
            ),
            None,
        )
        yield Issue(
            type="missed_barge_in",
            turn=over.index if over is not None else None,
            description="The recording has the agent talking on over the caller",
            recommendation="Allow interruptions of this speech, and check the gain and the threshold "
            "of the voice detector.",
            severity=Severity.HIGH,
            start_ns=onset_ns,
            end_ns=over.end_ns if over is not None else None,
            span_ids=case.ids(over.index if over is not None else None),
            evidence={"source": "audio"},
            confidence=audio.confidence,
        )


def _leading_silence(case: Case, audio: AudioReport, zero_ns: int) -> Iterator[Issue]:
    """Sound that began later after the start of playback than it does in the other turns."""
    speech = [zero_ns + each.start_ns for each in audio.turns if each.speaker is Speaker.AGENT]
    delays = []
    for turn in case.turns:
        if turn.speaker is Speaker.AGENT:
            after = [at - turn.start_ns for at in speech if abs(at - turn.start_ns) <= _NEAR_NS]
            if after:
                delays.append((turn, min(after, key=abs)))
    if len(delays) < _FEWEST:
        return
    usual = median(delay for _, delay in delays)
    for turn, delay in delays:
        silent = delay - usual
        if silent > ns(case.limits.leading_silence_ms) + (audio.alignment_mad_ns or 0):
            yield Issue(
                type="tts_leading_silence",
                turn=turn.index,
                stage="tts",
                description=f"The audio of turn {turn.index} begins with {shown_ns(silent)} of "
                "silence more than that of others",
                recommendation="Trim the silence at the head of the synthesised audio.",
                severity=Severity.LOW,
                start_ns=turn.start_ns,
                end_ns=turn.start_ns + delay,
                span_ids=case.ids(turn.index),
                evidence={
                    "observedMs": ms(silent),
                    "targetMs": round(case.limits.leading_silence_ms),
                },
                confidence=audio.confidence,
            )

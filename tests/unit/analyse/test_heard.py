from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analyse.build import MS, PROJECT, SESSION, START_NS, at, fact, ms, session_of
from turnwise.model.audio import AudioReport, HeardKind, HeardOverlap, HeardResponse, HeardTurn
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.recording import Analysis
from turnwise.model.speaker import Speaker

CREATED_NS = START_NS + 99
STARTED = fact(FactKind.SESSION, started_ns=START_NS, agent="desk")
AGENT = [(500, 3000), (6000, 9000), (13_200, 14_500)]
USER = [(4000, 5200), (8500, 10_000)]


def _turns(jitter: tuple[int, ...] = (0, 0, 0), late_ms: int = 0) -> list[SessionFact]:
    agent = [
        (a + late_ms + j, b + late_ms, "agent") for (a, b), j in zip(AGENT, jitter, strict=True)
    ]
    user = [(a + late_ms, b + late_ms, "user") for a, b in USER]
    return [
        fact(
            FactKind.TURN, f"t{n}", index=n, speaker=who, text="x", start_ms=a, end_ms=b, e2e_ms=700
        )
        for n, (a, b, who) in enumerate(sorted(agent + user))
    ]


def _recording(recording_id: str = "r1", **body: Any) -> SessionFact:
    kept = {"status": "ready", "content_type": "audio/wav", "created_ns": CREATED_NS,
            "storage_uri": f"file:///media/{recording_id}.wav"}  # fmt: skip
    body = {**kept, **body}
    return fact(FactKind.RECORDING, recording_id, **body)


def _report(**fields: Any) -> AudioReport:
    turns = [
        *(HeardTurn(speaker=Speaker.AGENT, start_ns=a * MS, end_ns=b * MS) for a, b in AGENT),
        *(HeardTurn(speaker=Speaker.USER, start_ns=a * MS, end_ns=b * MS) for a, b in USER),
    ]
    given_fields: dict[str, Any] = {
        "recording_id": "r1",
        "version": 1,
        "channels": 2,
        "duration_ns": 20_000 * MS,
        "confidence": 1.0,
        "turns": tuple(sorted(turns, key=lambda each: each.start_ns)),
        "overlaps": (
            HeardOverlap(kind=HeardKind.BARGE_IN, onset_ns=8500 * MS, stopped_ns=9000 * MS),
        ),
        "responses": (HeardResponse(user_end_ns=5200 * MS, agent_start_ns=6000 * MS),),
    }
    return AudioReport(**{**given_fields, **fields})


def _audio(what: AudioReport, recording_id: str = "r1", **body: Any) -> SessionFact:
    text = msgspec.json.encode(what).decode()
    return fact(FactKind.AUDIO, recording_id, **{"report": text, "created_ns": CREATED_NS, **body})


def test_the_recording_is_placed_where_the_onsets_meet() -> None:
    session = session_of(STARTED, *_turns((10, -20, 30), 1400), _recording(), _audio(_report()))
    assert session.audio is not None
    assert ms(session.audio.started_ns) == 1410
    assert session.audio.alignment_mad_ns == 20 * MS
    [response] = session.audio.responses
    assert (response.turn_index, response.latency_ns) == (2, 800 * MS)
    assert session.recordings[0].analysis is Analysis.DONE


def test_turns_that_meet_badly_are_compared_with_nothing() -> None:
    turns = _turns((500, -500, 0))
    session = session_of(STARTED, *turns, _recording(offset_ns=0), _audio(_report()))
    assert session.audio is not None
    assert session.audio.alignment_mad_ns == 500 * MS
    assert session.audio.responses[0].turn_index is None
    assert session.interruptions == ()


def test_without_turns_the_recordings_own_start_counts() -> None:
    session = session_of(STARTED, _recording(offset_ns=300 * MS), _audio(_report()))
    assert session.audio is not None
    assert ms(session.audio.started_ns) == 300
    assert session.audio.alignment_mad_ns is None
    [interruption] = session.interruptions
    assert (ms(interruption.onset_ns), ms(interruption.stopped_ns)) == (8800, 9300)
    assert (interruption.source, interruption.agent_turn_index) == ("audio", None)


def test_without_any_start_or_turn_what_was_heard_counts_from_the_sessions_own() -> None:
    session = session_of(STARTED, _recording(), _audio(_report()))
    assert session.audio is not None
    assert session.audio.started_ns is None
    [interruption] = session.interruptions
    assert (interruption.source, ms(interruption.onset_ns)) == ("audio", 8500)
    told = fact(FactKind.INTERRUPTION, "i1", onset_ms=2000, stopped_ms=2500)
    told_of_one = session_of(STARTED, told, _recording(), _audio(_report()))
    assert [each.id for each in told_of_one.interruptions] == ["i1"]


def test_what_is_hardly_believed_is_no_interruption() -> None:
    session = session_of(STARTED, *_turns(), _recording(), _audio(_report(confidence=0.4)))
    assert session.audio is not None
    assert session.interruptions == session.overlaps == ()


def _both(kind: HeardKind, onset_ms: int, stopped_ms: int | None = None) -> SessionFact:
    stopped_ns = None if stopped_ms is None else stopped_ms * MS
    heard = HeardOverlap(kind=kind, onset_ns=onset_ms * MS, stopped_ns=stopped_ns)
    return _audio(_report(overlaps=(heard,)))


@pytest.mark.parametrize(
    ("kind", "onset_ms", "turns"),
    [
        (HeardKind.MISSED, 7000, (2, 3)),
        (HeardKind.BACKCHANNEL, 6300, (2, None)),
        (HeardKind.PREMATURE, 13_150, (4, 3)),
    ],
)
def test_what_was_only_heard_and_made_nobody_stop_is_an_overlap(
    kind: HeardKind, onset_ms: int, turns: tuple[int, int | None]
) -> None:
    session = session_of(STARTED, *_turns(), _recording(), _both(kind, onset_ms, onset_ms + 500))
    assert session.interruptions == ()
    [heard] = session.overlaps
    assert (str(heard.kind), heard.source, heard.onset_ns) == (kind.value, "audio", at(onset_ms))
    assert (heard.agent_turn_index, heard.user_turn_index) == turns


@pytest.mark.parametrize(
    ("kind", "said", "onset_ms", "told"),
    [
        (HeardKind.MISSED, [(6000, 12_000, "agent"), (8000, 9200, "user")], 8040, "missed"),
        (HeardKind.BARGE_IN, [(6000, 12_000, "agent"), (8000, 9200, "user")], 8040, "missed"),
        (HeardKind.BACKCHANNEL, [(6000, 12_000, "agent"), (8000, 8400, "user")], 7960,
         "backchannel"),
        (HeardKind.PREMATURE, [(2000, 6500, "user"), (5500, 9000, "agent")], 5460, "premature"),
    ],
    ids=["missed by both", "heard as a barge-in", "backchannel", "premature"],
)  # fmt: skip
def test_voices_at_once_of_which_both_tell_count_once(
    kind: HeardKind, said: list[tuple[int, int, str]], onset_ms: int, told: str
) -> None:
    turns = [
        fact(
            FactKind.TURN, f"t{n}", index=n, speaker=who, text="wait a moment", start_ms=a, end_ms=b
        )
        for n, (a, b, who) in enumerate(said)
    ]
    heard = _both(kind, onset_ms, onset_ms + 900)
    session = session_of(STARTED, *turns, _recording(offset_ns=0), heard)
    assert session.interruptions == ()
    [overlap] = session.overlaps
    assert (overlap.kind, overlap.source) == (told, "reported")


def test_an_interruption_that_was_only_heard_names_its_turns() -> None:
    session = session_of(STARTED, *_turns(), _recording(), _audio(_report()))
    [interruption] = session.interruptions
    assert (interruption.agent_turn_index, interruption.user_turn_index) == (2, 3)
    assert (interruption.onset_ns, interruption.stopped_ns) == (at(8500), at(9000))


@pytest.mark.parametrize(
    "stated",
    [
        {"onset_ms": 8400, "stopped_ms": 9050},
        {"stopped_ms": 10_500},
        {"detected_ms": 8900},
        {"turn_index": 2},
    ],
    ids=["the same times", "a late stop", "only detected", "only the turn"],
)
def test_what_telemetry_tells_of_is_not_doubled(stated: dict[str, int]) -> None:
    told = fact(FactKind.INTERRUPTION, "i1", **stated)
    session = session_of(STARTED, *_turns(), told, _recording(), _audio(_report()))
    assert [each.id for each in session.interruptions] == ["i1"]


def test_an_interruption_elsewhere_stands_beside_the_heard_one() -> None:
    told = fact(FactKind.INTERRUPTION, "i1", onset_ms=2000, stopped_ms=2500)
    session = session_of(STARTED, *_turns(), told, _recording(), _audio(_report()))
    assert [each.source for each in session.interruptions] == ["reported", "audio"]


def test_a_report_of_audio_that_was_replaced_counts_no_more() -> None:
    session = session_of(STARTED, _recording(created_ns=CREATED_NS + 1), _audio(_report()))
    assert session.audio is None
    assert session.recordings[0].analysis is Analysis.PENDING


@pytest.mark.parametrize("text", ["", "{", "[]", '{"recording_id": 1}', 7, None])
def test_a_report_that_cannot_be_read_counts_as_none(text: object) -> None:
    session = session_of(STARTED, _recording(), _audio(_report(), report=text))
    assert session.audio is None
    assert session.recordings[0].analysis is Analysis.PENDING


@pytest.mark.parametrize(
    "body",
    [
        {"status": "pending"},
        {"status": "failed"},
        {"content_type": "video/mp4"},
        {"storage_uri": "https://elsewhere.example/a.wav"},
    ],
    ids=["to come", "failed", "no audio", "kept by others"],
)
def test_what_is_no_file_of_ours_waits_for_nothing(body: dict[str, str]) -> None:
    assert session_of(STARTED, _recording(**body)).recordings[0].analysis is None


def test_of_several_recordings_the_one_that_tells_most_speaks() -> None:
    mono = _report(recording_id="r2", problem="one channel", channels=1, duration_ns=10**12)
    facts = (_recording(), _recording("r2"), _audio(_report()), _audio(mono, "r2"))
    session = session_of(STARTED, *facts)
    assert session.audio is not None
    assert session.audio.recording_id == "r1"
    assert [each.analysis for each in session.recordings] == [Analysis.DONE, Analysis.FAILED]


@given(
    st.lists(st.integers(0, 300_000), min_size=2, max_size=30, unique=True),
    st.integers(-60_000, 60_000),
)
def test_any_shift_is_found_again(starts: list[int], shift_ms: int) -> None:
    spaced = [each + 3000 * n for n, each in enumerate(sorted(starts))]
    turns = tuple(
        HeardTurn(speaker=Speaker.AGENT, start_ns=each * MS, end_ns=(each + 900) * MS)
        for each in spaced
    )
    said = [
        fact(
            FactKind.TURN, f"t{n}", index=n, speaker="agent", text="x",
            start_ms=each + shift_ms, end_ms=each + shift_ms + 900,
        )
        for n, each in enumerate(spaced)
    ]  # fmt: skip
    report = _report(turns=turns, overlaps=(), responses=())
    session = session_of(STARTED, *said, _recording(), _audio(report))
    assert session.audio is not None
    assert session.audio.started_ns == at(shift_ms)
    assert session.audio.alignment_mad_ns == 0
    assert (session.project_id, session.id) == (PROJECT, SESSION)

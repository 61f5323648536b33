"""What calls, rooms, recordings and reports add to a session."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from tests.unit.analyse.build import START_NS, at, fact, livekit, ms, said, session_of, span
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import session_id_of
from turnwise.model.metrics import Part
from turnwise.model.observation import Step
from turnwise.model.recording import RecordingStatus
from turnwise.model.session import SessionStatus
from turnwise.model.usage import Stage

SESSION = fact(FactKind.SESSION, started_ns=START_NS)


def _event(sequence: int, status: str, at_ms: float, sid: str = "CA1", **body: Any) -> SessionFact:
    return fact(
        FactKind.CALL_EVENT,
        f"{sid}:{sequence}",
        sid=sid,
        carrier="twilio",
        sequence=sequence,
        status=status,
        at_ns=at(at_ms),
        **body,
    )


def test_the_highest_number_tells_the_status_of_a_call() -> None:
    session = session_of(
        SESSION,
        _event(3, "completed", 9000),
        _event(0, "initiated", 10, from_number="+1", direction="inbound"),
        _event(1, "ringing", 500),
        _event(2, "in-progress", 1500),
    )
    call = session.call
    assert call is not None
    assert (call.sid, call.status, call.direction) == ("CA1", "completed", "inbound")
    assert (ms(call.started_ns), ms(call.answered_ns), ms(call.ended_ns)) == (10, 1500, 9000)
    assert (session.call_id, session.status) == ("CA1", SessionStatus.COMPLETED)
    assert (ms(session.ended_ns), ms(session.finalized_ns)) == (9000, 9000)


def test_a_status_that_ends_a_call_outranks_a_higher_number() -> None:
    session = session_of(SESSION, _event(7, "in-progress", 9000), _event(2, "busy", 100))
    assert session.call is not None
    assert session.call.status == "busy"
    assert session.status is SessionStatus.FAILED


def test_a_call_in_progress_leaves_the_session_open() -> None:
    session = session_of(SESSION, _event(1, "in-progress", 100))
    assert (session.status, session.ended_ns) == (SessionStatus.ACTIVE, None)


def test_of_two_legs_the_one_that_was_not_dialled_carries_the_session() -> None:
    dialled = _event(0, "ringing", 5, sid="CA0", parent_sid="CA1")
    call = session_of(SESSION, dialled, _event(0, "ringing", 10)).call
    assert call is not None
    assert call.sid == "CA1"


def test_a_room_names_the_session_and_closes_it() -> None:
    def event(event_id: str, name: str, at_ms: float) -> SessionFact:
        return fact(
            FactKind.ROOM_EVENT, event_id, event=name, at_ns=at(at_ms), room_sid="RM_1",
            room_name="lobby", call_id="CA7",
        )  # fmt: skip

    joined = event("EV_1", "participant_joined", 5)
    session = session_of(SESSION, joined)
    assert (session.room_name, session.room_sid, session.call_id) == ("lobby", "RM_1", "CA7")
    assert session.status is SessionStatus.ACTIVE
    closed = session_of(SESSION, joined, event("EV_2", "room_finished", 7000))
    assert (ms(closed.ended_ns), closed.status) == (7000, SessionStatus.COMPLETED)


@pytest.mark.parametrize(
    ("word", "status"),
    [("READY", RecordingStatus.READY), ("odd", RecordingStatus.PENDING)],
)
def test_a_recording_belongs_to_the_session_and_its_call(
    word: str, status: RecordingStatus
) -> None:
    stored = fact(
        FactKind.RECORDING, "r1", status=word, storage_uri="file:a.wav", channels=2,
        duration_ns=5, offset_ns=-3, external_id="RE1", at_ns=at(9),
    )  # fmt: skip
    [recording] = session_of(SESSION, stored, _event(0, "ringing", 1)).recordings
    assert (recording.id, recording.status, recording.call_id) == ("r1", status, "CA1")
    assert (recording.channels, recording.duration_ns, recording.offset_ns) == (2, 5, -3)
    assert ms(recording.created_ns) == 9


LINKED: dict[str, Any] = {
    "linked_uri": "https://files.example.com/call.ogg",
    "source_content_type": "audio/ogg",
    "source_size_bytes": 7,
    "source_duration_ns": 5,
    "room_sid": "RM_1",
}
COPIED: dict[str, Any] = {
    "status": "ready",
    "storage_uri": "s3://media/recordings/r1.ogg",
    "content_type": "audio/ogg",
    "size_bytes": 8,
    "duration_ns": 6,
    "channels": 2,
}


def test_a_file_of_a_media_server_is_linked_until_it_was_tried_to_copy_it() -> None:
    linked = fact(FactKind.RECORDING, "r1", **LINKED)
    [recording] = session_of(SESSION, linked).recordings
    assert recording.is_linked
    assert (recording.status, recording.elsewhere) == (RecordingStatus.READY, LINKED["linked_uri"])
    assert (recording.content_type, recording.size_bytes, recording.duration_ns) == (
        "audio/ogg",
        7,
        5,
    )
    assert recording.home == session_id_of(recording.project_id, "RM_1")
    refused = fact(FactKind.RECORDING, "r1", **LINKED, copy_error="It lies elsewhere.")
    [recording] = session_of(SESSION, refused).recordings
    assert not recording.is_linked
    assert recording.elsewhere == LINKED["linked_uri"]
    assert recording.file is None


def test_a_copy_wins_over_its_link_in_every_order() -> None:
    bodies = [LINKED, COPIED, LINKED]
    for order in permutations(range(3)):
        said = [
            replace(fact(FactKind.RECORDING, "r1", **bodies[number]), version=at_)
            for at_, number in enumerate(order)
        ]
        [recording] = session_of(SESSION, *said).recordings
        assert not recording.is_linked
        assert (recording.file, recording.elsewhere) == ("r1.ogg", None)
        assert (recording.size_bytes, recording.duration_ns, recording.channels) == (8, 6, 2)


def _seconds(at_ms: float) -> float:
    return at(at_ms) / 1e9


def _message(role: str, text: str, start_ms: float, **metrics: float) -> dict[str, Any]:
    return {
        "id": f"item_{start_ms}",
        "type": "message",
        "role": role,
        "content": [text, {"image": 1}],
        "interrupted": False,
        "created_at": _seconds(start_ms),
        "metrics": {"started_speaking_at": _seconds(start_ms), **metrics},
    }


ITEMS = [
    {"type": "agent_handoff", "new_agent_id": "desk", "created_at": _seconds(0)},
    _message("assistant", "Hello", 100, llm_node_ttft=-1, tts_node_ttfb=0.2),
    {**_message("user", "Where?", 900, transcription_delay=0.13), "transcript_confidence": 0.9},
    {"type": "function_call", "id": "f1", "call_id": "c1", "name": "find", "arguments": "{}",
     "created_at": _seconds(1000)},
    {"type": "function_call_output", "call_id": "c1", "output": "no", "is_error": True,
     "created_at": _seconds(1100)},
    _message("assistant", "Nowhere.", 1500, llm_node_ttft=0.17, e2e_latency=0.8),
    _message("system", "Be brief.", 0),
    {"type": "function_call", "call_id": "c2", "name": "late", "created_at": _seconds(1800)},
]  # fmt: skip
REPORT = fact(
    FactKind.REPORT,
    "AJ_1",
    job_id="AJ_1",
    room="lobby",
    agent_name="desk",
    chat_history={"items": ITEMS},
    close_reason="CR_USER_INITIATED",
    timestamp=_seconds(5000),
    usage=[
        {"type": "stt_usage", "provider": "Deepgram", "model": "nova-3", "audio_duration": 5.18},
        {"type": "llm_usage", "provider": "openai", "model": "m", "input_tokens": 9},
        {"type": "other"},
    ],
)


def test_a_report_alone_is_a_session() -> None:
    session = session_of(REPORT)
    assert said(session) == [("agent", "Hello"), ("user", "Where?"), ("agent", "Nowhere.")]
    greeting, question, answer = session.turns
    assert (greeting.llm_ns, greeting.tts_ns) == (None, 200_000_000)
    assert (question.stt_ns, question.confidence) == (130_000_000, 0.9)
    assert (answer.llm_ns, answer.e2e_ns) == (170_000_000, 800_000_000)
    assert (ms(session.started_ns), ms(session.ended_ns)) == (0, 5000)
    assert (session.agent, session.room_name, session.job_id) == ("desk", "lobby", "AJ_1")
    assert (session.close_reason, session.status) == ("user_initiated", SessionStatus.COMPLETED)
    first, late = session.tools
    assert (first.name, first.turn_index, first.error, first.output) == ("find", 2, "no", '"no"')
    assert (ms(first.start_ns), ms(first.end_ns)) == (1000, 1100)
    assert (late.turn_index, late.end_ns) == (None, None)
    assert [(row.stage, row.audio_ns) for row in session.usage] == [
        (Stage.STT, 5_180_000_000),
        (Stage.LLM, 0),
    ]


def test_a_report_completes_what_the_spans_say_and_doubles_nothing() -> None:
    spans = (
        livekit(Step.SESSION, 0, 4000, "s"),
        livekit(Step.AGENT_TURN, 90, 800, "a", "s", agent_text="Hello"),
        livekit(
            Step.USER_TURN, 900, 1400, "u", "s",
            user_text="Where?", model="nova-3", provider="Deepgram",
        ),
        livekit(Step.AGENT_TURN, 1400, 2000, "b", "s", agent_text="Nowhere.", e2e_ms=700),
        livekit(Step.TOOL, 1450, 1460, "f", "b", tool_name="find", tool_call_id="c1"),
    )  # fmt: skip
    session = session_of(*spans, REPORT)
    assert [turn.id for turn in session.turns] == ["a", "u", "b"]
    assert session.turns[1].stt_ns == 130_000_000
    assert session.turns[2].e2e_ns == 800_000_000  # the report's word
    assert [tool.id for tool in session.tools] == ["f", "c2"]
    assert ms(session.ended_ns) == 4000
    stt = session.usage[0]
    assert (stt.requests, stt.audio_ns) == (1, 5_180_000_000)


def test_a_report_of_another_shape_is_survived() -> None:
    odd = fact(
        FactKind.REPORT,
        "x",
        items=[{"role": "user", "content": "Hi"}, {"role": "user", "created_at": "soon"}, 3],
        usage={"a": 1},
    )
    assert said(session_of(odd)) == []
    plain = fact(FactKind.REPORT, "x", items=[{"role": "user", "content": "Hi", "created_at": 5.0}])
    assert said(session_of(plain)) == [("user", "Hi")]


def test_the_name_that_an_sdk_gives_its_uploads_is_no_agent() -> None:
    assert session_of(span(Step.OTHER, 0, 1, "a", agent_name="livekit-agents")).agent == "unknown"


def test_the_time_to_the_first_sentence_is_part_of_the_wait() -> None:
    items = [
        {**_message("user", "Where?", 900), "metrics": {
            "started_speaking_at": _seconds(900), "stopped_speaking_at": _seconds(1500)}},
        _message("assistant", "There.", 2600, llm_node_ttft=0.2, llm_node_ttfs=0.55,
                 tts_node_ttfb=0.2),
    ]  # fmt: skip
    session = session_of(
        fact(FactKind.REPORT, "AJ_1", job_id="AJ_1", chat_history={"items": items})
    )
    response = session.turns[1].response
    assert response is not None
    lengths = {each.part: each.duration_ns for each in response.parts}
    assert lengths[Part.WORDING] == 350_000_000
    assert lengths[Part.UNEXPLAINED] == 350_000_000

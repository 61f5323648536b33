"""The demo's sessions: the same every time, with everything that was promised, and told honestly."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from turnwise.app.demo.agents import PROFILES, Shape
from turnwise.app.demo.plan import stories, trouble_of
from turnwise.app.demo.script import CLOSING, GREETING, SIDE, read_book
from turnwise.app.demo.send import DemoSession, demo_sessions
from turnwise.app.demo.story import Trouble

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
RECORDED = {Shape.LIVEKIT: "livekit/1.8.9", Shape.PIPECAT: "pipecat/1.14.0"}
FAILED = Status.STATUS_CODE_ERROR
GZIP = b"\x1f\x8b"

NOT_RECORDED = {
    # The interruption detector runs in LiveKit's cloud, so no recording of ours can hold it;
    # read in livekit-agents 1.8.9, inference/interruption.py.
    ("user_speaking", "lk.is_interruption"),
    ("user_speaking", "lk.interruption.detection_delay"),
}

HOUR_NS = 3_600 * 10**9
ANCHOR_NS = 497_900 * HOUR_NS
LIVE_NS = ANCHOR_NS + 25 * 60 * 10**9
DAYS = 7


@dataclass(frozen=True)
class Sent:
    """A demo session as the server reads it."""

    session: DemoSession
    resource: dict[str, str]
    spans: list[Span]

    @property
    def trouble(self) -> Trouble:
        return self.session.story.trouble

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


def values(attributes: Iterator[KeyValue]) -> dict[str, AnyValue]:
    return {each.key: each.value for each in attributes}


def attributes_of(span: Span) -> dict[str, AnyValue]:
    return values(iter(span.attributes))


def decoded(body: bytes) -> ExportTraceServiceRequest:
    while body[:2] == GZIP:
        body = gzip.decompress(body)
    return ExportTraceServiceRequest.FromString(body)


def spans_of(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for within in request.resource_spans:
        for scope in within.scope_spans:
            yield from scope.spans


def made(sessions: int, seed: int = 7, anchor_ns: int = ANCHOR_NS) -> list[DemoSession]:
    return list(demo_sessions(sessions, seed, DAYS, anchor_ns, LIVE_NS))


@cache
def sent(sessions: int) -> list[Sent]:
    found = []
    for session in made(sessions):
        requests = [decoded(body) for body in session.bodies]
        resource = values(iter(requests[0].resource_spans[0].resource.attributes))
        found.append(
            Sent(
                session,
                {key: value.string_value for key, value in resource.items()},
                [span for request in requests for span in spans_of(request)],
            )
        )
    return found


def having(trouble: Trouble, sessions: int = 60) -> list[Sent]:
    return [each for each in sent(sessions) if each.trouble is trouble]


def test_equal_arguments_give_equal_bytes() -> None:
    assert [each.bodies for each in made(40)] == [each.bodies for each in made(40)]


@pytest.mark.parametrize("other", [{"seed": 8}, {"anchor_ns": ANCHOR_NS + HOUR_NS}])
def test_another_seed_or_hour_gives_other_sessions(other: dict[str, int]) -> None:
    ids = {each.story.session_id for each in made(40)}
    others = {each.story.session_id for each in made(40, **other)}
    assert len(ids) == len(others) == 40
    assert not ids & others


def test_forty_sessions_show_every_trouble() -> None:
    assert {each.story.trouble for each in made(40)} == set(Trouble)


def test_only_one_session_is_ever_live() -> None:
    assert [trouble_of(number) for number in range(400)].count(Trouble.LIVE) == 1


def test_every_agent_has_a_dozen_conversations_and_a_second_language() -> None:
    parts = {GREETING, SIDE, CLOSING}
    for profile in PROFILES:
        scripts = [each for each in read_book(profile.book).scripts if each.name not in parts]
        assert len(scripts) >= 12
        assert {each.language for each in scripts} == set(profile.languages)
        assert len(profile.languages) >= 2


def test_every_conversation_can_be_told() -> None:
    told = {(s.profile.name, s.language, s.topic) for s in stories(900, 7, DAYS, ANCHOR_NS)}
    for profile in PROFILES:
        book = read_book(profile.book)
        for language in profile.languages:
            for script in book.conversations(language):
                assert (profile.name, language, script.name) in told


def test_no_slot_and_no_choice_is_left_open() -> None:
    for story in stories(900, 7, DAYS, ANCHOR_NS):
        for beat in story.beats:
            said = (beat.caller or "") + beat.agent
            assert not set("<>[]|") & set(said), said


def test_every_tool_of_the_texts_is_described() -> None:
    for story in stories(900, 7, DAYS, ANCHOR_NS):
        used = {run.use.name for beat in story.beats for run in beat.runs}
        assert used <= set(story.profile.tools)


def test_each_agent_changes_its_version_once() -> None:
    for profile in PROFILES:
        versions = [
            each.resource["service.version"]
            for each in sent(200)
            if each.resource["service.name"] == profile.service
        ]
        changes = [old != new for old, new in pairwise(versions)]
        assert changes.count(True) == 1


def test_sessions_carry_their_id_where_the_frameworks_put_it() -> None:
    for each in sent(60):
        story = each.session.story
        if story.profile.shape is Shape.LIVEKIT:
            found = [attributes_of(span)["langfuse.session.id"] for span in each.spans]
            assert {value.string_value for value in found} == {story.session_id}
        else:
            [named] = [span for span in each.spans if "session.id" in attributes_of(span)]
            assert attributes_of(named)["session.id"].string_value == story.session_id
            assert (named.name, named.parent_span_id) == ("conversation", b"")


def test_a_root_comes_in_the_last_request_unless_the_call_never_ended() -> None:
    for each in sent(60):
        roots = [span.name for span in each.spans if not span.parent_span_id]
        last = [span.name for span in spans_of(decoded(each.session.bodies[-1]))]
        if each.trouble in (Trouble.KILLED, Trouble.LIVE):
            assert roots == []
        else:
            assert len(roots) == 1
            assert roots[0] in last


def test_children_lie_within_their_trace_and_follow_their_parents() -> None:
    for each in sent(60):
        by_id = {span.span_id: span for span in each.spans}
        assert len(by_id) == len(each.spans)
        assert len({span.trace_id for span in each.spans}) == 1
        for span in each.spans:
            assert span.start_time_unix_nano <= span.end_time_unix_nano
            parent = by_id.get(span.parent_span_id)
            if parent is None:
                assert not span.parent_span_id or each.session.story.until_ns is not None
            elif span.name != "stt":  # Pipecat's recogniser begins before its turn
                assert parent.start_time_unix_nano <= span.start_time_unix_nano
                assert span.end_time_unix_nano <= parent.end_time_unix_nano, span.name


def test_spans_are_sent_as_they_end() -> None:
    for each in sent(60):
        ends = [span.end_time_unix_nano for span in each.spans]
        if each.session.story.profile.shape is Shape.LIVEKIT:
            assert ends == sorted(ends)
        for body in each.session.bodies:
            assert body[:2] == GZIP


def test_all_times_lie_within_the_window() -> None:
    for each in sent(200):
        latest_ns = LIVE_NS if each.trouble is Trouble.LIVE else ANCHOR_NS
        starts = [span.start_time_unix_nano for span in each.spans]
        ends = [span.end_time_unix_nano for span in each.spans]
        assert min(starts) >= ANCHOR_NS - DAYS * 24 * HOUR_NS
        assert max(ends) <= latest_ns


def test_the_live_session_began_about_a_minute_ago() -> None:
    [live] = having(Trouble.LIVE)
    begun_ns = min(span.start_time_unix_nano for span in live.spans)
    assert LIVE_NS - 120 * 10**9 < begun_ns < LIVE_NS - 20 * 10**9
    assert live.named("agent_turn")


# what each trouble looks like on the wire


def number(span: Span, name: str) -> float:
    return attributes_of(span)[name].double_value


@pytest.mark.parametrize(
    ("trouble", "names", "attribute", "at_least"),
    [
        (Trouble.SLOW_LLM, {"llm_node", "llm"}, ("lk.response.ttft", "metrics.ttfb"), 2.5),
        (Trouble.SLOW_TTS, {"tts_node", "tts"}, ("lk.response.ttfb", "metrics.ttfb"), 1.3),
    ],
)
def test_a_slow_stage_is_slow(
    trouble: Trouble, names: set[str], attribute: tuple[str, str], at_least: float
) -> None:
    for each in having(trouble):
        spans = [span for span in each.spans if span.name in names]
        found = [number(s, a) for s in spans for a in attribute if a in attributes_of(s)]
        assert max(found) >= at_least


def test_a_late_end_of_turn_is_reported() -> None:
    # Pipecat does not report it, so there it shows as time that nothing explains.
    found = [each for each in having(Trouble.SLOW_EOU, 400) if each.named("user_turn")]
    assert found
    for each in found:
        delays = [number(span, "lk.end_of_turn_delay") for span in each.named("user_turn")]
        assert max(delays) >= 2


def test_a_slow_tool_takes_seconds() -> None:
    found = [each for each in having(Trouble.SLOW_TOOL, 400) if each.named("function_tool")]
    assert found
    for each in found:
        lasted = [
            s.end_time_unix_nano - s.start_time_unix_nano for s in each.named("function_tool")
        ]
        assert max(lasted) > 3.5e9


def test_a_failing_tool_is_marked_and_then_works() -> None:
    found = [each for each in having(Trouble.TOOL_FAILURE, 400) if each.named("function_tool")]
    assert found
    for each in found:
        failed = [
            attributes_of(span)["lk.function_tool.is_error"].bool_value
            for span in each.named("function_tool")
        ]
        assert True in failed
        assert failed[failed.index(True) + 1] is False


def test_a_retried_request_has_a_failed_attempt_below_a_good_one() -> None:
    for each in having(Trouble.LLM_RETRY):
        attempts = [span.status.code for span in each.named("llm_request_run")]
        assert attempts.count(FAILED) == 1
        assert {span.status.code for span in each.named("llm_request")} == {0}


def test_a_lost_request_leaves_a_turn_without_an_answer() -> None:
    for each in having(Trouble.LLM_FAILURE, 400):
        failed = [span for span in each.spans if span.name in ("llm_request", "llm")]
        assert [span.status.code for span in failed].count(FAILED) == 1
        assert failed[-1].status.code == 0


def test_an_interruption_cuts_the_text_and_says_where() -> None:
    found = [each for each in having(Trouble.INTERRUPTION, 400) if each.named("agent_turn")]
    for each in found:
        [cut, *_] = [
            attributes_of(span)
            for span in each.named("agent_turn")
            if attributes_of(span)["lk.interrupted"].bool_value
        ]
        heard = cut["lk.pii.response.text"].string_value
        said = [
            attributes_of(s)["lk.pii.response.text"].string_value for s in each.named("llm_node")
        ]
        assert any(text.startswith(heard) and text != heard for text in said)
        assert cut["lk.playout.position"].double_value > 0


def test_pipecat_marks_the_cut_voice_too() -> None:
    found = [each for each in having(Trouble.INTERRUPTION, 400) if each.named("turn")]
    assert found
    for each in found:
        cut = [
            span.span_id
            for span in each.named("turn")
            if attributes_of(span)["turn.was_interrupted"].bool_value
        ]
        voices = [
            s.parent_span_id for s in each.named("tts") if "tts.interrupted" in attributes_of(s)
        ]
        assert cut == voices


def test_a_false_interruption_is_on_the_last_turn_alone() -> None:
    for each in having(Trouble.FALSE_INTERRUPTION):
        marks = [
            attributes_of(span)["turn.was_interrupted"].bool_value for span in each.named("turn")
        ]
        assert marks == [False] * (len(marks) - 1) + [True]
        assert not [span for span in each.named("tts") if "tts.interrupted" in attributes_of(span)]


def test_a_handoff_names_both_agents() -> None:
    for each in having(Trouble.HANDOFF):
        [handoff] = each.named("update_agent")
        told = attributes_of(handoff)
        new = told["lk.agent_label"].string_value
        assert told["lk.previous_agent_label"].string_value != new
        last = attributes_of(each.named("agent_turn")[-1])
        assert last["gen_ai.agent.name"].string_value == new


def test_a_silent_caller_leaves_a_short_call() -> None:
    for each in having(Trouble.SILENT):
        assert len([*each.named("user_turn"), *each.named("stt")]) <= 1


def test_an_unpriced_model_is_named_on_every_request() -> None:
    for each in having(Trouble.UNPRICED):
        requests = [*each.named("llm_request"), *each.named("llm")]
        models = {attributes_of(span)["gen_ai.request.model"].string_value for span in requests}
        assert models == {"helios-voice-8b-preview"}


# as the real SDKs tell it


@cache
def recorded(shape: Shape) -> dict[str, dict[str, set[str | None]]]:
    """Of each span the attributes that the real SDK has sent, with the types of their values."""
    found: dict[str, dict[str, set[str | None]]] = {}
    for folder in sorted((CAPTURES / RECORDED[shape]).iterdir()):
        for about in sorted(folder.glob("[0-9]*.json")):
            request = json.loads(about.read_text())
            if "traces" in request["path"]:
                body = (folder / request["body"]).read_bytes()
                _note(spans_of(decoded(body)), found)
    return found


def _note(spans: Iterator[Span], found: dict[str, dict[str, set[str | None]]]) -> None:
    for span in spans:
        known = found.setdefault(span.name, {})
        for event in span.events:
            for each in event.attributes:
                known.setdefault(f"{event.name}: {each.key}", set()).add("")
        for each in span.attributes:
            known.setdefault(each.key, set()).add(each.value.WhichOneof("value"))


@pytest.mark.parametrize("shape", list(Shape))
def test_spans_and_attributes_are_those_of_the_real_sdk(shape: Shape) -> None:
    ours: dict[str, dict[str, set[str | None]]] = {}
    for each in sent(400):
        if each.session.story.profile.shape is shape:
            _note(iter(each.spans), ours)
    theirs = recorded(shape)
    assert set(ours) <= set(theirs)
    invented = {
        (name, key, *types)
        for name, known in ours.items()
        for key, types in known.items()
        if (name, key) not in NOT_RECORDED and not types <= theirs[name].get(key, set())
    }
    assert invented == set()


def test_resources_are_those_of_the_real_sdks_and_the_version_that_users_add() -> None:
    ours = {key for each in sent(60) for key in each.resource}
    theirs = set()
    for shape in Shape:
        folder = CAPTURES / RECORDED[shape] / "plain"
        first = decoded(
            (folder / json.loads((folder / "001.json").read_text())["body"]).read_bytes()
        )
        theirs |= set(values(iter(first.resource_spans[0].resource.attributes)))
    assert ours == theirs | {"service.version"}

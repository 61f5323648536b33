"""What was found in sessions is kept, replaced as a whole, listed, taught from, and forgotten."""

from dataclasses import replace
from typing import Any

from tests.contract.store.telemetry.places import PROJECT, START, named, session
from turnwise.model.diagnosis import Diagnosis, Issue, IssueGroup, Sample, Severity
from turnwise.model.ids import ProjectId
from turnwise.model.query import DiagnosisQuery
from turnwise.store.telemetry.store import ClickHouseTelemetry

OTHER = ProjectId("00000000-0000-0000-0000-00000000000a")
TEXT = 'a "quoted"\n\u0000 ünïcode 🛎'


def issue(kind: str, turn: int | None = 1) -> Issue:
    return Issue(
        type=kind, turn=turn, description=TEXT, recommendation=TEXT, severity=Severity.HIGH,
        stage="llm", start_ns=START, end_ns=2**62, span_ids=("a", TEXT),
        evidence={"observedMs": 5, "share": 0.25, "error": TEXT}, confidence=0.9, caused_by="retry",
    )  # fmt: skip


def diagnosis(name: str, *kinds: str, **more: Any) -> Diagnosis:
    sample = Sample(turn=3, part="llm", kind="plain", model=TEXT, value=1.5e9)
    made = Diagnosis(
        project_id=PROJECT, session_id=named(name), agent="front-desk", version="1.2",
        started_ns=START, facts_version=5, analyser=1, history_turns=9,
        issues=tuple(issue(kind) for kind in kinds),
        groups=tuple(
            IssueGroup(type=kind, stage="llm", severity=Severity.CRITICAL, count=1, turns=(1,),
                       excess_ns=7)
            for kind in kinds
        ),
        samples=(sample, replace(sample, turn=-1, part="cost_per_minute", value=3)),
    )  # fmt: skip
    return replace(made, **more)


async def test_a_diagnosis_comes_back_as_it_was_kept(store: ClickHouseTelemetry) -> None:
    made = diagnosis("x", "high_latency", "retry")
    await store.put_diagnoses([made])
    assert await store.diagnosis(PROJECT, made.session_id) == replace(made, samples=())
    assert await store.diagnosis(OTHER, made.session_id) is None
    [lesson] = await store.lessons(PROJECT, "front-desk", 10)
    assert (lesson.session_id, lesson.version, lesson.at_ns) == (made.session_id, "1.2", START)
    assert lesson.samples == made.samples


async def test_newer_facts_win_in_any_order_and_of_equals_the_last(
    store: ClickHouseTelemetry,
) -> None:
    await store.put_diagnoses([diagnosis("x", "retry", facts_version=9)])
    await store.put_diagnoses([diagnosis("x", "high_latency", facts_version=8)])
    found = await store.diagnosis(PROJECT, named("x"))
    assert found is not None
    assert [each.type for each in found.issues] == ["retry"]
    await store.put_diagnoses([diagnosis("x", facts_version=9, samples=())])
    found = await store.diagnosis(PROJECT, named("x"))
    assert found is not None
    assert found.issues == ()
    assert await store.lessons(PROJECT, None, 10) == []


async def test_they_are_listed_by_type_agent_and_time(store: ClickHouseTelemetry) -> None:
    await store.put_diagnoses(
        [
            diagnosis("a", "retry", started_ns=START),
            diagnosis("b", "retry", "dead_air", started_ns=START + 1, agent="night-line"),
            diagnosis("c", started_ns=START + 2),
            diagnosis("a", "retry", project_id=OTHER),
        ]
    )

    async def names(**wanted: Any) -> list[str]:
        query = DiagnosisQuery(**{"project_ids": (PROJECT,), **wanted})
        found = await store.diagnoses(query)
        known = {named(name): name for name in "abc"}
        return [known[each.session_id] for each in found]

    assert await names() == ["c", "b", "a"]
    assert await names(limit=2) == ["c", "b"]
    assert await names(types=("dead_air", "stt_empty")) == ["b"]
    assert await names(types=("retry",), agent="front-desk") == ["a"]
    assert await names(from_ns=START + 1, to_ns=START + 2) == ["b"]
    assert await names(project_ids=()) == []
    lessons = await store.lessons(PROJECT, None, 2)
    assert [each.at_ns for each in lessons] == [START + 2, START + 1]
    assert [each.at_ns for each in await store.lessons(PROJECT, "night-line", 9)] == [START + 1]


async def test_what_was_found_goes_with_the_session_and_with_the_project(
    store: ClickHouseTelemetry,
) -> None:
    await store.put_sessions([session("x", facts_version=3), session("y", facts_version=3)])
    await store.put_diagnoses([diagnosis("x", facts_version=3), diagnosis("y", facts_version=3)])
    await store.retire_sessions(PROJECT, {named("x"): 4})
    assert await store.diagnosis(PROJECT, named("x")) is None
    assert await store.diagnosis(PROJECT, named("y")) is not None
    await store.erase_project(PROJECT)
    assert await store.lessons(PROJECT, None, 9) == []

"""Everything known of a session in, the session out: pure, and the same for any order of facts."""

from turnwise.analyse.assemble import generic, livekit, native, pipecat, reports, telling
from turnwise.analyse.assemble.carriers import call_of, phone_of, recordings_of, room_of
from turnwise.analyse.assemble.conduct import conduct_of, kinds_of, overlaps_of
from turnwise.analyse.assemble.doubts import failures_of, marks_of
from turnwise.analyse.assemble.drafts import Conversation
from turnwise.analyse.assemble.heard import with_hearing
from turnwise.analyse.assemble.identity import framework_of, identity_of
from turnwise.analyse.assemble.interruptions import interruptions_of, with_stated
from turnwise.analyse.assemble.lifecycle import life_of, start_of
from turnwise.analyse.assemble.scene import Scene
from turnwise.analyse.assemble.statements import Statements, read_statements
from turnwise.analyse.assemble.tools import stated_tools, tools_of
from turnwise.analyse.assemble.traces import is_loss, traces_of
from turnwise.analyse.assemble.usage import bill
from turnwise.analyse.assemble.waits import responses_of
from turnwise.model.facts import FactKind, SessionFact, SessionFacts
from turnwise.model.observation import Framework
from turnwise.model.session import Interruption, Session, ToolExecution

_WAYS = {
    Framework.LIVEKIT: livekit.converse,
    Framework.PIPECAT: pipecat.converse,
    Framework.GENERIC: generic.converse,
}


def assemble(facts: SessionFacts) -> Session | None:
    """The session that the facts tell of, None when there are none.

    `error_count` is the number of failures that nothing recovered: see traces.is_loss.
    """
    if not facts.observations and not facts.facts:
        return None
    scene = Scene(facts.observations)
    statements = read_statements(_own(facts))
    room = room_of(statements.rooms)
    started_ns = start_of(scene, statements, otherwise_ns=room.started_ns or facts.last_arrival_ns)
    conversation = _converse(scene, statements, started_ns)
    costs = bill(scene)
    usage = reports.with_usage(costs.rows, statements.report)
    call = call_of(facts.project_id, statements.calls) or phone_of(facts.project_id, room)
    life = life_of(scene, statements, started_ns, conversation.drafts, call, room)
    identity = identity_of(scene, statements, started_ns, call, room)
    tools = _tools(scene, statements, conversation, started_ns)
    responses = responses_of(conversation, tools)
    cuts = kinds_of(_interruptions(statements, conversation, started_ns), conversation)
    session = Session(
        project_id=facts.project_id,
        id=facts.session_id,
        ref=identity.ref,
        agent=identity.agent,
        framework=framework_of(scene),
        status=life.status,
        started_ns=started_ns,
        ended_ns=life.ended_ns,
        last_seen_ns=life.last_seen_ns,
        last_arrival_ns=facts.last_arrival_ns,
        finalized_ns=life.finalized_ns,
        close_reason=life.close_reason,
        call_id=identity.call_id,
        room_name=identity.room_name,
        room_sid=identity.room_sid,
        job_id=identity.job_id,
        user_ref=identity.user_ref,
        user_identity=identity.user_identity,
        origin_url=identity.origin_url,
        environment=identity.environment,
        release=identity.release,
        app_version=identity.app_version,
        metadata=identity.metadata,
        turns=tuple(
            draft.turn(index, response)
            for index, (draft, response) in enumerate(
                zip(conversation.drafts, responses, strict=True)
            )
        ),
        tools=tuple(tools),
        interruptions=tuple(cuts),
        overlaps=tuple(overlaps_of(conversation, cuts)),
        conduct=conduct_of(conversation, started_ns, life.ended_ns),
        failures=failures_of(scene, conversation),
        marks=marks_of(scene, conversation, responses, has_ended=life.ended_ns is not None),
        traces=traces_of(scene, costs.cost_by_trace),
        call=call,
        recordings=recordings_of(
            facts.project_id, facts.session_id, statements.recordings, identity.call_id, started_ns
        ),
        usage=usage,
        cost_usd=costs.cost_usd,
        unpriced=costs.unpriced + sum(row.is_told for row in usage),
        error_count=sum(is_loss(scene, each) for each in scene.observations),
        created_by=facts.created_by,
        facts_version=facts.facts_version,
    )
    return with_hearing(session, statements.audio)


def _own(facts: SessionFacts) -> list[SessionFact]:
    """Without the ends of other ids: what was closed there by silence may be talking here."""
    return [
        each
        for each in facts.facts
        if each.kind is not FactKind.FINALIZED or each.session_id == facts.session_id
    ]


def _converse(scene: Scene, statements: Statements, started_ns: int) -> Conversation:
    """Stated turns win, then the messages of a report; spans complete them."""
    seen = _WAYS[framework_of(scene)](scene)
    if not seen.drafts:
        seen = _besides(scene)
    told = reports.converse(statements.report)
    seen = telling.tell(seen, told) if seen.drafts else told
    if not statements.turns:
        return seen
    stated = native.converse(statements.turns, started_ns)
    native.fill_in(stated, seen)
    return stated


def _besides(scene: Scene) -> Conversation:
    """The turns of spans without a framework, where the framework around them tells of none."""
    own = [each for each in scene.observations if each.framework is Framework.GENERIC]
    return generic.converse(Scene(own))


def _tools(
    scene: Scene, statements: Statements, conversation: Conversation, started_ns: int
) -> list[ToolExecution]:
    if statements.tools:
        return stated_tools(statements.tools, started_ns, native.numbers(conversation.drafts))
    told = reports.tools_of(statements.report)
    seen = tools_of(scene, conversation)
    return telling.with_told_tools(seen, told, conversation) if scene.observations else told


def _interruptions(
    statements: Statements, conversation: Conversation, started_ns: int
) -> list[Interruption]:
    derived = interruptions_of(conversation)
    if not any(each.is_false for each in derived):
        resumed = reports.false_interruptions_of(statements.report)
        derived = telling.with_told_pauses(derived, resumed, conversation)
    if not statements.interruptions:
        return derived
    indexes = native.numbers(conversation.drafts)
    return with_stated(derived, statements.interruptions, started_ns, indexes, conversation)

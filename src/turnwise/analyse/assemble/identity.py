"""Who and where a session is: names, joins and the sender's own metadata."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from string import hexdigits
from typing import Any

import msgspec

from turnwise.analyse.assemble.carriers import Room
from turnwise.analyse.assemble.scene import Scene
from turnwise.analyse.assemble.statements import Body, Statements, text_of
from turnwise.model.call import Call
from turnwise.model.ids import is_canonical_uuid
from turnwise.model.instants import ms_from_ns
from turnwise.model.observation import Framework, Observation, Step

UNKNOWN_AGENT = "unknown"
_ACTS = "start_agent_activity"
"""LiveKit's span in which an agent takes over a session."""
_SERVICES_OF_SDKS = frozenset({"livekit-agents"})
"""Service names that an SDK gives itself: LiveKit's own upload calls every agent so."""

_PRECEDENCE = (Framework.LIVEKIT, Framework.PIPECAT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The part of Session that says who and where it is."""

    ref: str | None
    agent: str
    call_id: str | None
    room_name: str | None
    room_sid: str | None
    job_id: str | None
    user_ref: str | None
    user_identity: str | None
    origin_url: str | None
    environment: str | None
    release: str | None
    app_version: str | None
    metadata: str


def identity_of(
    scene: Scene, statements: Statements, started_ns: int, call: Call | None, room: Room
) -> Identity:
    """What the senders say outright, then what the earliest span says."""
    session = statements.session
    seen = scene.observations

    def first(read: Callable[[Observation], str | None]) -> str | None:
        return next((value for each in seen if (value := read(each))), None)

    return Identity(
        ref=_ref(session, seen),
        agent=text_of(session, "agent")
        or _agent(seen)
        or text_of(statements.report, "agent_name")
        or UNKNOWN_AGENT,
        call_id=text_of(session, "call_id")
        or first(lambda o: o.voice.call_id)
        or room.call_id
        or (call.sid if call else None),
        room_name=text_of(session, "room_name")
        or first(lambda o: o.voice.room_name)
        or room.name
        or text_of(statements.report, "room"),
        room_sid=text_of(session, "room_sid") or first(lambda o: o.voice.room_sid) or room.sid,
        job_id=text_of(session, "job_id")
        or first(lambda o: o.voice.job_id)
        or text_of(statements.report, "job_id"),
        user_ref=text_of(session, "user_ref") or first(lambda o: o.user_ref),
        user_identity=text_of(session, "user_identity"),
        origin_url=text_of(session, "origin_url"),
        environment=_environment(session, seen),
        release=first(lambda o: o.release),
        app_version=first(lambda o: o.app_version),
        metadata=_metadata(session, seen, started_ns),
    )


def _agent(seen: Sequence[Observation]) -> str | None:
    """The best name by its precedence, and of equals that of the earliest span."""
    named = [
        (each.voice.agent_rank, position, name)
        for position, each in enumerate(seen)
        if (name := each.voice.agent_name) and name not in _SERVICES_OF_SDKS
    ]
    return min(named)[2] if named else None


def framework_of(scene: Scene) -> Framework:
    """Whose turn structure holds: that of a voice framework before none."""
    present = {each.framework for each in scene.observations}
    return next((each for each in _PRECEDENCE if each in present), Framework.GENERIC)


def _ref(session: Body, seen: Iterable[Observation]) -> str | None:
    """The sender's own name; of several the one of the highest precedence, then the earliest."""
    stated = text_of(session, "ref")
    if stated is None:
        named = [
            (each.session_rank, at, each.session_ref)
            for at, each in enumerate(seen)
            if each.session_ref
        ]
        stated = min(named)[2] if named else None
    return None if stated is None or _is_id(stated) else stated


def _is_id(text: str) -> bool:
    """Whether the text is the session's UUID in one of its forms."""
    bare = text.removeprefix("sess_")
    return is_canonical_uuid(text) or (len(bare) == 32 and not set(bare.lower()) - set(hexdigits))


def _environment(session: Body, seen: Iterable[Observation]) -> str | None:
    """The first that was chosen; "default" is what senders say who chose none."""
    named = [text_of(session, "environment"), *(each.environment for each in seen)]
    given = [each for each in named if each]
    return next((each for each in given if each != "default"), given[0] if given else None)


def _metadata(session: Body, seen: Iterable[Observation], started_ns: int) -> str:
    stated = session.get("metadata")
    metadata: dict[str, Any] = dict(stated) if isinstance(stated, dict) else {}
    handoffs = _handoffs(seen, started_ns)
    if handoffs:
        metadata.setdefault("handoffs", handoffs)
    return msgspec.json.encode(metadata, order="sorted").decode()


def _handoffs(seen: Iterable[Observation], started_ns: int) -> list[dict[str, Any]]:
    """From whom to whom, and when.

    LiveKit up to 1.6 has no span for a handoff: there the agent that starts to act differs from the
    one before.
    """
    found: list[tuple[str | None, str | None, int]] = []
    implied: list[tuple[str | None, str | None, int]] = []
    acting: str | None = None
    for each in seen:
        source, target = each.voice.handoff_from, each.voice.handoff_to
        if each.step is Step.HANDOFF and (source or target):
            found.append((source, target, each.start_ns))
        elif each.name == _ACTS and target and target != acting:
            if acting is not None:
                implied.append((acting, target, each.start_ns))
            acting = target
    return [
        {"from": source, "to": target, "atMs": ms_from_ns(at_ns - started_ns)}
        for source, target, at_ns in found or implied
    ]

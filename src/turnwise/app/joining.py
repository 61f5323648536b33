"""One call told by several senders becomes one session, in whatever order they tell of it.

A carrier knows a call by its SID, a media server a room by its id; neither knows the session. Their
facts are written under the id that the SID or room has as a name (`session_id_of`), at a rank that
loses to any claim. A session that spans or firm facts name lays claim to the ids of its call, room
and job, whether or not anything has been written under them yet. So nothing has to be moved, and
what comes late is found where it belongs.

Three more rules keep every order of arrival the same:

* A leg that was dialled from another one gives what it holds to the other's id, a room to its call's.
* An id that has lost its own facts, or its spans, to another session gives it all that it still holds.
* An id that comes to be named takes back what was written under itself.

A room's name is reused from call to call and is therefore no claim; it joins only what lies within
the session's own time, and only when the session has nothing better.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from turnwise.model.facts import FIRM_KINDS, FactKind, SessionFact, SessionFacts
from turnwise.model.ids import ProjectId, SessionId, session_id_of
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.ports import TelemetryStore
from turnwise.model.query import Claim, Estate
from turnwise.model.session import Session

Derived = tuple[SessionFacts, Session | None]

JOINED = 100
"""The rank of a claim by call, room or job."""
DIALLED = 150
"""The rank of a claim between two ids that nothing names."""
ROOM_SLACK_NS = 600 * NS_PER_SECOND
"""How far from a session something of its room may lie."""

_NO_CLAIM = 255
_NAMES = ("sid", "parent_sid", "call_id", "room_sid", "job_id")
_WIDER = ("parent_sid", "call_id")
_REMEMBERED = 20_000


@dataclass(slots=True)
class Joining:
    """Finds claims and lays them.

    Attributes:
        laid: what each session has claimed already, so that the store is asked once for each.
    """

    store: TelemetryStore
    laid: dict[tuple[ProjectId, SessionId], frozenset[SessionId]] = field(default_factory=dict)

    async def join(self, project_id: ProjectId, derived: Sequence[Derived]) -> set[SessionId]:
        """Lay the claims of these sessions; returns the sessions that lost or won facts by it."""
        names = {each[0].session_id: _names_of(*each) for each in derived}
        new = [
            (facts, session)
            for facts, session in derived
            if session is not None and not self._is_settled(facts, names[facts.session_id])
        ]
        if not new:
            return set()
        asked = {each for facts, _ in new for each in (facts.session_id, *names[facts.session_id])}
        estates = await self.store.estates(project_id, asked)
        claims: list[Claim] = []
        givers: set[SessionId] = set()
        for facts, session in new:
            laid = await self._claims(facts, session, names[facts.session_id], estates)
            if laid and not _is_named(facts):
                givers.add(facts.session_id)
            claims += laid
        await self.store.claim(project_id, claims)
        for facts, _ in new:
            if _is_named(facts):
                self._remember(facts, names[facts.session_id])
        return givers | _moved(claims, estates)

    async def _claims(
        self,
        facts: SessionFacts,
        session: Session,
        names: frozenset[SessionId],
        estates: Mapping[SessionId, Estate],
    ) -> list[Claim]:
        me, own = facts.session_id, estates[facts.session_id]
        if not _is_named(facts):
            return _given_away(facts, own)
        claims = [Claim(me, me, 0)] if own.holder not in (None, me) else []
        room = _room_of(session)
        for name in sorted(names):
            estate = estates[name]
            if estate.is_named or estate.claims.get(me, _NO_CLAIM) <= JOINED:
                continue
            if name != room or await self._is_of_this_time(facts, session, name, estate):
                claims.append(Claim(name, me, JOINED))
        return claims

    async def _is_of_this_time(
        self, facts: SessionFacts, session: Session, room: SessionId, estate: Estate
    ) -> bool:
        """Whether all that was written under the room's name can be about this session alone."""
        if set(estate.claims) != {room}:
            return False
        [written] = await self.store.session_facts(facts.project_id, [room])
        told = (each.body.get(name) for each in written.facts for name in ("at_ns", "created_ns"))
        instants = [at for at in told if isinstance(at, int)]
        first = session.started_ns - ROOM_SLACK_NS
        last = (session.ended_ns or session.last_seen_ns) + ROOM_SLACK_NS
        return bool(instants) and all(first <= at <= last for at in instants)

    def forget(self, project_id: ProjectId, session_ids: Iterable[SessionId]) -> None:
        """Sessions were erased, and their claims with them; should they come again, they lay new ones."""
        for session_id in session_ids:
            self.laid.pop((project_id, session_id), None)

    def _is_settled(self, facts: SessionFacts, names: frozenset[SessionId]) -> bool:
        laid = self.laid.get((facts.project_id, facts.session_id))
        return laid is not None and names <= laid and _is_named(facts)

    def _remember(self, facts: SessionFacts, names: frozenset[SessionId]) -> None:
        if len(self.laid) >= _REMEMBERED:
            self.laid.clear()
        key = (facts.project_id, facts.session_id)
        self.laid[key] = self.laid.get(key, frozenset()) | names


def _is_named(facts: SessionFacts) -> bool:
    """Whether spans, or firm facts under this very id, tell of the session."""
    return bool(facts.observations) or any(
        each.kind in FIRM_KINDS and each.session_id == facts.session_id for each in facts.facts
    )


def _names_of(facts: SessionFacts, session: Session | None) -> frozenset[SessionId]:
    """The ids under which others may have written of a session that is named."""
    if session is None or not _is_named(facts):
        return frozenset()
    texts = {session.call_id, session.room_sid, session.job_id, *_told(facts.facts, _NAMES)}
    ids = {session_id_of(facts.project_id, text) for text in texts if text}
    if (room := _room_of(session)) is not None:
        ids.add(room)
    return frozenset(ids - {facts.session_id})


def _room_of(session: Session) -> SessionId | None:
    """The id that the room's name stands for, where the session has nothing better."""
    if not session.room_name or session.call_id or session.room_sid or session.job_id:
        return None
    return session_id_of(session.project_id, session.room_name)


def _told(facts: Sequence[SessionFact], names: Sequence[str]) -> list[str]:
    """What callbacks say; the name of a recording is whatever its sender chose to call it."""
    told = (
        each.body.get(name)
        for name in names
        for each in facts
        if each.kind is not FactKind.RECORDING
    )
    return [text for text in told if isinstance(text, str) and text]


def _given_away(facts: SessionFacts, own: Estate) -> list[Claim]:
    """What an id without a name of its own gives to the session that it turned out to be."""
    me = facts.session_id
    if own.heir is not None:
        return [Claim(held, own.heir, max(0, rank - 1)) for held, rank in own.holds.items()]
    written = [each for each in facts.facts if each.session_id == me]
    wider = (session_id_of(facts.project_id, text) for text in _told(written, _WIDER))
    target = next((each for each in wider if each != me), None)
    if target is None or me not in own.holds or own.claims.get(target, _NO_CLAIM) <= DIALLED:
        return []
    return [Claim(me, target, DIALLED)]


def _moved(claims: Sequence[Claim], estates: Mapping[SessionId, Estate]) -> set[SessionId]:
    """Who has to be derived again, because facts that are there have gone or come."""
    moved: set[SessionId] = set()
    for claim in claims:
        before = estates.get(claim.facts_of)
        if before is None:
            # Held by an id that gives it away, and therefore written.
            moved.add(claim.session_id)
            continue
        after = Estate(claims={**before.claims, claim.session_id: claim.rank}).holder
        if claim.facts_of in before.claims and after != before.holder:
            moved.update(each for each in (before.holder, after) if each is not None)
        if before.holds and after != claim.facts_of:
            moved.add(claim.facts_of)
    return moved

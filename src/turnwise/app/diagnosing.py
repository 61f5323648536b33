"""Diagnoses of sessions: made when they are settled, kept, and given to whoever asks.

What the clean turns of an agent teach is held in memory and in the store: it survives a restart, and
grows with every session that is settled.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from turnwise.analyse.diagnosis import (
    ANALYSER,
    MOST_TURNS,
    PRESETS,
    Baselines,
    Findings,
    History,
    Thresholds,
    agent_version,
    diagnose,
)
from turnwise.model.diagnosis import Diagnosis, Lesson
from turnwise.model.errors import RetryableError
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.ports import DiagnosisStore
from turnwise.model.query import DiagnosisQuery
from turnwise.model.session import Session

log = logging.getLogger(__name__)

MATURE_TURNS = 100
"""A diagnosis that was made by fewer clean turns than this is made anew when more are known."""
_LESSONS = 300
"""Newest sessions that are read to learn what is usual; most agents reach MOST_TURNS before."""
_AGENTS = 64
"""Agents whose history is held in memory."""
_FRESH_SECONDS = 30.0
"""How long a history that other processes add to is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What an operator has set.

    Attributes:
        limits_of: the limits for an agent, by its slug.
        alternatives: by stage what is added to a recommendation.
    """

    limits_of: Callable[[str], Thresholds] = lambda _: PRESETS["webrtc"]
    alternatives: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Held:
    history: History
    read_at: float


class Diagnosing:
    """Finds what is wrong with sessions, and learns from what is right.

    Args:
        store: where diagnoses are kept.
        is_shared: whether other processes diagnose into the same store.
        tuning: the operator's limits.

    Attributes:
        remakes: whether sessions are diagnosed again though their facts are known.
    """

    def __init__(self, store: DiagnosisStore, tuning: Tuning, *, is_shared: bool):
        self._store = store
        self._is_shared = is_shared
        self._tuning = tuning
        self.remakes = False
        self._held: OrderedDict[tuple[ProjectId, str | None], _Held] = OrderedDict()
        self._learning = asyncio.Lock()

    async def settled(self, sessions: Sequence[Session]) -> None:
        """Diagnose sessions whose facts are new, the oldest first; a failure costs only itself."""
        known = set() if self.remakes else await self._known(sessions)
        new = [each for each in sessions if (each.id, each.facts_version) not in known]
        ordered = sorted(new, key=lambda each: (each.started_ns, each.id))
        async with self._learning:
            made = [found for each in ordered if (found := await self._tried(each)) is not None]
            await self._store.put_diagnoses(made)

    async def _known(self, sessions: Sequence[Session]) -> set[tuple[SessionId, int]]:
        """Which facts of these sessions were diagnosed before, as after a restart."""
        if not sessions:
            return set()
        query = DiagnosisQuery(
            project_ids=tuple({each.project_id for each in sessions}),
            session_ids=tuple(each.id for each in sessions),
            limit=len(sessions),
        )
        kept = await self._store.diagnoses(query)
        return {(each.session_id, each.facts_version) for each in kept if each.analyser == ANALYSER}

    async def _tried(self, session: Session) -> Diagnosis | None:
        try:
            return await self._made(session)
        except RetryableError:
            raise
        except Exception:
            # The session itself is derived and kept; only what was wrong with it stays unknown.
            log.exception("a session could not be diagnosed", extra={"session": session.id})
            return None

    async def diagnosis(self, session: Session) -> Diagnosis:
        """What is wrong with a session, by the diagnosis that was made when it was settled."""
        kept = await self._store.diagnosis(session.project_id, session.id)
        if kept is not None and await self._holds(kept, session):
            return kept
        async with self._learning:
            found = await self._made(session)
            await self._store.put_diagnoses([found])
        return found

    async def _holds(self, kept: Diagnosis, session: Session) -> bool:
        """Whether a diagnosis is of these facts, by this analyser, and by enough history."""
        if (kept.facts_version, kept.analyser) != (session.facts_version, ANALYSER):
            return False
        if kept.history_turns >= MATURE_TURNS:
            return True
        baselines = await self._baselines(session)
        return baselines.turns <= kept.history_turns

    async def forget(self, project_id: ProjectId, session_ids: Collection[SessionId]) -> None:
        """Learn nothing from sessions that are gone."""
        for (project, _), held in self._held.items():
            if project == project_id:
                for session_id in session_ids:
                    held.history.remove(session_id)

    async def _made(self, session: Session) -> Diagnosis:
        baselines = await self._baselines(session)
        found = await asyncio.to_thread(self._found, session, baselines)
        diagnosis = Diagnosis(
            project_id=session.project_id,
            session_id=session.id,
            agent=session.agent,
            version=baselines.version,
            started_ns=session.started_ns,
            facts_version=session.facts_version,
            analyser=ANALYSER,
            history_turns=baselines.turns,
            issues=found.issues,
            groups=found.groups,
            samples=found.samples,
        )
        self._learn(diagnosis)
        return diagnosis

    def _found(self, session: Session, baselines: Baselines) -> Findings:
        return diagnose(
            session,
            baselines,
            self._tuning.limits_of(session.agent),
            audio=session.audio,
            alternatives=self._tuning.alternatives,
        )

    def _learn(self, found: Diagnosis) -> None:
        lesson = Lesson(
            session_id=found.session_id,
            version=found.version,
            at_ns=found.started_ns,
            samples=found.samples,
        )
        for agent in (found.agent, None):
            held = self._held.get((found.project_id, agent))
            if held is not None:
                held.history.add(lesson)

    async def _baselines(self, session: Session) -> Baselines:
        project_id = session.project_id
        return Baselines(
            agent=await self._history(project_id, session.agent),
            project=await self._history(project_id, None),
            version=agent_version(session),
            session_id=session.id,
        )

    async def _history(self, project_id: ProjectId, agent: str | None) -> History:
        key = project_id, agent
        held = self._held.get(key)
        now = time.monotonic()
        if held is None or (self._is_shared and now - held.read_at > _FRESH_SECONDS):
            lessons = await self._store.lessons(project_id, agent, _LESSONS)
            held = _Held(History(_enough(lessons)), now)
            self._held[key] = held
            while len(self._held) > _AGENTS:
                self._held.popitem(last=False)
        self._held.move_to_end(key)
        return held.history


def _enough(lessons: Sequence[Lesson]) -> list[Lesson]:
    """The newest lessons up to the turns that a history holds."""
    turns, kept = 0, []
    for each in lessons:
        turns += len({sample.turn for sample in each.samples})
        kept.append(each)
        if turns >= MOST_TURNS:
            break
    return kept

"""Listens to recordings in the background: one at a time, in a process of its own.

What waits is known to the store alone, so nothing is forgotten by a stop. A process of its own keeps
the event loop free, gives its memory back, and takes nobody with it when a decoder crashes.
"""

import asyncio
import logging
import os
import random
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from turnwise.analyse.hearing import VERSION
from turnwise.app.claiming import Claiming
from turnwise.model.audio import AudioReport
from turnwise.model.batch import Batch
from turnwise.model.errors import RetryableError
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.ports import Accept, MediaStore, TelemetryStore
from turnwise.model.recording import FOLDER, Analysis, Recording
from turnwise.model.session import Session
from turnwise.model.speaker import Speaker

log = logging.getLogger(__name__)

AT_A_LOOK = 20
"""Sessions that are asked for at a time."""
LOOK_SECONDS = 60.0
"""How often the store is asked for what nobody has noticed."""
AFTER_FAILURE_SECONDS = 5.0
LONGEST_SECONDS = 1_800.0
"""An hour of Ogg at 48 kHz takes about half a minute; what takes this long never ends."""

_decoder = msgspec.json.Decoder(AudioReport)


class Listener:
    """Has every recording of ours analysed once, and keeps the report as a fact of its session.

    Args:
        folder: of the copy that is being listened to.
        claiming: of several processes one listens to a recording.
    """

    def __init__(
        self,
        store: TelemetryStore,
        media: MediaStore,
        accept: Accept,
        folder: Path,
        claiming: Claiming,
    ):
        self._claiming = claiming
        self._store = store
        self._media = media
        self._accept = accept
        self._folder = folder
        self._given_up: set[str] = set()
        self._noticed = asyncio.Event()
        self._noticed.set()

    def notice(self, sessions: Iterable[Session]) -> None:
        """Look into the store soon if any of these has a recording to listen to."""
        if any(_waiting(session) for session in sessions):
            self._noticed.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                if not await self._look():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._noticed.wait(), LOOK_SECONDS)
                    self._noticed.clear()
            except RetryableError as busy:
                log.warning("recordings are listened to later", extra={"reason": busy.message})
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
            except Exception:
                # A failure here must not end the loop; what waits is still in the store.
                log.exception("recordings could not be listened to; tried again")
                await asyncio.sleep(AFTER_FAILURE_SECONDS)

    async def _look(self) -> int:
        """Listen to some of what waits; returns how many recordings that were."""
        sessions = await self._store.unheard_sessions(AT_A_LOOK)
        if self._store.is_shared:
            # Several processes see the same list; each begins somewhere else.
            random.shuffle(sessions)
        done = 0
        for project_id, session_id in sessions:
            session = await self._store.session([project_id], session_id)
            for recording in _waiting(session) if session else ():
                if session is not None and recording.id not in self._given_up:
                    done += await self._try(session, recording)
        return done

    async def _try(self, session: Session, recording: Recording) -> bool:
        """Listen to one recording; what fails for no passing reason waits for the next start."""
        try:
            async with self._claiming.alone(f"hearing {recording.id}") as is_ours:
                return is_ours and await self._listen(session, recording)
        except RetryableError:
            raise
        except Exception:
            log.exception("a recording was given up", extra={"recording": recording.id})
            self._given_up.add(recording.id)
            return False

    async def _listen(self, session: Session, recording: Recording) -> bool:
        place = await self._place(session, recording)
        if place is None:
            return False
        report = await self._report(session, recording)
        fact = SessionFact(
            project_id=session.project_id,
            session_id=place,
            kind=FactKind.AUDIO,
            fact_id=recording.id,
            body={
                "report": msgspec.json.encode(report).decode(),
                "created_ns": recording.created_ns,
            },
        )
        batch = Batch(project_id=session.project_id, user_id=0, facts=[fact])
        if (await self._accept(batch)).rejected:
            raise ValueError("the report was refused by the store")
        if report.problem:
            log.info("a recording could not be measured", extra={"recording": recording.id})
        return True

    async def _place(self, session: Session, recording: Recording) -> SessionId | None:
        """The id under which the recording was told of; None when it has been heard by now.

        The derived session may be older than its facts, and another process may have been faster.
        """
        [facts] = await self._store.session_facts(session.project_id, [session.id])
        told = [each for each in facts.facts if each.fact_id == recording.id]
        for each in told:
            is_heard = each.body.get("created_ns") == recording.created_ns
            if each.kind is FactKind.AUDIO and is_heard:
                return None
        return next((each.session_id for each in told if each.kind is FactKind.RECORDING), None)

    async def _report(self, session: Session, recording: Recording) -> AudioReport:
        failed = AudioReport(
            recording_id=recording.id,
            version=VERSION,
            channels=recording.channels or 0,
            duration_ns=recording.duration_ns or 0,
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        ending = Path(recording.file or "").suffix
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=ending) as copy:
            found = await self._media.get(f"{FOLDER}{recording.file}")
            if found is None:
                return replace(failed, problem="The audio is not in the media store any more.")
            async for piece in found.content:
                await asyncio.to_thread(copy.write, piece)
            copy.flush()
            result = await _run(Path(copy.name), recording.id, session)
        if isinstance(result, str):
            return replace(failed, problem=result)
        return result


def _waiting(session: Session) -> list[Recording]:
    return [each for each in session.recordings if each.analysis is Analysis.PENDING]


async def _run(file: Path, recording_id: str, session: Session) -> AudioReport | str:
    """The report, or why there is none."""
    said = [
        (turn.start_ns - session.started_ns, turn.end_ns - session.started_ns)
        for turn in session.turns
        if turn.speaker is Speaker.AGENT and turn.end_ns is not None
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "turnwise.app.analyze", str(file),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # The multiplications are small: threads for them would only wait for each other.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    question = msgspec.json.encode({"recording_id": recording_id, "agent_turns": said})
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            answer, _ = await process.communicate(question)
    except TimeoutError:
        return "The analysis took too long and was stopped."
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        return _decoder.decode(answer)
    except msgspec.DecodeError:
        return f"The analysis ended without a result (exit code {process.returncode})."


async def hear_again(
    store: TelemetryStore, accept: Accept, sessions: Iterable[tuple[ProjectId, SessionId]]
) -> int:
    """Have recordings listened to anew that an older version has heard; returns how many."""
    count = 0
    for project_id, session_id in sessions:
        [facts] = await store.session_facts(project_id, [session_id])
        old = [
            replace(each, body={"created_ns": 0}, version=0)
            for each in facts.facts
            if each.kind is FactKind.AUDIO and _version(each) < VERSION
        ]
        if old:
            await accept(Batch(project_id=project_id, user_id=0, facts=old))
            count += len(old)
    return count


def _version(fact: SessionFact) -> int:
    try:
        return _decoder.decode(str(fact.body.get("report"))).version
    except (msgspec.DecodeError, ValueError):
        return 0

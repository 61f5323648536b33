"""The background worker outlives a failure of the store."""

from collections.abc import AsyncIterator, Collection, Iterable
from pathlib import Path

import anyio
import pytest

from tests.contract.store.telemetry.places import Room
from tests.otlp import base_ns
from turnwise.app import worker
from turnwise.app.claiming import Claiming
from turnwise.app.fetching import AllowedHosts, AudioSource, RecordingFetcher
from turnwise.app.flow import Flow
from turnwise.app.pending import Pending
from turnwise.app.worker import Worker
from turnwise.model.batch import Batch
from turnwise.model.facts import FactKind, SessionFact, SessionFacts
from turnwise.model.ids import ProjectId, SessionId, session_id_of
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.query import Membership
from turnwise.model.recording import Recording, RecordingOrigin
from turnwise.model.session import Session
from turnwise.store.catalog import SqlCatalog, catalog_url
from turnwise.store.telemetry.store import ClickHouseTelemetry


class OnceBroken(ClickHouseTelemetry):
    """A real store that fails the worker's first look-ups."""

    failures = 2

    async def memberships(
        self,
        project_id: ProjectId,
        trace_ids: Collection[str],
        session_ids: Collection[str] = (),
    ) -> Membership:
        if self.failures:
            self.failures -= 1
            raise OSError("the disk is not there")
        return await super().memberships(project_id, trace_ids, session_ids)  # type: ignore[arg-type]


async def test_what_failed_to_be_derived_is_derived_when_the_store_is_back(
    room: Room, tmp_path: Path
) -> None:
    catalog = SqlCatalog.open(catalog_url(tmp_path))
    project_id = catalog.ensure_defaults().project_id
    store = OnceBroken(room)
    try:
        flow = Flow(store, catalog, Pending())
        session_id = session_id_of(project_id, "call-1")
        body = {"ref": "call-1", "agent": "support", "started_ns": base_ns()}
        fact = SessionFact.single(project_id, session_id, FactKind.SESSION, body)
        async with anyio.create_task_group() as group:
            group.start_soon(Worker(flow, 600 * NS_PER_SECOND).run)
            await flow.accept(Batch(project_id=project_id, user_id=1, facts=[fact]))
            with anyio.fail_after(30):
                while await store.session([project_id], session_id) is None:
                    await flow.pending.settled(1)
            group.cancel_scope.cancel()
        assert store.failures == 0
    finally:
        await store.close()
        catalog.close()


class OnceTooMany(ClickHouseTelemetry):
    """A real store that fails where several sessions are asked for, once."""

    has_failed = False

    async def session_facts(
        self, project_id: ProjectId, session_ids: Collection[SessionId]
    ) -> list[SessionFacts]:
        if not self.has_failed:
            self.has_failed = True
            raise ValueError("one of them cannot be read")
        return await super().session_facts(project_id, session_ids)


class Attentive:
    """Remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: set[SessionId] = set()
        self.saw = anyio.Event()

    def notice(self, sessions: Iterable[Session]) -> None:
        self.shown |= {each.id for each in sessions}
        if self.shown:
            self.saw.set()

    async def run(self) -> None:
        await anyio.sleep_forever()


async def test_what_is_derived_one_by_one_is_shown_to_the_attendants_too(
    room: Room, tmp_path: Path
) -> None:
    catalog = SqlCatalog.open(catalog_url(tmp_path))
    project_id = catalog.ensure_defaults().project_id
    store = OnceTooMany(room)
    attendant = Attentive()
    try:
        flow = Flow(store, catalog, Pending())
        session_id = session_id_of(project_id, "call-1")
        body = {"ref": "call-1", "agent": "support", "started_ns": base_ns()}
        fact = SessionFact.single(project_id, session_id, FactKind.SESSION, body)
        async with anyio.create_task_group() as group:
            group.start_soon(Worker(flow, 600 * NS_PER_SECOND, [attendant]).run)
            await flow.accept(Batch(project_id=project_id, user_id=1, facts=[fact]))
            with anyio.fail_after(30):
                await attendant.saw.wait()
            group.cancel_scope.cancel()
        assert (store.has_failed, attendant.shown) == (True, {session_id})
    finally:
        await store.close()
        catalog.close()


async def test_what_nobody_derived_before_a_stop_is_known_before_the_first_read(
    room: Room, tmp_path: Path
) -> None:
    catalog = SqlCatalog.open(catalog_url(tmp_path))
    project_id = catalog.ensure_defaults().project_id
    store = ClickHouseTelemetry(room)
    try:
        session_id = session_id_of(project_id, "call-1")
        body = {"ref": "call-1", "agent": "support", "started_ns": base_ns()}
        fact = SessionFact.single(project_id, session_id, FactKind.SESSION, body)
        before = Flow(store, catalog, Pending())
        await before.accept(Batch(project_id=project_id, user_id=1, facts=[fact]))
        after = Flow(store, catalog, Pending())
        await Worker(after, 600 * NS_PER_SECOND).catch_up()
        assert after.pending.concerns([project_id])
    finally:
        await store.close()
        catalog.close()


class Nowhere:
    """Keeps what it is told to, which in this test is nothing."""

    async def keep(self, origin: RecordingOrigin, content: AsyncIterator[bytes]) -> Recording:
        raise AssertionError(origin)


async def test_a_recording_that_waits_is_found_however_long_ago_it_was_told_of(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Everything that was told of before the newest fact counts as long ago.
    monkeypatch.setattr(worker, "LOOK_BACK_NS", 0)
    catalog = SqlCatalog.open(catalog_url(tmp_path))
    project_id = catalog.ensure_defaults().project_id
    store = ClickHouseTelemetry(room)

    async def no_token(*_: object) -> None:
        return None

    try:
        before = Flow(store, catalog, Pending())
        waiting, ended = (session_id_of(project_id, f"CA{number}") for number in range(2))
        url = {"source_url": "https://api.twilio.com/a", "call_id": "CA0"}
        recording = SessionFact(
            project_id=project_id,
            session_id=waiting,
            kind=FactKind.RECORDING,
            fact_id="r",
            body=url,
        )
        await before.accept(Batch(project_id=project_id, user_id=0, facts=[recording]))
        newer = SessionFact.single(project_id, ended, FactKind.FINALIZED, {"at_ns": base_ns()})
        await before.accept(Batch(project_id=project_id, user_id=0, facts=[newer]))

        after = Flow(store, catalog, Pending())
        source = AudioSource(AllowedHosts(), no_token)

        async def recall(limit: int) -> None:
            after.pending.mark_sessions(await store.waiting_recordings(limit))

        fetcher = RecordingFetcher(source, Nowhere(), after.accept, recall, store, Claiming(None))
        await Worker(after, 600 * NS_PER_SECOND).catch_up()
        assert after.pending.is_empty
        await fetcher.look()
        work = await after.pending.take()
        assert work[project_id].sessions == {waiting}
        await source.close()
    finally:
        await store.close()
        catalog.close()

"""What happens in the background when several processes share the stores: each thing once."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote
from uuid import uuid4

import anyio
import msgspec
import pytest
from obstore.store import LocalStore

from tests.contract.store.telemetry.bridge import PASSWORD, USER, Bridge
from tests.contract.store.telemetry.places import Room
from tests.speech import call, file_of, noisy
from tests.twilio_calls import Carrier, carrier
from turnwise.app.claiming import Claiming
from turnwise.app.flow import Flow
from turnwise.app.listening import Listener
from turnwise.app.pending import Pending
from turnwise.app.recordings import Recordings
from turnwise.model.audio import AudioReport
from turnwise.model.batch import Batch
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId, SessionId, session_id_of
from turnwise.model.query import StoredFile
from turnwise.model.recording import RecordingOrigin
from turnwise.store.catalog import SqlCatalog, catalog_url
from turnwise.store.media.files import ObjectMedia
from turnwise.store.telemetry import ClickHouseTelemetry, open_telemetry
from turnwise.store.telemetry.embedded import Embedded

AGENT = [(0.5, 3.0), (6.0, 9.0)]
USER_SAID = [(4.0, 5.2), (8.5, 10.0)]
AUDIO = file_of(noisy(call(12.0, USER_SAID, AGENT)))


@pytest.fixture
def storage() -> Iterator[Carrier]:
    with carrier() as running:
        yield running


@pytest.fixture
def telemetry_url(engine: Embedded) -> Iterator[str]:
    """A telemetry server that several processes may share."""
    database = f"shared_{uuid4().hex[:8]}"
    with closing(Bridge(engine)) as bridge:
        yield f"clickhouse://{USER}:{quote(PASSWORD)}@127.0.0.1:{bridge.port}/{database}"
    with closing(engine.client(None, {})) as client:
        client.command(f"DROP DATABASE IF EXISTS {database} SYNC")


@contextmanager
def workers(number: int, data_dir: Path, **environment: str) -> Iterator[None]:
    """So many processes of `turnwise worker`."""
    command = [str(Path(sys.executable).with_name("turnwise")), "worker"]
    given = {k: v for k, v in os.environ.items() if not k.startswith("TURNWISE_")}
    running = [
        subprocess.Popen(
            [*command, "--data-dir", str(data_dir)],
            env={**given, **environment},
            stderr=subprocess.DEVNULL,
        )
        for _ in range(number)
    ]
    try:
        yield
        assert [each.poll() for each in running] == [None] * number
    finally:
        for each in running:
            each.kill()
            each.wait(30)


T = TypeVar("T")


async def until(ask: Callable[[], Awaitable[T | None]], seconds: float = 120) -> T:
    """The first answer."""
    with anyio.fail_after(seconds):
        while (found := await ask()) is None:  # noqa: ASYNC110 -- another process does it
            await anyio.sleep(0.05)
    return found


async def _report(
    store: ClickHouseTelemetry, project_id: ProjectId, session_id: SessionId
) -> AudioReport | None:
    [facts] = await store.session_facts(project_id, [session_id])
    told = [each.body["report"] for each in facts.facts if each.kind is FactKind.AUDIO]
    return msgspec.json.decode(str(told[0]), type=AudioReport) if told else None


async def test_workers_alone_fetch_a_recording_and_hear_it_once(
    telemetry_url: str, storage: Carrier, tmp_path: Path
) -> None:
    catalog = SqlCatalog.open(catalog_url(tmp_path))
    project_id = catalog.ensure_defaults().project_id
    store = open_telemetry(telemetry_url)
    storage.answers["/call.wav"] = (200, {}, AUDIO)
    try:
        session_id = session_id_of(project_id, "CA1")
        waiting = SessionFact(
            project_id=project_id,
            session_id=session_id,
            kind=FactKind.RECORDING,
            fact_id=uuid4().hex,
            body={"source_url": f"http://{storage.host}/call.wav", "call_id": "CA1"},
        )
        flow = Flow(store, catalog, Pending())
        await flow.accept(Batch(project_id=project_id, user_id=0, facts=[waiting]))
        settings = {
            "TURNWISE_TELEMETRY_URL": telemetry_url,
            "TURNWISE_SECRET_KEY": "the secret key of the processes",
            "TURNWISE_FETCH_HOSTS": storage.host,
        }
        with workers(2, tmp_path, **settings):
            report = await until(lambda: _report(store, project_id, session_id))
        assert (report.problem, len(report.responses)) == (None, 1)
        assert [path for path, _ in storage.asked] == ["/call.wav"]
    finally:
        await store.close()
        catalog.close()


class CountedMedia(ObjectMedia):
    """A real media store that counts what is read of it."""

    reads = 0

    async def get(self, key: str, start: int = 0, end: int | None = None) -> StoredFile | None:
        self.reads += 1
        return await super().get(key, start, end)


async def _content() -> AsyncIterator[bytes]:
    yield AUDIO


async def test_of_several_listeners_one_hears_a_recording(room: Room, tmp_path: Path) -> None:
    catalog = SqlCatalog.open(catalog_url(tmp_path))
    project_id = catalog.ensure_defaults().project_id
    store = ClickHouseTelemetry(room)
    try:
        flow = Flow(store, catalog, Pending())
        media = CountedMedia(LocalStore(tmp_path), tmp_path.as_uri(), tmp_path)
        keeper = Recordings(flow.accept, media, tmp_path, 1 << 24, lambda _: True)
        session_id = session_id_of(project_id, "CA1")
        origin = RecordingOrigin(recording_id="r1", project_id=project_id, session_id=session_id)
        await keeper.keep(origin, _content())
        await flow.settle(project_id, [session_id])
        async with asyncio.TaskGroup() as group:
            running = [
                group.create_task(
                    Listener(
                        store, media, flow.accept, tmp_path, Claiming(catalog.admin.claims)
                    ).run()
                )
                for _ in range(3)
            ]
            report = await until(lambda: _report(store, project_id, session_id))
            for each in running:
                each.cancel()
        assert (report.problem, media.reads) == (None, 1)
    finally:
        await store.close()
        catalog.close()

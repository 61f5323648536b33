"""Sessions older than their project keeps them go, with all that is theirs; others stay."""

from pathlib import Path

from tests.audio import recording
from tests.contract.store.telemetry.places import Room
from tests.contract.ui.calls import browser, call, read_logs, record, write_logs
from tests.otlp import MS, base_ns, chat, new_trace_id, send
from tests.people import new_person
from tests.server import RunningServer, wait_for
from turnwise.app.claiming import Claiming
from turnwise.app.flow import Flow
from turnwise.app.peaks import KeptPeaks
from turnwise.app.pending import Pending
from turnwise.app.retention import Retention
from turnwise.model.batch import Batch
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId, SessionId, session_id_of
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.observation import Observation
from turnwise.model.tenancy import ProjectPolicy
from turnwise.store.catalog import COMMAND_LINE, SqlCatalog, catalog_url
from turnwise.store.media.files import open_media
from turnwise.store.telemetry.store import ClickHouseTelemetry

POLICY = "/ui/api/projects/default/policy"
LIST = "/v1/observability/sessions"
DAY_NS = 86_400 * NS_PER_SECOND
NOW_NS = 1_790_000_000 * NS_PER_SECOND


def test_a_start_erases_what_is_too_old_and_nothing_else(own_server: RunningServer) -> None:
    server = own_server
    person, other = new_person(server), new_person(server)
    trace, unseen = new_trace_id(), new_trace_id()
    with person.client() as client, other.client() as theirs, browser(person) as page:
        old, spared = call(client, callId="CA-old"), call(theirs)
        send(client, [chat(trace, base_ns() - 60 * DAY_NS, old)])
        for written_ns in (base_ns() - 60 * DAY_NS, base_ns()):
            write_logs(client, record("of the call", written_ns, trace=trace))
            write_logs(client, record("of no trace that came", written_ns, trace=unseen))
        young = client.post(LIST, json={"agentId": "a", "startedAt": "2026-11-20T10:00:00Z"})
        assert young.status_code == 201, young.text
        audio = client.put("/v1/recordings/CA-old", content=recording("wav", 1.0))
        assert audio.status_code == 201, audio.text
        assert list((server.data_dir / "media" / "recordings").iterdir())
        body = {"retentionDays": 30, "keepsRecordings": True}
        assert page.put(POLICY, json=body).status_code == 200
    server.stop()
    server.start()
    with person.client() as client, other.client() as theirs:
        wait_for(lambda: client.get(f"{LIST}/{old}").status_code, lambda code: code == 404)
        assert client.get(f"{LIST}/{young.json()['id']}").status_code == 200
        assert theirs.get(f"{LIST}/{spared}").status_code == 200
        assert client.get("/v1/recordings/CA-old").status_code == 404
        assert client.get(f"/api/public/traces/{trace}").status_code == 404
        # Had anything been left of their logs, the same traces would show it again.
        send(client, [chat(each, base_ns(), "again") for each in (trace, unseen)])
        (left_ms,) = [each["atMs"] for each in read_logs(client, "again")["data"]]
        assert left_ms > -DAY_NS / MS
    assert not list((server.data_dir / "media" / "recordings").iterdir())


async def test_sessions_of_one_trace_go_together_and_rebuilding_brings_nothing_back(
    room: Room, tmp_path: Path
) -> None:
    catalog = SqlCatalog.open(catalog_url(tmp_path))
    store = ClickHouseTelemetry(room)
    try:
        flow = Flow(store, catalog, Pending())
        project = _project(catalog, 30)
        forever = ProjectId(catalog.create_project("default", "forever").id)
        shared = [_span(project, "t", "s1", "a", 60), _span(project, "t", "s2", "b", 1)]
        alone = [_span(project, "u", "s3", "c", 60), _span(forever, "u", "s3", "c", 60)]
        for each in (*shared, *alone):
            await _told(flow, each)
        retention = _retention(flow, catalog, tmp_path)
        assert await retention.enforce(NOW_NS) == 1
        left = {(p, s) for p, s in await store.session_ids()}
        assert left == {
            (project, session_id_of(project, "a")),
            (project, session_id_of(project, "b")),
            (forever, session_id_of(forever, "c")),
        }
        assert await retention.enforce(NOW_NS + 40 * DAY_NS) == 2
        assert await retention.enforce(NOW_NS + 40 * DAY_NS) == 0
        assert [p for p, _ in await store.session_ids()] == [forever]
        assert await store.trace(project, "t") == []
    finally:
        await store.close()
        catalog.close()


async def test_an_open_session_stays_however_old(room: Room, tmp_path: Path) -> None:
    catalog = SqlCatalog.open(catalog_url(tmp_path))
    store = ClickHouseTelemetry(room)
    try:
        flow = Flow(store, catalog, Pending())
        project = _project(catalog, 1)
        await flow.accept_settled(_batch(project, [_span(project, "t", "s", "a", 60)], []))
        await flow.settle(project, [session_id_of(project, "a")])
        assert await _retention(flow, catalog, tmp_path).enforce(NOW_NS) == 0
        assert await store.session([project], session_id_of(project, "a")) is not None
    finally:
        await store.close()
        catalog.close()


async def test_a_call_that_comes_again_after_its_end_is_one_session_again(
    room: Room, tmp_path: Path
) -> None:
    catalog = SqlCatalog.open(catalog_url(tmp_path))
    store = ClickHouseTelemetry(room)
    try:
        flow = Flow(store, catalog, Pending())
        project = _project(catalog, 30)
        session, leg = session_id_of(project, "s"), session_id_of(project, "CA1")
        began = NOW_NS - 60 * DAY_NS
        over = began + 60 * NS_PER_SECOND
        said = {"ref": "s", "agent": "a", "call_id": "CA1", "started_ns": began, "ended_ns": over}
        rung = {"sid": "CA1", "carrier": "twilio", "status": "completed", "at_ns": over}
        facts = [
            SessionFact.single(project, session, FactKind.SESSION, said),
            SessionFact.single(project, session, FactKind.FINALIZED, {"at_ns": over}),
            SessionFact(
                project_id=project,
                session_id=leg,
                kind=FactKind.CALL_EVENT,
                fact_id="CA1:completed",
                body=rung,
            ),
        ]
        for _ in range(2):
            await flow.accept(_batch(project, [], facts))
            await flow.settle(project, [session, leg])
            assert await store.session([project], leg) is None
            found = await store.session([project], session)
            assert found is not None
            assert found.call is not None
            assert await _retention(flow, catalog, tmp_path).enforce(NOW_NS) == 1
    finally:
        await store.close()
        catalog.close()


def _project(catalog: SqlCatalog, days: int) -> ProjectId:
    made = catalog.ensure_defaults()
    tenant = catalog.admin.tenants.named("default").id
    policy = ProjectPolicy(retention_days=days)
    catalog.admin.projects.set_policy(tenant, made.project_id, policy, by=COMMAND_LINE)
    return made.project_id


def _retention(flow: Flow, catalog: SqlCatalog, folder: Path) -> Retention:
    media = open_media("", folder / "media")
    return Retention(
        flow, catalog, media, KeptPeaks(media, folder / "incoming"), None, Claiming(None)
    )


def _span(project: ProjectId, trace: str, span: str, ref: str, days_ago: int) -> Observation:
    start_ns = NOW_NS - days_ago * DAY_NS
    return Observation(
        project_id=project,
        trace_id=trace,
        span_id=span,
        start_ns=start_ns,
        end_ns=start_ns + NS_PER_SECOND,
        session_ref=ref,
        session_rank=1,
    )


def _batch(project: ProjectId, observations: list[Observation], facts: list[SessionFact]) -> Batch:
    return Batch(project_id=project, user_id=1, observations=observations, facts=facts)


async def _told(flow: Flow, span: Observation) -> None:
    """Store a span, and that its session is over."""
    assert span.session_ref is not None
    session = session_id_of(span.project_id, span.session_ref)
    over = SessionFact.single(
        span.project_id, session, FactKind.FINALIZED, {"at_ns": span.end_ns, "reason": "end"}
    )
    await flow.accept(_batch(span.project_id, [span], [over]))
    await flow.settle(span.project_id, [SessionId(session)])

"""A deleted project takes its recordings along, also when the process ends midway."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2

from tests.audio import recording
from tests.contract.ui.calls import browser
from tests.otlp import base_ns, chat, new_trace_id, send
from tests.people import new_person
from tests.server import RunningServer, wait_for
from turnwise.model.tenancy import Scope
from turnwise.store.catalog import COMMAND_LINE, SqlCatalog, catalog_url

LIST = "/v1/observability/sessions"


@contextmanager
def catalog_of(server: RunningServer) -> Iterator[SqlCatalog]:
    opened = SqlCatalog.open(catalog_url(server.data_dir))
    try:
        yield opened
    finally:
        opened.close()


def files(server: RunningServer) -> list[str]:
    media = server.data_dir / "media"
    return sorted(str(each.relative_to(media)) for each in media.rglob("*") if each.is_file())


def record(client: httpx2.Client, call_id: str) -> str:
    """A call with a recording; returns its session."""
    made = client.put(f"/v1/recordings/{call_id}", content=recording("wav", 1.0))
    assert made.status_code == 201, made.text
    return str(made.json()["sessionId"])


def project_with_recordings(server: RunningServer, tenant: str) -> tuple[str, str]:
    """A project of the tenant with two recordings and no key that holds; and one of the sessions."""
    with catalog_of(server) as catalog:
        project = catalog.create_project(tenant, "doomed").id
        key = catalog.create_key(tenant, "doomed", frozenset(Scope), project="doomed")
    with server.client(key.secret_key) as client:
        session = record(client, f"CA-{uuid4().hex}")
        replaced = f"CA-{uuid4().hex}"
        record(client, replaced)
        other_type = client.put(f"/v1/recordings/{replaced}", content=recording("flac", 1.0))
        assert other_type.status_code == 200, other_type.text
        send(client, [chat(new_trace_id(), base_ns(), session)])
        assert client.get(f"{LIST}/{session}").status_code == 200
    with catalog_of(server) as catalog:
        catalog.admin.keys.revoke(key.key.id, by=COMMAND_LINE)
    return project, session


def test_the_shapes_of_audio_go_with_it_also_of_audio_that_was_replaced(
    own_server: RunningServer,
) -> None:
    person = new_person(own_server)
    with person.client() as client, browser(person) as page:
        project = client.post("/api/v1/sessions", json={"name": "doomed"}).json()["id"]
        with catalog_of(own_server) as catalog:
            key = catalog.create_key(person.tenant, "k", frozenset(Scope), project="doomed")
        with own_server.client(key.secret_key) as sender:
            for kind in ("wav", "flac"):
                made = sender.put("/v1/recordings/CA-drawn", content=recording(kind, 1.0)).json()
                drawn = PurePosixPath(urlsplit(made["url"]).path).stem
                path = f"/ui/api/sessions/{made['sessionId']}/recordings/{drawn}/peaks"
                assert page.get(path).status_code == 200
        assert len([each for each in files(own_server) if each.startswith("peaks/")]) == 2
        with catalog_of(own_server) as catalog:
            catalog.admin.keys.revoke(key.key.id, by=COMMAND_LINE)
        assert client.delete(f"/api/v1/sessions/{project}").status_code == 200
    assert files(own_server) == []


def test_a_deleted_project_takes_its_recordings_along(own_server: RunningServer) -> None:
    server, tenant = own_server, f"t-{uuid4().hex[:8]}"
    key = server.new_user(tenant)
    with server.client(key) as client:
        kept = record(client, "CA-kept")
        before = files(server)
        project, session = project_with_recordings(server, tenant)
        assert len(files(server)) == len(before) + 2
        assert client.get(f"{LIST}/{session}").status_code == 200
        assert client.delete(f"/sessions/{project}").status_code == 200
        assert files(server) == before
        assert client.get(f"{LIST}/{session}").status_code == 404
        assert client.get(f"{LIST}/{kept}").status_code == 200
        # Latecomers are still to be erased, and a new project's data must not be taken for them.
        again = client.post("/sessions", json={"name": "again", "id": project})
        assert again.status_code == 409
        assert client.post("/sessions", json={"name": "doomed"}).status_code == 200


def test_what_a_killed_process_left_of_a_project_is_erased_by_the_next(
    own_server: RunningServer,
) -> None:
    server, tenant = own_server, f"t-{uuid4().hex[:8]}"
    key = server.new_user(tenant)
    with server.client(key) as client:
        kept = record(client, "CA-kept")
    before = files(server)
    project, session = project_with_recordings(server, tenant)
    server.kill()
    with catalog_of(server) as catalog:
        # As far as a deletion comes that ends with its process.
        catalog.admin.projects.delete(
            catalog.admin.tenants.named(tenant).id, project, by=COMMAND_LINE
        )
        assert set(catalog.admin.projects.erasures()) == {project}
    server.start()
    wait_for(lambda: files(server), lambda found: found == before)
    with server.client(key) as client:
        assert client.get(f"{LIST}/{session}").status_code == 404
        assert client.get(f"{LIST}/{kept}").status_code == 200

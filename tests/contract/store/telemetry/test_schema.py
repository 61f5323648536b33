"""Tables are made once, step by step, for one server or a cluster."""

from collections.abc import Callable
from contextlib import closing
from importlib import resources
from types import SimpleNamespace
from typing import Any

import pytest

from tests.contract.store.telemetry.places import Room, rows
from turnwise.model.errors import Misconfigured
from turnwise.store.telemetry import ClickHouseTelemetry, open_telemetry, schema
from turnwise.store.telemetry.embedded import Embedded
from turnwise.store.telemetry.engine import Server


class Recorder:
    """Takes down statements as a server would get them."""

    server_version = "26.9.2.1"

    def __init__(self) -> None:
        self.said: list[str] = []

    def command(self, statement: str, **_: Any) -> int:
        self.said.append(statement)
        return 0


def test_steps_are_numbered_without_gaps() -> None:
    folder = resources.files(schema.__package__) / "migrations"
    files = [entry.name for entry in folder.iterdir() if entry.name.endswith(".sql")]
    assert sorted(schema.migrations()) == list(range(1, len(files) + 1))


def test_opening_again_changes_nothing(
    open_store: Callable[..., ClickHouseTelemetry], room: Room
) -> None:
    open_store()
    open_store()
    with closing(room.client(room.database, {})) as client:
        steps = [(step,) for step in sorted(schema.migrations())]
        assert rows(client, "SELECT step FROM schema_version ORDER BY step") == steps


def test_a_step_may_be_run_twice(room: Room) -> None:
    with closing(room.client(None, {})) as client:
        schema.migrate(client, room)
        client.command(f"TRUNCATE TABLE {room.database}.schema_version")
        assert schema.migrate(client, room) == max(schema.migrations())


def test_a_newer_schema_stops_the_start(
    open_store: Callable[..., ClickHouseTelemetry], room: Room
) -> None:
    open_store()
    with closing(room.client(room.database, {})) as client:
        client.command("INSERT INTO schema_version (step) VALUES (999)")
    with pytest.raises(Misconfigured, match="made by a newer version"):
        open_store()


def test_an_old_server_stops_the_start(room: Room) -> None:
    old = SimpleNamespace(server_version="24.8.1.1")
    with pytest.raises(Misconfigured, match="too old"):
        schema.migrate(old, room)  # type: ignore[arg-type]


def test_a_database_name_that_is_none_stops_the_start(engine: Embedded) -> None:
    with pytest.raises(Misconfigured, match="no name"):
        schema.migrate(Recorder(), Room(engine, "a; DROP"))  # type: ignore[arg-type]


def test_a_cluster_gets_replicated_tables_everywhere(engine: Embedded) -> None:
    room = Room(engine, "turnwise")
    room.cluster = "main"
    recorder = Recorder()
    schema.migrate(recorder, room)  # type: ignore[arg-type]
    tables = [said for said in recorder.said if said.lstrip().startswith("CREATE")]
    assert len(tables) == 11
    assert all("ON CLUSTER 'main'" in said for said in recorder.said if "ALTER" in said)
    for table in tables:
        assert "ON CLUSTER 'main'" in table
        assert "DATABASE" in table or "ENGINE = Replicated" in table


def test_a_server_without_text_indexes_gets_none(engine: Embedded) -> None:
    recorder = Recorder()
    recorder.server_version = "25.8.1.1"
    schema.migrate(recorder, Room(engine, "turnwise"))  # type: ignore[arg-type]
    assert not any("TYPE text" in said for said in recorder.said)


@pytest.mark.parametrize(
    "url",
    ["http://host:8123", "clickhouse://", "clickhouse:///turnwise", "clickhouse://host/default"],
)
def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(Misconfigured):
        open_telemetry(url)


def test_a_server_that_does_not_answer_stops_the_start() -> None:
    # Port 9 of this machine is the discard service, which nobody runs.
    with pytest.raises(Misconfigured, match="does not answer"):
        open_telemetry("clickhouse://user:secret@127.0.0.1:9/turnwise")


def test_an_address_says_everything() -> None:
    server = Server("clickhouses://me:p%40ss@example.test:9443/calls?cluster=main")
    assert (server.database, server.cluster, server.is_shared) == ("calls", "main", True)
    assert Server("clickhouse://example.test").database == "turnwise"

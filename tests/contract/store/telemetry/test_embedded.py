"""The embedded engine's known traps, each with the rule that keeps us out of it."""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.contract.store.telemetry.places import PROJECT, Room, named, rows, session, span
from turnwise.model.errors import Misconfigured
from turnwise.store.telemetry import ClickHouseTelemetry, schema
from turnwise.store.telemetry.embedded import Embedded, FolderLock
from turnwise.store.telemetry.engine import Handles

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[4]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}


def run(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A Python program in a process of its own: started anew, never forked from this one."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


async def test_handles_shared_by_threads_never_cross_their_rows(engine: Embedded) -> None:
    statement = "SELECT {mine:String} AS mine, number FROM numbers(200)"

    def ask(handles: Handles, name: str) -> int:
        wrong = 0
        for n in range(40):
            with handles.borrow() as client:
                found = rows(client, statement, mine=f"{name}-{n}")
            wrong += len(found) != 200 or {row[0] for row in found} != {f"{name}-{n}"}
        return wrong

    with (
        closing(Handles(lambda: engine.client(None, {}), 3)) as handles,
        ThreadPoolExecutor(8) as threads,
    ):
        assert sum(threads.map(lambda n: ask(handles, f"thread{n}"), range(8))) == 0


async def test_reads_at_once_answer_each_its_own(store: ClickHouseTelemetry) -> None:
    await store.write(7, [span("a", f"t{n}", name=f"name {n}") for n in range(40)], [])
    found = await asyncio.gather(*(store.trace(PROJECT, f"t{n % 40}") for n in range(120)))
    assert [item[0].name for item in found] == [f"name {n % 40}" for n in range(120)]


async def test_a_second_process_hears_who_holds_the_folder(engine: Embedded) -> None:
    program = (
        "import sys; from turnwise.store.telemetry import open_telemetry\n"
        "from turnwise.model.errors import Misconfigured\n"
        "try: open_telemetry(sys.argv[1])\n"
        "except Misconfigured as error: print(error)"
    )
    done = run(program, str(engine.folder))
    assert f"is in use by process {os.getpid()}" in done.stdout, done.stderr


async def test_a_second_store_of_this_process_hears_it_too(engine: Embedded) -> None:
    with pytest.raises(Misconfigured, match=f"in use by process {os.getpid()}"):
        Embedded(engine.folder)


async def test_another_folder_of_this_process_is_refused_in_words(
    engine: Embedded, tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured, match="does not open"):
        Embedded(tmp_path / "second")
    # What was refused holds no lock.
    FolderLock(tmp_path / "second").close()


async def test_a_folder_that_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="cannot be used"):
        Embedded(tmp_path / "file" / "folder")
    with pytest.raises(Misconfigured, match="'\\?'"):
        Embedded(tmp_path / "what?")


async def test_the_folder_is_its_owners_alone(engine: Embedded) -> None:
    assert engine.folder.stat().st_mode & 0o077 == 0


async def test_the_configuration_is_heard(engine: Embedded) -> None:
    with closing(engine.client(None, {})) as client:
        found = rows(
            client,
            "SELECT name, value FROM system.server_settings "
            "WHERE name IN ('mark_cache_size', 'max_server_memory_usage') ORDER BY name",
        )
        assert found == [("mark_cache_size", "67108864"), ("max_server_memory_usage", "2147483648")]
        value = client.command(
            "SELECT value FROM system.settings WHERE name = 'use_skip_indexes_if_final_exact_mode'"
        )
        assert str(value) == "1"


async def test_every_insert_is_synced_and_nothing_is_in_the_default_database(
    store: ClickHouseTelemetry, client: Client, room: Room
) -> None:
    await store.write(7, [span("a")], [])
    await store.put_sessions([session("x")])
    found = rows(
        client,
        "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()",
    )
    assert {name for name, _ in found} == {
        "observations",
        "feedback",
        "traces",
        "trace_activity",
        "session_facts",
        "sessions",
        "diagnoses",
        "seen_events",
        "log_records",
        "schema_version",
    }
    for name, definition in found:
        assert "fsync_after_insert = 1" in definition, name
        assert "fsync_part_directory = 1" in definition, name
    assert rows(client, "SELECT name FROM system.tables WHERE database = 'default'") == []
    assert room.database != "default"
    engines = rows(client, "SELECT engine FROM system.databases WHERE name = currentDatabase()")
    assert engines == [("Atomic",)]


_DAMAGED = """
import asyncio, sys, logging
from pathlib import Path
from tests.contract.store.telemetry.places import PROJECT, span
from turnwise.store.telemetry import open_telemetry

logging.basicConfig(stream=sys.stdout)
store = open_telemetry(sys.argv[1])
asyncio.run(store.write(7, [span("a")], []))
assert asyncio.run(store.health()).problems == ()
with store._reading.borrow() as client:
    part = client.command(
        "SELECT path FROM system.parts WHERE table = 'observations' AND active "
        "AND database = 'turnwise'")
store.close_now()
data = Path(str(part)) / "data.bin"
data.write_bytes(data.read_bytes()[:20])
store = open_telemetry(sys.argv[1])
print(asyncio.run(store.health()).problems)
store.close_now()
"""


async def test_a_damaged_part_is_reported_and_not_passed_over(tmp_path: Path) -> None:
    done = run(_DAMAGED, str(tmp_path / "folder"))
    assert done.stdout.count("of observations is damaged and was set aside") == 2, done
    assert "ERROR:turnwise.store.telemetry.store" in done.stdout


@pytest.fixture
def crashed(tmp_path: Path) -> tuple[Path, list[str]]:
    """A folder after a process was killed in the middle of writing, and what it acknowledged."""
    folder = tmp_path / "folder"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.contract.store.telemetry.crashing", str(folder)],
        env=ENVIRONMENT,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        heard = [child.stdout.readline() for _ in range(40)]
        child.kill()
        heard += child.stdout.readlines()
    return folder, [line.strip() for line in heard if line.endswith("\n")]


_COUNT = """
import asyncio, sys
from tests.contract.store.telemetry.places import PROJECT
from turnwise.store.telemetry import open_telemetry

async def count(store):
    for trace_id in sys.stdin.read().split():
        print(trace_id, len(await store.trace(PROJECT, trace_id)))
    facts = await store.session_facts(PROJECT, [s for _, s in await store.session_ids()])
    print("all", sum(len(each.observations) for each in facts))
    with store._reading.borrow() as client:
        print("rows", client.command("SELECT count() FROM observations FINAL"))

store = open_telemetry(sys.argv[1])
asyncio.run(count(store))
store.close_now()
"""


def test_a_killed_process_loses_nothing_that_it_acknowledged(
    crashed: tuple[Path, list[str]],
) -> None:
    folder, acknowledged = crashed
    assert len(acknowledged) >= 40
    done = subprocess.run(
        [sys.executable, "-c", _COUNT, str(folder)],
        env=ENVIRONMENT,
        input="\n".join(acknowledged),
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    found = dict(line.split() for line in done.stdout.splitlines())
    assert {name: found[name] for name in acknowledged} == dict.fromkeys(acknowledged, "5")
    # Every stored row is in its session, the unacknowledged ones too.
    assert found["all"] == found["rows"]


async def test_health_counts_rows(store: ClickHouseTelemetry) -> None:
    await store.write(7, [span("a"), span("b")], [])
    await store.put_sessions([session("x", id=named("x"))])
    health = await store.health()
    assert health.problems == ()
    assert health.facts["observations.rows"] == 2
    assert health.facts["sessions.rows"] == 1
    assert health.facts["schema"] == max(schema.migrations())


async def test_a_full_disk_is_reported(engine: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.problems() == []
    monkeypatch.setattr("turnwise.store.telemetry.embedded.MIN_FREE_BYTES", 1 << 62)
    assert "MiB left" in engine.problems()[0]


async def test_a_deletion_that_does_not_end_is_reported(
    store: ClickHouseTelemetry, client: Client
) -> None:
    await store.write(7, [span("a")], [])
    with pytest.raises(DatabaseError, match="FUNCTION_THROW_IF"):
        client.command(
            "ALTER TABLE observations DELETE WHERE throwIf(span_id = 'a') = 1",
            settings={"mutations_sync": 1},
        )
    problems = (await store.health()).problems
    assert "of observations keeps failing" in problems[0]
    client.command("KILL MUTATION WHERE database = currentDatabase()")

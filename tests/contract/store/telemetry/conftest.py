"""A store for each test, in a database of its own inside the one engine of the process."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from tests.contract.store.telemetry.places import Room
from turnwise.store.telemetry import ClickHouseTelemetry
from turnwise.store.telemetry.embedded import Embedded

_numbers = count()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with closing(Embedded(tmp_path_factory.mktemp("telemetry") / "engine")) as engine:
        yield engine


@pytest.fixture
def room(engine: Embedded) -> Iterator[Room]:
    """A database that disappears with the test."""
    room = Room(engine, f"test_{next(_numbers)}")
    yield room
    with closing(engine.client(None, {})) as client:
        client.command(f"DROP DATABASE IF EXISTS {room.database} SYNC")


@pytest.fixture
def client(room: Room, store: ClickHouseTelemetry) -> Iterator[Client]:
    """A handle of the test's own on the store's database."""
    with closing(room.client(room.database, {})) as client:
        yield client


@pytest.fixture
def open_store(room: Room) -> Iterator[Callable[..., ClickHouseTelemetry]]:
    """Opens stores on the test's database, and closes them after it."""
    opened: list[ClickHouseTelemetry] = []

    def open_one(**options: Any) -> ClickHouseTelemetry:
        opened.append(ClickHouseTelemetry(room, **options))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close_now()


@pytest.fixture
def store(open_store: Callable[..., ClickHouseTelemetry]) -> ClickHouseTelemetry:
    return open_store()

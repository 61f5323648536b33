"""A store for each test, and a handle beside it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from tests.contract.store.telemetry.places import Room
from turnwise.store.telemetry import ClickHouseTelemetry


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

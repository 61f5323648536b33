"""The one engine that a process can have, and a database of its own in it for each test."""

from collections.abc import Iterator
from contextlib import closing
from itertools import count

import pytest

from tests.contract.store.telemetry.places import Room
from tests.s3 import running_s3
from turnwise.store.telemetry.embedded import Embedded

_numbers = count()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with closing(Embedded(tmp_path_factory.mktemp("telemetry") / "engine")) as engine:
        yield engine


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a server of the S3 protocol."""
    with running_s3() as url:
        yield url


@pytest.fixture
def room(engine: Embedded) -> Iterator[Room]:
    """A database that disappears with the test."""
    room = Room(engine, f"test_{next(_numbers)}")
    yield room
    with closing(engine.client(None, {})) as client:
        client.command(f"DROP DATABASE IF EXISTS {room.database} SYNC")

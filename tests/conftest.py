"""Fixtures for every folder; the folder of a test is its category."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.server import RunningServer

FOLDERS = {"unit", "contract", "clients", "repo"}
HERE = Path(__file__).parent

# How long an example takes says more of the machine's load than of the code; `bench/` measures.
settings.register_profile("turnwise", deadline=None)
settings.load_profile("turnwise")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its folder.

    Raises:
        UsageError: a test lies outside the four folders.
    """
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        if folder not in FOLDERS:
            raise pytest.UsageError(
                f"{item.path} lies outside {', '.join(sorted(FOLDERS))}; see tests/README.md"
            )
        item.add_marker(folder)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests of this process; tests keep apart by tenants of their own."""
    with RunningServer(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of this test alone, for tests that stop or kill it."""
    with RunningServer(tmp_path / "data") as running:
        yield running

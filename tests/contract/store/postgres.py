"""A private PostgreSQL for the tests: a Unix socket, no network port, gone with the session.

A conftest takes it in with `from tests.contract.store.postgres import postgres_server, postgres_url`.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

_ROLE = "turnwise"
_PROGRAMS = ("initdb", "postgres", "pg_ctl")


class PostgresServer:
    """A running server.

    Attributes:
        folder: holds its data, its socket and its log.
    """

    def __init__(self, folder: Path, programs: dict[str, str], user: int | None):
        self.folder = folder
        self._programs = programs
        self._user = user
        self._numbers = count(1)

    def start(self) -> None:
        """Make the data folder and return when the server answers.

        Raises:
            subprocess.CalledProcessError: a program failed; its output says why.
        """
        data = str(self.folder / "data")
        # ICU and locales vary between machines; C is everywhere. Nothing here outlives the tests.
        quick = ["--no-sync", "--locale=C", "--encoding=UTF8", "--auth=trust"]
        self._run("initdb", "-D", data, "-U", _ROLE, *quick)
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off -c max_connections=200"
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "-w", "-D", data, "-l", log, "-o", options)

    def stop(self) -> None:
        """Stop at once; what was in memory is of no interest."""
        self._run("pg_ctl", "stop", "-m", "immediate", "-w", "-D", str(self.folder / "data"))

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = url.split("?")[0].rsplit("/", 1)[1]
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def _url(self, database: str) -> str:
        return f"postgresql://{_ROLE}@/{database}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs[program], *arguments],
            user=self._user,
            extra_groups=None if self._user is None else [],
            cwd=self.folder,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=90,
        )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    programs = _find()
    if programs is None:
        pytest.skip(f"PostgreSQL: {', '.join(_PROGRAMS)} were not found")
    # Not below pytest's own folder, which no other user may enter; and short enough for a socket.
    folder = Path(tempfile.mkdtemp(prefix="turnwise-pg-"))
    try:
        server = PostgresServer(folder, programs, _unprivileged(folder))
        try:
            server.start()
        except subprocess.SubprocessError as error:
            pytest.skip(f"PostgreSQL does not start: {_why(error, folder)}")
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database of this test's own."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


def _find() -> dict[str, str] | None:
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True
    )
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)])
    found = {name: shutil.which(name, path=path) for name in _PROGRAMS}
    programs = {name: program for name, program in found.items() if program is not None}
    return programs if len(programs) == len(_PROGRAMS) else None


def _unprivileged(folder: Path) -> int | None:
    """The user to run it as, because it refuses to run as root; the folder becomes theirs."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return user.pw_uid


def _why(error: subprocess.SubprocessError, folder: Path) -> str:
    log = folder / "log"
    logged = log.read_text() if log.exists() else ""
    lines = f"{error}\n{getattr(error, 'stderr', '') or ''}\n{logged}".strip().splitlines()
    return lines[-1]

"""The command line in processes of its own, while this process holds the catalog open."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tests.contract.store.catalog.conftest import Place
from turnwise.app import catalog_commands
from turnwise.model.tenancy import Role, Scope
from turnwise.store.catalog import SqlCatalog


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@dataclass(frozen=True)
class Said:
    """How a command is told where the catalog is: each of the two ways for one database."""

    environment: dict[str, str]
    flags: tuple[str, ...]


@pytest.fixture
def where(place: Place) -> Said:
    if place.url:
        return Said({"TURNWISE_CATALOG_URL": place.url}, ())
    return Said({}, ("--data-dir", str(place.data_dir)))


@pytest.fixture
def run_outside(where: Said) -> Run:
    """Runs a command in a process of its own."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TURNWISE_")}

    def call(*arguments: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "turnwise.app.entry", *arguments, *where.flags],
            env=kept | where.environment | {"NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def run(where: Said, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process, which takes a tenth of the time."""
    for name in ("TURNWISE_CATALOG_URL", "TURNWISE_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    app = typer.Typer()
    catalog_commands.register(app)

    def call(*arguments: str, stdin: str = "") -> Ran:
        result = CliRunner(env=where.environment).invoke(
            app, [*arguments, *where.flags], input=stdin, catch_exceptions=False
        )
        return Ran(result.exit_code, result.stdout, result.stderr)

    return call


def said(ran: Ran) -> Any:
    """The one JSON object that a command that went well has printed."""
    assert ran.code == 0, ran.err
    assert ran.err == ""
    return json.loads(ran.out)


def test_keys_come_and_go_while_the_catalog_is_open(run_outside: Run, catalog: SqlCatalog) -> None:
    said(run_outside("tenants", "create", "--slug", "acme", "--name", "Acme", "--json"))
    user = said(
        run_outside(
            *("users", "create", "--tenant", "acme", "--email", "jo@acme.test"),
            *("--password", "correct horse", "--role", "owner", "--staff", "--json"),
        )
    )
    assert user["role"] == "owner"
    assert user["is_staff"] is True
    made = said(
        run_outside(
            *("keys", "create", "--tenant", "acme", "--name", "ci", "--json"),
            *("--scopes", "ingest,read,admin", "--project", "web", "--expires-days", "2"),
        )
    )
    assert list(made)[:3] == ["id", "public_key", "secret_key"]
    [key] = catalog.admin.keys.all()
    assert key.expires_ns is not None
    assert key.expires_ns - key.created_ns == pytest.approx(2 * 86_400e9, abs=60e9)
    forever = said(run_outside("keys", "create", "--tenant", "acme", "--name", "all", "--json"))
    caller = catalog.caller_by_secret(forever["secret_key"], forever["public_key"])
    assert caller is not None
    assert (caller.tenant_slug, caller.user_id, caller.role) == ("acme", user["id"], Role.OWNER)
    assert caller.scopes == {Scope.INGEST, Scope.READ}
    assert set(caller.projects_by_name) == {"default", "web"}

    rotated = said(run_outside("keys", "rotate", forever["id"], "--json"))
    assert rotated["id"] == forever["id"]
    assert catalog.caller_by_secret(forever["secret_key"]) is None
    assert catalog.caller_by_secret(rotated["secret_key"]) is not None
    assert said(run_outside("keys", "revoke", forever["id"], "--json"))["is_active"] is False
    assert catalog.caller_by_secret(rotated["secret_key"]) is None
    listed = said(run_outside("keys", "list", "--tenant", "acme", "--json"))
    assert [line["name"] for line in listed["data"]] == ["ci", "all"]
    assert "secret_key" not in listed["data"][0]


def test_lists_and_projects(run: Run) -> None:
    assert [line["slug"] for line in said(run("tenants", "list", "--json"))["data"]] == ["default"]
    made = said(run("projects", "create", "--tenant", "default", "--name", "web", "--json"))
    listed = said(run("projects", "list", "--tenant", "default", "--json"))["data"]
    assert [line["name"] for line in listed] == ["default", "web"]
    assert listed[1] == made
    users = said(run("users", "list", "--json"))["data"]
    assert [line["tenant"] for line in users] == ["default"]
    assert "hash" not in json.dumps(users)


def test_a_person_reads_it_too(run: Run) -> None:
    made = run("keys", "create", "--name", "[red]ci[/red]", "--scopes", "read")
    assert made.code == 0
    assert "cannot be shown again" in made.out
    listed = run("keys", "list")
    assert "[red]ci[/red]" in listed.out
    [secret] = [line.split()[-1] for line in made.out.splitlines() if "secret key  " in line]
    assert secret.startswith("sk-tw-")
    assert secret not in listed.out


def test_a_password_can_be_typed(run: Run, catalog: SqlCatalog) -> None:
    result = run(
        *("users", "create", "--tenant", "default", "--email", "jo@x.test", "--json"),
        stdin="correct horse\n",
    )
    assert json.loads(result.out)["email"] == "jo@x.test"
    assert catalog.user_by_password("jo@x.test", "correct horse") is not None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("tenants create --slug default --name X", 1, "default"),
        ("tenants create --slug Bad! --name X", 2, "slug"),
        ("keys create --tenant nowhere --name x", 1, "nowhere"),
        ("keys create --name x --user no@x.test", 1, "no@x.test"),
        ("keys revoke no-such-key", 1, "no such key"),
        ("keys list --tenant nowhere", 1, "nowhere"),
    ],
)
def test_what_goes_wrong_is_one_line(run: Run, arguments: str, code: int, words: str) -> None:
    result = run(*arguments.split())
    assert result.code == code
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert words in result.err


def test_a_tenant_without_owner_says_what_to_do(run: Run, catalog: SqlCatalog) -> None:
    catalog.create_tenant("acme", "Acme")
    result = run("keys", "create", "--tenant", "acme", "--name", "x")
    assert result.code == 1
    assert "turnwise users create --tenant acme" in result.err


@pytest.mark.parametrize(
    "arguments", ["keys create --name x --scopes read,write", "keys create", "keys rotate"]
)
def test_wrong_usage_is_two(run: Run, arguments: str) -> None:
    assert run(*arguments.split()).code == 2

"""`./dev` runs before anything is installed, and behaves as a command line should."""

import ast
import importlib.util
import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from tests.repo.test_layers import imported
from tests.repo.tree import ROOT, text


@pytest.fixture
def dev() -> ModuleType:
    loader = SourceFileLoader("dev", str(ROOT / "dev"))
    spec = importlib.util.spec_from_loader("dev", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    # A bare environment: no settings, no home folder.
    env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/nonexistent"}
    command = [str(ROOT / "dev"), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_it_needs_nothing_installed() -> None:
    foreign = {name.split(".")[0] for name in imported(ROOT / "dev")} - sys.stdlib_module_names
    assert foreign == set()


def test_an_old_python_can_read_it() -> None:
    ast.parse(text(Path("dev")), feature_version=(3, 8))


@pytest.mark.parametrize("arguments", [(), ("help",), ("--help",)])
def test_help_names_every_verb(dev: ModuleType, arguments: tuple[str, ...]) -> None:
    result = call(*arguments)
    assert result.returncode == 0
    assert [verb for verb in dev.VERBS if f"\n  {verb} " not in result.stdout] == []


def test_an_unknown_verb_is_refused() -> None:
    result = call("sevre")
    assert result.returncode == 2
    assert "'sevre'" in result.stderr


def test_a_verb_without_arguments_says_so() -> None:
    result = call("setup", "--fast")
    assert result.returncode == 1
    assert result.stderr == "./dev setup takes no arguments\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], True),
        (["-k", "replay"], True),
        (["tests"], True),
        (["tests/clients"], True),
        (["-x", "tests/unit", "tests/clients"], True),
        (["tests/repo/test_dev.py::test_an_old_python_can_read_it"], False),
    ],
)
def test_sdk_environments_are_made_when_their_tests_are_selected(
    dev: ModuleType, arguments: list[str], expected: bool
) -> None:
    assert dev.selects(arguments, ROOT / "tests" / "clients") is expected


def test_the_set_up_is_repeated_when_a_lock_changes(dev: ModuleType, tmp_path: Path) -> None:
    lock, place = tmp_path / "run.txt", tmp_path / ".venv"
    lock.write_text("a==1")
    key = tmp_path / "key"
    key.write_text(dev.fingerprint([lock], place))
    assert dev.is_current(key, [lock], place)
    assert not dev.is_current(key, [lock], tmp_path / "moved")
    lock.write_text("a==2")
    assert not dev.is_current(key, [lock], place)


def test_a_failing_step_shows_why_and_passes_its_code_on(
    dev: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    program = "import sys; print('no such package', file=sys.stderr); sys.exit(7)"
    with pytest.raises(SystemExit) as stopped:
        dev.step("install", [sys.executable, "-c", program])
    assert stopped.value.code == 7
    said = capsys.readouterr()
    assert said.out.startswith("install ...\ninstall: ")
    assert said.err == "no such package\nfailed: install (exit 7)\n"


def test_a_child_ended_by_a_signal_gives_the_shell_s_exit_code(dev: ModuleType) -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert dev.run([sys.executable, "-c", program]) == 128 + 15


def test_without_postgresql_and_apt_the_reason_is_told(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "find_postgresql", lambda: False)
    monkeypatch.setattr(dev.shutil, "which", lambda *_, **__: None)
    assert "were not found" in dev.provide_postgresql()


def test_a_failing_apt_gives_the_reason_and_no_failure(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\necho 'E: no network' >&2\nexit 100\n")
    apt.chmod(0o755)
    monkeypatch.setattr(dev, "find_postgresql", lambda: False)
    monkeypatch.setattr(dev.os, "geteuid", lambda: 0)
    monkeypatch.setattr(dev.shutil, "which", lambda *_, **__: str(apt))
    assert dev.provide_postgresql() == "apt-get update failed: E: no network"

"""The locks name exact files and no place to fetch them from, so that any index can serve them."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.repo.tree import ROOT, files, text

LOCKS = sorted(path.relative_to(ROOT) for path in ROOT.glob("requirements/**/*.txt"))
# Nothing else may stand in a lock: no option, no address, no comment.
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.+!]+)(?: ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def pins(lock: Path) -> dict[str, set[str]]:
    """Versions by package; a package may have several, for different platforms or Pythons."""
    found: dict[str, set[str]] = {}
    for line in text(lock).splitlines():
        if match := PIN.fullmatch(line):
            found.setdefault(match["name"], set()).add(match["version"])
    return found


def test_there_is_a_lock_for_running_and_one_for_developing() -> None:
    assert {Path("requirements/run.txt"), Path("requirements/dev.txt")} <= set(LOCKS)


@pytest.mark.parametrize("lock", LOCKS, ids=str)
def test_a_lock_holds_pins_and_hashes_and_nothing_else(lock: Path) -> None:
    strange = [
        f"{lock}:{number}: {line}"
        for number, line in enumerate(text(lock).splitlines(), 1)
        if not PIN.fullmatch(line) and not HASH.fullmatch(line)
    ]
    assert strange == []


@pytest.mark.parametrize("lock", LOCKS, ids=str)
def test_every_pin_has_a_hash(lock: Path) -> None:
    lines = text(lock).splitlines()
    bare = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if PIN.fullmatch(line) and not HASH.fullmatch(following)
    ]
    assert bare == []


def test_a_developer_runs_the_versions_that_a_user_runs() -> None:
    run, dev = pins(Path("requirements/run.txt")), pins(Path("requirements/dev.txt"))
    assert {name: dev.get(name) for name in run} == run


@pytest.mark.parametrize("lock", ["run", "dev"])
def test_the_lock_satisfies_the_declared_dependencies(lock: str) -> None:
    declared = tomllib.loads(text(Path("pyproject.toml")))
    wanted = [*declared["project"]["dependencies"], *declared["build-system"]["requires"]]
    for extra in declared["project"]["optional-dependencies"].values():
        wanted += extra
    if lock == "dev":
        wanted += declared["dependency-groups"]["test"]
    locked = pins(Path(f"requirements/{lock}.txt"))
    unmet = [
        line
        for line in wanted
        for asked in [Requirement(line)]
        if not any(version in asked.specifier for version in locked.get(asked.name, ()))
    ]
    assert unmet == [], "run ./dev lock"


@pytest.mark.parametrize("name", ["uv.lock", "pylock.toml", "poetry.lock"])
def test_no_lock_of_a_form_that_records_hosts(name: str) -> None:
    assert not (ROOT / name).exists()


def test_npm_locks_record_no_hosts() -> None:
    for lock in (path for path in files() if path.name == "package-lock.json"):
        assert '"resolved"' not in text(lock)
        assert "omit-lockfile-registry-resolved=true" in text(lock.with_name(".npmrc"))

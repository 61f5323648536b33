"""Rules about the files themselves: what they may say, how long they may be, what folders are called."""

import os
import re
from pathlib import Path

import pytest

from tests.repo.tree import ROOT, files, text

# Written in two halves, because this file is searched as well.
REGISTRIES = [
    "pypi" + ".org",
    "files." + "pythonhosted.org",
    "registry." + "npmjs.org",
    "registry." + "yarnpkg.com",
    "deb." + "debian.org",
]
MACHINE_PATH = re.compile(
    r"(?<![\w.~/<>}-])/(?:root|work|Users/\w+|home/\w+)/|file:///(?:opt|home|root|work)/"
)

LONGEST_FILE = 500
# A file may be longer if one reader needs all of it at once. Path: reason.
LONGER_FILES: dict[str, str] = {}

# Names that say nothing about what belongs inside, so that everything ends up there.
VAGUE_FOLDERS = {"utils", "util", "helpers", "helper", "common", "misc", "shared"}


def test_no_registry_is_named() -> None:
    named = [
        f"{path}: {host}" for path in files() for host in REGISTRIES if host in text(path).lower()
    ]
    assert named == []


def test_no_path_of_one_machine() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in files()
        for number, line in enumerate(text(path).splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


def test_python_files_stay_short() -> None:
    python = [path for path in files() if path.suffix == ".py" or path.name == "dev"]
    lengths = {str(path): len(text(path).splitlines()) for path in python}
    too_long = {
        name: length
        for name, length in lengths.items()
        if length > LONGEST_FILE and name not in LONGER_FILES
    }
    assert too_long == {}, "split it by what its parts are about, or list it here with the reason"
    needless = [name for name in LONGER_FILES if lengths.get(name, 0) <= LONGEST_FILE]
    assert needless == [], "these exceptions are no longer needed"


def test_no_folder_has_a_vague_name() -> None:
    vague = {str(path.parent) for path in files() if VAGUE_FOLDERS & set(path.parent.parts)}
    assert vague == set()


def test_the_changelog_opens_with_a_version() -> None:
    headings = re.findall(r"^## (.+)$", text(Path("CHANGELOG.md")), re.MULTILINE)
    assert headings, "CHANGELOG.md has no version heading"
    version = r"\[?Unreleased\]?|\[?\d+\.\d+\.\d+\S*\]? - \d{4}-\d{2}-\d{2}"
    assert [heading for heading in headings if not re.fullmatch(version, heading)] == []


def test_continuous_integration_runs_what_a_developer_runs() -> None:
    assert text(Path(".ci/run")).rstrip().endswith("exec ./dev test")


@pytest.mark.parametrize("program", ["dev", ".ci/run"])
def test_programs_can_be_executed(program: str) -> None:
    assert os.access(ROOT / program, os.X_OK)


def test_decision_records_are_numbered_without_gaps() -> None:
    records = sorted(path.name for path in files() if path.parent == Path("docs/decisions"))
    records = [name for name in records if name != "README.md"]
    expected = [f"{number:03}" for number in range(1, len(records) + 1)]
    assert [name.split("-")[0] for name in records] == expected
    assert [name for name in records if not re.fullmatch(r"\d{3}-[a-z0-9-]+\.md", name)] == []

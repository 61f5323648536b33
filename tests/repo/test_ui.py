"""The pages: their types are those of the API, their lock serves every platform, the wheel has them."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest

from tests.repo.tree import ROOT, files, text
from turnwise.api.ui.document import ANSWERS, document
from turnwise.app.surfaces import WEB

UI = ROOT / "ui"
BUILD = [sys.executable, str(UI / "build.py")]
installed = pytest.mark.skipif(
    not (UI / "node_modules").is_dir(), reason="no ui/node_modules: ./dev setup"
)


@installed
def test_the_types_of_the_pages_are_those_of_their_api(tmp_path: Path) -> None:
    made = tmp_path / "schema.ts"
    command = [*BUILD, "npm", "run", "--silent", "types", "--", "--output", str(made)]
    body = msgspec.json.encode(document())
    ran = subprocess.run(command, input=body, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    assert made.read_text() == text(Path("ui/src/api/schema.ts")), "see docs/ui.md"


def test_every_answer_of_the_pages_is_used_or_gone() -> None:
    written = Path("ui/src/api/schema.ts")
    sources = [each for each in files() if each.suffix in (".ts", ".tsx") and each != written]
    asked = "".join(map(text, sources))
    unused = {"DashboardBody"}  # its page is still to come
    missing = {form.__name__ for form in ANSWERS.values()} - unused
    assert {name for name in missing if f"Schema{name}" not in asked} == set()


def test_the_lock_serves_every_platform() -> None:
    packages = json.loads(text(Path("ui/package-lock.json")))["packages"]
    for name in ("rolldown", "@biomejs/biome"):
        wanted = packages[f"node_modules/{name}"]["optionalDependencies"]
        assert [each for each in wanted if f"node_modules/{each}" not in packages] == []


def test_nothing_of_the_pages_asks_another_host() -> None:
    sources = [path for path in files() if path.parts[:2] in (("ui", "src"), ("ui", "public"))]
    sources.append(Path("ui/index.html"))
    named = {
        f"{path}: {found}"
        for path in sources
        if ".test." not in path.name
        for found in re.findall(r"https?://[\w.-]+", text(path))
        if found not in ("http://www.w3.org", "http://here.invalid")
    }
    assert named == set()


@pytest.mark.skipif(
    subprocess.run([*BUILD, "check"], check=False).returncode != 0,
    reason="the pages are not built, or old: ./dev setup",
)
def test_the_wheel_has_the_pages_and_needs_no_second_build(tmp_path: Path) -> None:
    before = (WEB / ".stamp").stat().st_mtime_ns
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "turnwise/web/index.html" in names
    assert any(
        name.startswith("turnwise/web/assets/") and name.endswith(".js.br") for name in names
    )
    assert [name for name in names if "node_modules" in name or ".stamp" in name] == []
    assert (WEB / ".stamp").stat().st_mtime_ns == before


def test_no_two_pages_style_the_same_class() -> None:
    """Styles of a page stay when one goes on to another: there they must not be met again."""
    owners: dict[str, set[str]] = {}
    for path in files():
        if path.suffix == ".css" and path.is_relative_to("ui/src/pages"):
            bare = re.sub(r"/\*.*?\*/", "", text(path), flags=re.DOTALL)
            for selectors in re.findall(r"([^{}]+)\{", bare):
                for name in re.findall(r"(?:^|,)\s*\.([a-zA-Z][\w-]*)", selectors):
                    owners.setdefault(name, set()).add(path.parent.name)
    assert {name: sorted(pages) for name, pages in owners.items() if len(pages) > 1} == {}

"""The documentation keeps up with the code."""

import re
from pathlib import Path

from turnwise.app.settings_page import page

ROOT = Path(__file__).parents[2]


def test_the_settings_page_is_what_the_settings_say() -> None:
    written = (ROOT / "docs" / "settings.md").read_text()
    assert written == page(), "python -m turnwise.app.settings_page > docs/settings.md"


def test_links_between_pages_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{each.name}: {target}"
        for each in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", each.read_text())
        if not (each.parent / target).exists()
    ]
    assert not broken


def test_every_dependency_is_justified() -> None:
    justified = (ROOT / "docs" / "decisions" / "003-dependencies.md").read_text()
    block = (ROOT / "pyproject.toml").read_text().split("dependencies = [")[1].split("]")[0]
    runtime = re.findall(r'"([a-z0-9-]+)', block)
    assert runtime
    assert [each for each in runtime if each not in justified] == []

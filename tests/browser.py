"""A real browser on the pages of a running server: Chromium, driven by the checks in `ui/e2e`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.people import PASSWORD, Person
from turnwise.app.surfaces import WEB

UI = Path(__file__).resolve().parents[1] / "ui"

STRANGE = "<img src=x onerror=ranFromContent()>"
"""What a page must show as text; the checks notice when it runs."""


def find_chromium() -> str | None:
    """The browser on PATH, or the one that CHROMIUM names."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


needs_chromium = pytest.mark.skipif(
    find_chromium() is None, reason="no Chromium on PATH and none in CHROMIUM"
)
needs_pages = pytest.mark.skipif(
    not (WEB / "index.html").is_file() or not (UI / "node_modules").is_dir(),
    reason="the web pages are not built: ./dev setup",
)


def look(person: Person, checks: str, **told: str) -> str:
    """Run a file of checks as a person who has logged in, and require that all of them hold.

    Args:
        person: whose server is looked at.
        checks: name of a file in `ui/e2e`.
        told: what the checks need to know of what was sent, as TURNWISE_<NAME>.

    Returns:
        What the checks reported.
    """
    environment = {
        **os.environ,
        "TURNWISE_URL": person.server.url,
        "TURNWISE_EMAIL": person.email,
        "TURNWISE_PASSWORD": PASSWORD,
        "CHROMIUM": find_chromium() or "",
        **{f"TURNWISE_{name.upper()}": value for name, value in told.items()},
    }
    run = ["npm", "run", "--silent", "browser", "--", f"e2e/{checks}"]
    ran = subprocess.run(
        [sys.executable, str(UI / "build.py"), *run],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    return ran.stdout

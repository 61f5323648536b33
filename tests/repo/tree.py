"""What the repository holds: the files that git tracks or would track."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Tracked files, and new ones that are not ignored, relative to the root."""
    # A checkout may belong to another user, as in a container; listing its names is harmless.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {Path(name) for name in listed.split("\0") if name}
    return tuple(sorted(name for name in names if (ROOT / name).is_file()))


def text(path: Path) -> str:
    """Content of a file; bytes that are no text become signs that match nothing."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")

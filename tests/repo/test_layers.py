"""The layer rule holds, and it would be noticed if it did not."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repo.tree import ROOT


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    """Check the layer rule of the source tree under `tree`, which need not be the installed one."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_tree_keeps_every_contract() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("model/planted.py", "import msgspec", "the model is plain Python"),
        ("model/planted.py", "import turnwise.store", "the flow points one way"),
        ("http/planted.py", "import turnwise.api", "the flow points one way"),
        ("analyse/planted.py", "import turnwise.store", "the flow points one way"),
        ("normalise/planted.py", "import sqlalchemy", "the pure steps know no web and no database"),
        ("ingest/planted.py", "import turnwise.store", "in and out see only the model"),
        ("api/planted.py", "import turnwise.normalise", "in and out see only the model"),
        ("ingest/planted.py", "import turnwise.api", "the flow points one way"),
        ("undeclared/__init__.py", "", "the flow points one way"),
    ],
)
def test_a_planted_violation_is_caught(
    tmp_path: Path, module: str, line: str, contract: str
) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignore)
    planted = tmp_path / "src" / "turnwise" / module
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(line + "\n")

    result = lint_imports(tmp_path)

    assert result.returncode == 1, result.stdout + result.stderr
    broken = [said for said in result.stdout.splitlines() if said.endswith("BROKEN")]
    assert any(said.startswith(contract) for said in broken), result.stdout


def test_an_adapter_that_imports_its_sibling_is_caught(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    ingest = tmp_path / "src" / "turnwise" / "ingest"
    (ingest / "planted_a.py").write_text("import turnwise.ingest.planted_b\n")
    (ingest / "planted_b.py").write_text("")

    result = lint_imports(tmp_path)

    assert "adapters do not know each other BROKEN" in result.stdout, result.stdout


def test_the_model_imports_the_standard_library_alone() -> None:
    allowed = sys.stdlib_module_names | {"turnwise"}
    foreign = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / "src/turnwise/model").rglob("*.py"))
        for name in imported(path)
        if name.split(".")[0] not in allowed
    ]
    assert foreign == []


def imported(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return names

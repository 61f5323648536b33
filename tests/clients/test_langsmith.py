"""The real LangSmith SDK in all its modes: what it sends, and what its models make of the answers."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.server import RunningServer, wait_for

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / ".venv-clients" / "langsmith-0.14" / "bin" / "python"
EMITTER = ROOT / "tests" / "clients" / "emitters" / "langsmith_runs.py"

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.xdist_group("clients"),
    pytest.mark.skipif(not PYTHON.exists(), reason=".venv-clients/langsmith-0.14 is missing"),
]

MODES = [
    ("zstd", ""),
    ("multipart", "/api"),
    ("batch", "/api/v1"),
    ("single", "/api/v1"),
    ("otel", ""),
    ("hybrid", "/api/v1"),
]


@pytest.mark.parametrize(("mode", "root"), MODES, ids=lambda value: value or "root")
def test_the_sdk_sends_and_reads_back(server: RunningServer, mode: str, root: str) -> None:
    key = server.new_user()
    told = emitted(server.url + root, key, mode)
    assert told["stats"] == {
        "run_count": 3,
        "total_tokens": 240,
        "prompt_tokens": 200,
        "completion_tokens": 40,
        # 200 input tokens at 0.40 and 40 output tokens at 1.60 USD per million.
        "total_cost": "0.000144",
        "error_rate": pytest.approx(1 / 3),
        "has_latency": True,
    }
    once = [["answer", "chain"], ["ask", "llm"], ["clock", "tool"]]
    success = [[*each, "success"] for each in once for _ in range(2)]
    assert told["runs"] == sorted([*success, ["fail", "chain", "error"]])
    assert told["children"] == ["ask", "ask", "clock", "clock"]
    assert told["filtered"] == ["ask", "ask"]
    assert told["inputs"] == {"question": "What time is it?"}
    assert told["answered"][0]["message"]["content"] == "It is five."
    assert told["listed"]
    if "by_hand" in told:
        assert told["by_hand"] == BY_HAND
    with server.client(key) as client:
        session = wait_for(
            lambda: client.get(f"/v1/observability/sessions/{told['thread']}").json(),
            lambda body: len(body.get("turns", [])) == 4,
        )
    assert [each["text"] for each in session["turns"]] == ["What time is it?", "It is five."] * 2


BY_HAND = {
    "newer": "NotFoundError",
    "same": True,
    "outputs": {"y": 2},
    "latency": 2.0,
    "attachments": {"a note": ["text/plain", True], "sound": ["audio/wav", True]},
    "in_project": True,
    "stars": [0.5],
    "left": 0,
    "feedback": 0.5,
    "own_feedback": 1,
    "run_count": 1,
    "described": "changed",
    "kept": {"a": 1},
    "gone": True,
}


def emitted(endpoint: str, key: str, mode: str) -> dict[str, Any]:
    """What the program says that it read."""
    done = subprocess.run(
        [PYTHON, EMITTER, "--endpoint", endpoint, "--key", key, "--mode", mode],
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found

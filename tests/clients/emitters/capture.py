"""Record what an emitter sends: a loop-back server that keeps every request and answers 200.

    python capture.py OUT_DIR -- PYTHON EMITTER --session-id S --scenario NAME ...

starts the server on a free port, runs the emitter with `--endpoint` added, and leaves in
OUT_DIR `NNN.bin` (the body, gzipped as NNN.bin.gz when that is smaller), `NNN.json` (method,
path, headers without credentials) and `truth.json` (what the emitter printed).
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECRET_HEADERS = frozenset({"authorization", "x-api-key", "cookie"})
LOCAL_HEADERS = frozenset({"host"})
GZIP_FROM = 2048


class Recorder(ThreadingHTTPServer):
    """Keeps requests in the order of their arrival."""

    daemon_threads = True

    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.folder = folder
        self.secret_paths: list[bytes] = []
        self.count = 0
        self.started = time.monotonic()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """The server's root."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def keep(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        """Write one request down, without credentials and without this machine's paths."""
        with self.lock:
            self.count += 1
            body = self._without_paths(body, headers)
            stem = self.folder / f"{self.count:03d}"
            packed = len(body) >= GZIP_FROM
            name = f"{stem.name}.bin.gz" if packed else f"{stem.name}.bin"
            stored = gzip.compress(body, mtime=0) if packed else body
            stem.with_name(name).write_bytes(stored)
            about = {
                "order": self.count,
                "after_ms": round((time.monotonic() - self.started) * 1000),
                "method": method,
                "path": path,
                "headers": headers,
                "body": name,
                "body_bytes": len(body),
            }
            stem.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n")

    def _without_paths(self, body: bytes, headers: dict[str, str]) -> bytes:
        """A gzipped body is packed anew, and its content-length told anew, only if it had to change."""
        packed = headers.get("content-encoding") == "gzip"
        plain = before = gzip.decompress(body) if packed else body
        for secret in self.secret_paths:
            plain = plain.replace(secret, neutral(secret))
        if plain == before:
            return body
        body = gzip.compress(plain, mtime=0) if packed else plain
        if "content-length" in headers:
            headers["content-length"] = str(len(body))
        return body


def neutral(path: bytes) -> bytes:
    """A path of the same length that says nothing, so that protobuf lengths stay right."""
    return (b"/opt/app" + b"/" * len(path))[: len(path)]


class _Handler(BaseHTTPRequestHandler):
    """Answers each POST, PUT and PATCH with the least good answer: 200 and nothing to say."""

    protocol_version = "HTTP/1.1"
    server: Recorder

    def do_POST(self) -> None:
        body = self._chunked() if self._is_chunked() else self._plain()
        headers = {
            name.lower(): value
            for name, value in self.headers.items()
            if name.lower() not in SECRET_HEADERS | LOCAL_HEADERS
        }
        self.server.keep(self.command, self.path, headers, body)
        as_json = self.headers.get("content-type", "").startswith("application/json")
        answer = b"{}" if as_json else b""
        self.send_response(200)
        self.send_header("content-type", self.headers.get("content-type", "text/plain"))
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_PUT = do_PATCH = do_POST

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _is_chunked(self) -> bool:
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    def _plain(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def _chunked(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)


def _machine_paths(command: list[str]) -> list[bytes]:
    """Where stack traces would give this machine away: the checkout and the interpreter."""
    checkout = Path(__file__).resolve().parents[3]
    interpreter = Path(command[0]).resolve().parents[1]
    return [str(path).encode() for path in (checkout, interpreter) if len(path.parts) > 2]


def record(folder: Path, command: list[str], path: str) -> int:
    """Run `command` against a fresh recorder; return its exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("[0-9][0-9][0-9].*"), *folder.glob("truth.json")):
        old.unlink()
    with Recorder(folder) as server:
        server.secret_paths = _machine_paths(command)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        done = subprocess.run(
            [*command, "--endpoint", server.url + path], stdout=subprocess.PIPE, check=False
        )
        server.shutdown()
        thread.join()
    if done.stdout:
        (folder / "truth.json").write_bytes(done.stdout)
    return done.returncode


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--path", default="/v1/traces")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    command = [part for part in args.command if part != "--"]
    return record(args.folder, command, args.path)


if __name__ == "__main__":
    sys.exit(main())

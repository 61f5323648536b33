"""A real server for tests: its own process, folder, port and bootstrap key."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx2

from turnwise.model.tenancy import Role, Scope
from turnwise.store.catalog import SqlCatalog

SECRET = "sk-test-0123456789abcdef"
PUBLIC = "pk-test"
_READY = re.compile(r"is ready: (http://\S+)")


class RunningServer:
    """`turnwise serve` in a process of its own."""

    def __init__(self, data_dir: Path, **environment: str):
        self.data_dir = data_dir
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("TURNWISE_")},
            "TURNWISE_API_KEY": SECRET,
            "TURNWISE_PUBLIC_KEY": PUBLIC,
            "NO_COLOR": "1",
            **environment,
        }
        self.log: list[str] = []
        self.start()

    def start(self) -> None:
        """Start the process and wait until it says where it listens."""
        command = [str(Path(sys.executable).with_name("turnwise")), "serve", "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(self.data_dir)],
            env=self._environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read_log, args=(ready,), daemon=True)
        self._reader.start()
        if not ready.wait(60) or not hasattr(self, "url"):
            self.kill()
            raise RuntimeError("the server did not start:\n" + "".join(self.log[-40:]))

    def _read_log(self, ready: threading.Event) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if found := _READY.search(line):
                self.url = found.group(1)
                ready.set()
        ready.set()

    def client(self, key: str | None = SECRET, **headers: str) -> httpx2.Client:
        """An HTTP client that presents the key."""
        given = {"x-api-key": key} if key else {}
        return httpx2.Client(base_url=self.url, headers={**given, **headers}, timeout=30)

    def new_user(
        self,
        tenant: str | None = None,
        role: Role = Role.OWNER,
        scopes: frozenset[Scope] = frozenset(Scope),
        *,
        is_staff: bool = False,
    ) -> str:
        """The secret of a new key of a new user, in a new tenant unless one is named."""
        catalog = SqlCatalog.open(f"sqlite:///{self.data_dir / 'catalog.db'}")
        try:
            slug = tenant or f"t-{uuid4().hex[:10]}"
            if tenant is None or slug not in {each.slug for each in catalog.tenants()}:
                catalog.create_tenant(slug, slug)
            email = f"{uuid4().hex[:10]}@example.com"
            catalog.create_user(slug, email, "a password of a test", role, is_staff=is_staff)
            return catalog.create_key(slug, "test", scopes, email=email).secret_key
        finally:
            catalog.close()

    def stop(self) -> None:
        """Ask it to stop and wait until it has."""
        self.process.send_signal(signal.SIGTERM)
        self._ended()

    def kill(self) -> None:
        """End it without any chance to tidy up."""
        self.process.kill()
        self._ended()

    def _ended(self) -> None:
        self.process.wait(30)
        self._reader.join(30)
        assert self.process.stderr is not None
        self.process.stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()


def wait_for(
    what: Callable[[], Any], until: Callable[[Any], bool] = bool, seconds: float = 20
) -> Any:
    """The first value of `what()` for which `until` holds; asked again until the time runs out."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        value = what()
        if until(value):
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s; last: {str(value)[:2000]}")
        pause.wait(0.05)

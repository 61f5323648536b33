"""Group commit: many callers, one thread that writes for all of them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from turnwise.model.errors import Busy

LINGER_SECONDS = 0.010
"""How long a group waits for company: well below the fsync that it saves."""

MAX_GROUP_ROWS = 5_000
MAX_GROUP_BYTES = 16 << 20
MAX_QUEUE_ROWS = 50_000
"""Some seconds of writing; a sender that hears 'busy' keeps its data itself."""
MAX_QUEUE_BYTES = 128 << 20

Work = TypeVar("Work")
Result = TypeVar("Result")


@dataclass(slots=True)
class Job(Generic[Work, Result]):
    """One caller's share of a group; `rows` and `size` (bytes) are what it weighs."""

    work: Work
    rows: int
    size: int
    done: "Future[Result]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may wait, and how much is written at once."""

    linger_seconds: float = LINGER_SECONDS
    group_rows: int = MAX_GROUP_ROWS
    group_bytes: int = MAX_GROUP_BYTES
    queue_rows: int = MAX_QUEUE_ROWS
    queue_bytes: int = MAX_QUEUE_BYTES


class GroupCommit(Generic[Work, Result]):
    """A bounded queue and one thread that commits what has gathered in it.

    Args:
        commit: writes a group and settles the future of every job in it; runs in the one thread.
        name: of the thread.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Job[Work, Result]]], None],
        name: str,
        limits: Limits | None = None,
    ):
        self._commit = commit
        self._limits = limits or Limits()
        self._waiting: deque[Job[Work, Result]] = deque()
        self._rows = 0
        self._size = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Work, rows: int, size: int) -> "Future[Result]":
        """Queue work; the future is settled after its group was committed.

        Raises:
            Busy: the queue is full or closing. A job larger than the queue is taken when nothing
                else waits.
        """
        job: Job[Work, Result] = Job(work, rows, size)
        with self._changed:
            if self._closing:
                raise Busy("The store is closing.", retry_after_seconds=5)
            if self._waiting and (
                self._rows + rows > self._limits.queue_rows
                or self._size + size > self._limits.queue_bytes
            ):
                raise Busy("The write queue is full.")
            self._waiting.append(job)
            self._rows += rows
            self._size += size
            self._changed.notify()
        return job.done

    def close(self) -> None:
        """Commit what was accepted, then stop; further work is refused at once."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            taken = [job for job in group if job.done.set_running_or_notify_cancel()]
            try:
                if taken:
                    self._commit(taken)
            except BaseException as error:  # noqa: BLE001 - every caller must hear of it
                for job in taken:
                    if not job.done.done():
                        job.done.set_exception(error)

    def _next_group(self) -> list[Job[Work, Result]]:
        """The next group, oldest first; empty only when closing and nothing is left."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            self._linger()
            group: list[Job[Work, Result]] = []
            rows = size = 0
            while self._waiting and (not group or self._fits(rows, size, self._waiting[0])):
                job = self._waiting.popleft()
                group.append(job)
                rows += job.rows
                size += job.size
            self._rows -= rows
            self._size -= size
            return group

    def _fits(self, rows: int, size: int, job: Job[Work, Result]) -> bool:
        limits = self._limits
        return rows + job.rows <= limits.group_rows and size + job.size <= limits.group_bytes

    def _linger(self) -> None:
        until = time.monotonic() + self._limits.linger_seconds
        while not self._closing and self._rows < self._limits.group_rows:
            left = until - time.monotonic()
            if left <= 0 or self._size >= self._limits.group_bytes:
                return
            self._changed.wait(left)

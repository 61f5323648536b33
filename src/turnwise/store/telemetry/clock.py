"""Versions that only ever grow, also across restarts and when the wall clock steps back."""

import threading
import time


class VersionClock:
    """Hybrid counter: the wall clock in nanoseconds, or one more than the last version.

    Args:
        last: the newest version that is already stored.
    """

    def __init__(self, last: int = 0):
        self._last = last
        self._lock = threading.Lock()

    def next(self) -> int:
        """A version larger than every one before."""
        with self._lock:
            self._last = max(self._last + 1, time.time_ns())
            return self._last

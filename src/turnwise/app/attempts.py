"""How often something may be tried; kept in the memory of this process alone."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from threading import Lock

from turnwise.model.errors import TooManyRequests

_REMEMBERED = 10_000


class Attempts:
    """At most so many attempts per key in any window of so many seconds.

    Beyond ten thousand keys the one that was quiet longest is forgotten.
    """

    def __init__(self, most: int, window_seconds: float, now: Callable[[], float] = time.monotonic):
        self._most = most
        self._window = window_seconds
        self._now = now
        self._lock = Lock()
        self._by_key: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def begin(self, key: Hashable) -> None:
        """Count an attempt, before its outcome is known, so that many at once count as many.

        Raises:
            TooManyRequests: there were too many; this one is not counted.
        """
        now = self._now()
        with self._lock:
            times = self._by_key.setdefault(key, deque())
            self._by_key.move_to_end(key)
            while times and times[0] <= now - self._window:
                times.popleft()
            if len(times) >= self._most:
                wait = int(times[0] + self._window - now) + 1
                raise TooManyRequests(
                    "Too many attempts; try again later.", retry_after_seconds=wait
                )
            times.append(now)
            while len(self._by_key) > _REMEMBERED:
                self._by_key.popitem(last=False)

    def succeeded(self, key: Hashable) -> None:
        """Forget the attempts: it was the right person."""
        with self._lock:
            self._by_key.pop(key, None)

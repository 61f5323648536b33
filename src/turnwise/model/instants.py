"""Time at the edges: nanoseconds since the epoch inside, other units only here.

Rounding is half up everywhere, so that 1.5 ms is 2 ms on every surface.
"""

import time
from datetime import UTC, date, datetime, timedelta

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000

FARTHEST_NS = 2**62
"""146 years. Instants of facts lie nearer to 1970 than this and lengths are shorter, so that the sum
of an instant and a length has a place in 64 bits and in a date."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)


def now_ns() -> int:
    """The present, in nanoseconds since the epoch."""
    return time.time_ns()


def ms_from_ns(duration_ns: int) -> int:
    """Whole milliseconds, rounded half up (also for negative values)."""
    return (duration_ns + NS_PER_MS // 2) // NS_PER_MS


def seconds_from_ns(duration_ns: int) -> float:
    """Seconds as a float, exact to the microsecond."""
    return ((duration_ns + NS_PER_US // 2) // NS_PER_US) / 1_000_000


def ns_from_seconds(seconds: float) -> int:
    """Nanoseconds of a number of seconds, to the microsecond that a float of seconds can hold."""
    return round(seconds * 1_000_000) * NS_PER_US


def ns_from_ms(milliseconds: float) -> int:
    """Nanoseconds of a number of milliseconds."""
    return round(milliseconds * NS_PER_MS)


def parse_iso_ns(text: str) -> int:
    """Nanoseconds since the epoch of an ISO 8601 instant; a naive one is UTC.

    Raises:
        ValueError: the text is no instant.
    """
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    since = parsed - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * NS_PER_US


def parse_fact_ns(text: str) -> int:
    """The same for an instant that is to be kept.

    Raises:
        ValueError: the text is no instant, or one before 1824 or after 2116.
    """
    instant_ns = parse_iso_ns(text)
    if abs(instant_ns) >= FARTHEST_NS:
        raise ValueError("too far from the present")
    return instant_ns


def _datetime(instant_ns: int, unit_ns: int) -> datetime:
    rounded = (instant_ns + unit_ns // 2) // unit_ns * unit_ns
    return _EPOCH + timedelta(microseconds=rounded // NS_PER_US)


def iso_seconds(instant_ns: int) -> str:
    """ISO 8601 UTC with whole seconds and Z."""
    return _datetime(instant_ns, NS_PER_SECOND).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_ms(instant_ns: int) -> str:
    """ISO 8601 UTC with milliseconds and Z."""
    return _datetime(instant_ns, NS_PER_MS).isoformat(timespec="milliseconds")[:-6] + "Z"


def iso_us(instant_ns: int) -> str:
    """ISO 8601 UTC with microseconds and Z."""
    return _datetime(instant_ns, NS_PER_US).isoformat(timespec="microseconds")[:-6] + "Z"


def day_of(instant_ns: int) -> date:
    """The UTC day in which an instant lies."""
    return _EPOCH_DAY + timedelta(days=instant_ns // (86_400 * NS_PER_SECOND))

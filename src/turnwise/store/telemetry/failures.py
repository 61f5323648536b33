"""Whose fault it is when the engine refuses an insert: the row's, or the engine's own.

Source: ClickHouse's src/Common/ErrorCodes.cpp (26.9), names and numbers.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, Error

from turnwise.model.errors import Busy

Item = TypeVar("Item")

ROW_CODES = frozenset({
    6, 26, 27, 33, 38, 41, 72, 675, 676,  # cannot parse text, quoted string, number, date, IPv4/6
    53, 69, 70, 117, 321, 349, 407, 467,  # type, bound, convert, data, range, null, decimal, bool
    131, 128,                             # string or array too large
})  # fmt: skip
"""Refusals that the content of a row causes."""

ENGINE_CODES = frozenset({
    3, 60, 74, 75, 76, 81, 209, 210, 236, 241, 242, 243, 244, 252, 254, 265, 285, 286, 288, 289,
    159, 164, 173, 198, 202, 225, 279, 319, 335, 394, 473, 516, 999,
})  # fmt: skip
"""Refusals in which no row has a part: disk, memory, network, replicas, timeouts, rights."""


class EngineError(Exception):
    """The engine failed; no row is to blame."""


def is_engine_failure(error: Exception) -> bool:
    """Whether sending other rows would not help."""
    if not isinstance(error, DatabaseError):
        return True
    return error.code is None or error.code in ENGINE_CODES


def reason_of(error: Exception) -> str:
    """What the engine says, without content (its own message quotes rows)."""
    if isinstance(error, Error) and error.code is not None:
        return f"refused by the store: {error.name or 'code'} ({error.code})"
    return str(error) if isinstance(error, (EngineError, Busy)) else type(error).__name__


def insert_divided(
    insert: Callable[[Sequence[Item]], None], items: Sequence[Item]
) -> list[tuple[Item, str]]:
    """Insert items, halving what is refused, so that a bad one fails alone.

    Returns:
        The refused items with the reason.

    Raises:
        EngineError: the engine failed, or refused everything for a reason unknown to us.
    """
    refused: list[tuple[Item, str, bool]] = []
    pending = [items] if items else []
    while pending:
        part = pending.pop()
        try:
            insert(part)
        except (ClickHouseError, OSError) as error:
            if not isinstance(error, DatabaseError) or is_engine_failure(error):
                raise EngineError(reason_of(error)) from error
            if len(part) > 1:
                middle = len(part) // 2
                pending += [part[middle:], part[:middle]]
            else:
                refused.append((part[0], reason_of(error), error.code in ROW_CODES))
    if refused and len(refused) == len(items) and not any(known for *_, known in refused):
        raise EngineError(refused[0][1])
    return [(item, reason) for item, reason, _ in refused]


def as_busy(error: Exception) -> Busy:
    """What a caller is told about a failure of the engine."""
    busy = Busy("The telemetry engine failed; send it again.", retry_after_seconds=2)
    busy.__cause__ = error
    return busy

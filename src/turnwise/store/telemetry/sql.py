"""One way to ask: parameters bound by the client, lines of JSON back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

from clickhouse_connect.driver.client import Client

T = TypeVar("T")

MAX_DAYS = 8
"""Traces over more days than this are looked up by day range, others by exact key."""

_EPOCH = date(1970, 1, 1)


def lines(
    client: Client,
    statement: str,
    parameters: Mapping[str, Any] | None = None,
    form: str = "JSONEachRow",
) -> bytes:
    """The result as lines of JSON: objects, or arrays with the form "JSONCompactEachRow".

    Values go in as `parameters` only (`{name:Type}` in the statement): the client escapes them for
    either backend, the engine alone reads them as escaped text and changes backslashes.
    """
    answer = client.raw_query(statement, parameters=dict(parameters or {}), fmt=form)
    return bytes(answer)


def date_text(day: int) -> str:
    """A day, given as days since the epoch, as a parameter of type Date."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def chunks(items: Sequence[T], size: int = 1_000) -> Iterator[list[T]]:
    """The items in lists that fit into one statement."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def is_text(key: Iterable[str]) -> bool:
    """Whether ids can be asked for; half a surrogate pair is no character of any encoding."""
    try:
        "".join(key).encode()
    except UnicodeEncodeError:
        return False
    return True

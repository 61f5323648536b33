"""Conditions as Langfuse's clients state them: `[{"type", "column", "operator", "value", "key"}]`."""

from collections.abc import Sequence
from typing import Any

import msgspec

from turnwise.api.langfuse.parameters import wrong
from turnwise.model.trace import ColumnFilter

MAX_FILTERS = 20
"""How many conditions one question may have."""

_TYPES = frozenset({
    "datetime", "string", "number", "stringOptions", "categoryOptions", "arrayOptions",
    "stringObject", "numberObject", "boolean", "null",
})  # fmt: skip
# Of a key: what is said of the average of a score is a number, whichever of the two it is called.
_NUMBERS = frozenset({"number", "numberObject"})


class SentFilter(msgspec.Struct):
    """A condition as sent."""

    column: str
    operator: str
    type: str
    value: Any = None
    key: str = ""


_decoder = msgspec.json.Decoder(list[SentFilter])


def read_filter(text: str | None) -> tuple[ColumnFilter, ...]:
    """The conditions that the parameter `filter` holds.

    Raises:
        BadInput: it is no JSON of this form.
    """
    if not text:
        return ()
    try:
        return column_filters(_decoder.decode(text), "filter")
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        raise wrong("filter", str(error)) from error


def column_filters(sent: Sequence[SentFilter], name: str) -> tuple[ColumnFilter, ...]:
    """The conditions in our own words.

    Args:
        sent: as decoded.
        name: of the parameter that they came by.

    Raises:
        BadInput: there are too many, or one has a type that is none.
    """
    if len(sent) > MAX_FILTERS:
        raise wrong(name, f"may have {MAX_FILTERS} conditions")
    for each in sent:
        if each.type not in _TYPES:
            raise wrong(name, f"'{each.type}' is no type; there are {', '.join(sorted(_TYPES))}")
    return tuple(
        ColumnFilter(each.column, each.operator, each.value, each.key, each.type in _NUMBERS)
        for each in sent
    )

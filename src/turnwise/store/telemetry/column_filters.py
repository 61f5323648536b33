"""Filters that name a column, an operator and a value, as SQL; what a sender wrote is a parameter.

Source: the `filter` parameter of langfuse 3.15.0, 4.18.0 and 5.0.4 (Python), client docstrings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from turnwise.model.errors import BadInput
from turnwise.model.instants import parse_iso_ns
from turnwise.model.trace import ColumnFilter
from turnwise.store.telemetry.conditions import Conditions


class Holds(Enum):
    """What a column can be held against."""

    TEXT = auto()
    NUMBER = auto()
    INSTANT = auto()
    """Nanoseconds, asked for as ISO 8601."""
    TEXTS = auto()
    FLAG = auto()
    OBJECT = auto()
    """JSON text of an object, of which one key is asked for."""
    CATEGORIES = auto()
    """The same where every key has a list of texts."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that filters may name.

    Attributes:
        sql: the expression.
        within: a condition around the test, which stands for `{test}`.
        alone: the number that an object is held against where no key is asked for.
    """

    sql: str
    holds: Holds = Holds.TEXT
    within: str = "{test}"
    alone: str = ""


_COMPARISONS = frozenset({"=", ">", "<", ">=", "<="})
_TEXTUAL = {
    "=": "{column} = {value}",
    "contains": "position({column}, {value}) > 0",
    "matches": "positionCaseInsensitiveUTF8({column}, {value}) > 0",
    "starts with": "startsWith({column}, {value})",
    "ends with": "endsWith({column}, {value})",
}
_ARRAYS = {"any of": "hasAny", "all of": "hasAll"}
_NEGATED = {
    "does not contain": "contains",
    "none of": "any of",
    "<>": "=",
    "is null": "is not null",
    "is not set": "is set",
}
"""What these deny of a row, or of anything that belongs to it."""

_BARE = (
    """if(JSONType({0}, {1}) = 'String', JSONExtractString({0}, {1}), JSONExtractRaw({0}, {1}))"""
)


def add_filters(
    where: Conditions, columns: Mapping[str, Column], filters: Sequence[ColumnFilter]
) -> None:
    """Add the conditions that the filters stand for.

    Raises:
        BadInput: a filter names no such column, or what does not go with it.
    """
    for index, asked in enumerate(filters):
        column = columns.get(asked.column)
        if column is None:
            raise BadInput(
                f"'{asked.column}' is no column to filter on; there are "
                f"{', '.join(sorted(columns))}."
            )
        operator = _NEGATED.get(asked.operator, asked.operator)
        test = _test(where, f"f{index}", column, asked, operator)
        condition = column.within.replace("{test}", test)
        where.add(condition if operator == asked.operator else f"NOT ({condition})")


def _test(where: Conditions, name: str, column: Column, asked: ColumnFilter, operator: str) -> str:
    if column.holds is Holds.OBJECT and column.alone and not asked.key:
        return _number(where, name, column.alone, asked, operator)
    if column.holds in (Holds.OBJECT, Holds.CATEGORIES):
        return _of_key(where, name, column, asked, operator)
    if operator == "is not null" and column.holds not in (Holds.TEXT, Holds.TEXTS):
        return f"isNotNull({column.sql})"
    if column.holds is Holds.NUMBER:
        return _number(where, name, column.sql, asked, operator)
    if column.holds is Holds.INSTANT:
        return _instant(where, name, column.sql, asked, operator)
    if column.holds is Holds.FLAG:
        if operator != "=" or not isinstance(asked.value, bool):
            raise _refused(asked, "= or <>, and true or false")
        return f"({column.sql}) = {int(asked.value)}"
    if column.holds is Holds.TEXTS:
        return _any_of(where, name, column.sql, asked, operator)
    return _text(where, name, f"coalesce(toString({column.sql}), '')", asked, operator)


def _any_of(where: Conditions, name: str, sql: str, asked: ColumnFilter, operator: str) -> str:
    if operator == "is not null":
        return f"notEmpty({sql})"
    if operator not in _ARRAYS:
        raise _refused(asked, "any of, all of or none of")
    where.parameters[name] = _texts(asked)
    return f"{_ARRAYS[operator]}({sql}, {{{name}:Array(String)}})"


def _text(where: Conditions, name: str, sql: str, asked: ColumnFilter, operator: str) -> str:
    if operator == "is not null":
        return f"{sql} != ''"
    if operator == "any of":
        where.parameters[name] = _texts(asked)
        return f"{sql} IN {{{name}:Array(String)}}"
    if operator not in _TEXTUAL or not isinstance(asked.value, str):
        raise _refused(asked, "an operator for texts, and a text")
    where.parameters[name] = asked.value
    return _TEXTUAL[operator].replace("{column}", sql).replace("{value}", f"{{{name}:String}}")


def _number(where: Conditions, name: str, sql: str, asked: ColumnFilter, operator: str) -> str:
    if operator not in _COMPARISONS or isinstance(asked.value, bool):
        raise _refused(asked, "a comparison and a number")
    if not isinstance(asked.value, int | float):
        raise _refused(asked, "a comparison and a number")
    try:
        where.parameters[name] = float(asked.value)
    except OverflowError as error:
        raise _refused(asked, "a comparison and a number that is not too large") from error
    return f"ifNull(({sql}) {operator} {{{name}:Float64}}, 0)"


def _instant(where: Conditions, name: str, sql: str, asked: ColumnFilter, operator: str) -> str:
    if operator not in _COMPARISONS or not isinstance(asked.value, str):
        raise _refused(asked, "a comparison and an ISO 8601 instant")
    try:
        instant_ns = parse_iso_ns(asked.value)
    except (ValueError, OverflowError) as error:
        raise _refused(asked, "a comparison and an ISO 8601 instant") from error
    where.parameters[name] = max(-(2**63) + 1, min(instant_ns, 2**63 - 1))
    return f"ifNull({sql} {operator} {{{name}:Int64}}, 0)"


def _of_key(
    where: Conditions, name: str, column: Column, asked: ColumnFilter, operator: str
) -> str:
    if not asked.key:
        raise BadInput(f"The filter on '{asked.column}' needs a key.")
    where.parameters[f"{name}_key"] = asked.key
    json, key = f"coalesce({column.sql}, '')", f"{{{name}_key:String}}"
    if column.holds is Holds.CATEGORIES:
        return _any_of(where, name, f"JSONExtract({json}, {key}, 'Array(String)')", asked, operator)
    if operator in ("is set", "is not null"):
        return f"JSONHas({json}, {key})"
    if asked.is_number:
        return _number(
            where, name, f"JSONExtract({json}, {key}, 'Nullable(Float64)')", asked, operator
        )
    return _text(where, name, _BARE.format(json, key), asked, operator)


def _texts(asked: ColumnFilter) -> list[str]:
    value = asked.value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _refused(asked, "a list of texts")
    return value


def _refused(asked: ColumnFilter, wanted: str) -> BadInput:
    return BadInput(
        f"The filter on '{asked.column}' needs {wanted}; "
        f"'{asked.operator}' with this value does not go with it."
    )

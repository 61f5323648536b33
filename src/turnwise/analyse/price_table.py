"""Prices as a table in CSV: the built-in one, and any that an operator brings in the same form.

Columns: provider (empty: any), match (regular expression of the whole model name), unit, usd, per (how
many units `usd` buys; 1 when empty), tier_condition ("input_tokens > 200000"; empty: none),
start_date (first day, UTC; empty: always), end_date (first day on which it no longer holds),
source_url, checked_on; and where wanted name (how the price is cited), stage (whose consumption it
prices; otherwise as the unit says) and read_in (the publication in which the page's figure was
read). Rows that are equal in all but unit, usd, per and their sources make one price.

Source of the built-in table: the page named in each row; see read_in for where its figure was looked up.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files

from turnwise.analyse.patterns import check_pattern
from turnwise.model.errors import BadInput, Issue
from turnwise.model.instants import parse_iso_ns
from turnwise.model.price import STAGE_OF_UNIT, Price, PriceRow, Unit, prices_of
from turnwise.model.usage import Stage

COLUMNS = (
    "name", "stage", "provider", "match", "unit", "usd", "per", "tier_condition", "start_date",
    "end_date", "source_url", "read_in", "checked_on",
)  # fmt: skip
MAX_TEXT = 2_048
MAX_USD = Decimal(1_000_000)
"""For the units that a row names; more is a slip of the pen."""
MAX_PER = 10**12
BAD_TABLE = "bad_price_table"

_NEEDED = ("match", "unit", "usd")
_TIER = re.compile(r"input_tokens\s*>\s*(\d{1,12})")
_PROVIDER_LENGTH = 128


class BadCell(ValueError):
    """What a cell says cannot be read.

    Attributes:
        column: which one it is.
    """

    def __init__(self, column: str, message: str):
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True)
class Refusals:
    """Builds the error about one place of a file; `place` is "Line 3" or "Key 'gpt-4o'"."""

    location: Callable[[str | int], tuple[str | int, ...]]

    def about(self, place: str, key: str | int, error: Exception) -> BadInput:
        """The error that names the place."""
        return BadInput(
            f"{place} of the price table cannot be read: {error}.",
            issues=[Issue(self.location(key), str(error), "bad_price")],
            code=BAD_TABLE,
        )


_LINES = Refusals(lambda line: ("line", line))


@cache
def built_in_rows() -> tuple[PriceRow, ...]:
    """The rows of the package's table."""
    return tuple(read_prices(files("turnwise.analyse").joinpath("prices.csv").read_text("utf-8")))


@cache
def built_in_prices() -> tuple[Price, ...]:
    """The prices of the package's table."""
    return tuple(prices_of(built_in_rows()))


def read_prices(text: str) -> list[PriceRow]:
    """The rows of a table, in its order.

    Raises:
        BadInput: a row cannot be read or says again what another one has said; the message names
            its line.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), restkey="")
    named = _head(reader)
    missing = [name for name in _NEEDED if name not in named]
    if missing:
        raise BadInput(f"The price table lacks the column {missing[0]!r}.", code=BAD_TABLE)
    unknown = [name for name in named if name not in COLUMNS]
    if unknown:
        raise BadInput(f"The price table has an unknown column {unknown[0]!r}.", code=BAD_TABLE)
    found: dict[tuple[object, ...], PriceRow] = {}
    for line, cells in _cells(reader):
        try:
            _add(found, row_of(cells))
        except BadCell as error:
            raise _LINES.about(f"Line {line}", line, error) from error
    return list(found.values())


def _head(reader: "csv.DictReader[str]") -> Sequence[str]:
    try:
        return reader.fieldnames or ()
    except csv.Error as error:
        raise _LINES.about("Line 1", 1, error) from error


def _add(found: dict[tuple[object, ...], PriceRow], row: PriceRow) -> None:
    if (row.key, row.unit) in found:
        raise BadCell("match", "an earlier line has this price and unit")
    found[row.key, row.unit] = row


def _cells(reader: "csv.DictReader[str]") -> Iterator[tuple[int, dict[str, str]]]:
    try:
        for row in reader:
            if "" in row:
                error = BadCell("", "it has more cells than there are columns")
                raise _LINES.about(f"Line {reader.line_num}", reader.line_num, error)
            yield reader.line_num, {name: value or "" for name, value in row.items()}
    except csv.Error as error:
        raise _LINES.about(f"Line {reader.line_num}", reader.line_num, error) from error


def row_of(cells: Mapping[str, str]) -> PriceRow:
    """A row from its cells by column; a column that is not there counts as empty.

    Raises:
        BadCell: one of them cannot be read.
    """
    cell = {name: cells.get(name, "").strip() for name in COLUMNS}
    for name, text in cell.items():
        if len(text) > MAX_TEXT or "\0" in text:
            raise BadCell(name, f"{name} is no text of at most {MAX_TEXT} characters")
    unit = _unit(cell["unit"])
    check_pattern(cell["match"], lambda message: BadCell("match", message))
    if len(cell["provider"]) > _PROVIDER_LENGTH:
        raise BadCell("provider", f"provider is longer than {_PROVIDER_LENGTH} characters")
    start_ns = _day("start_date", cell["start_date"])
    end_ns = _day("end_date", cell["end_date"])
    if end_ns is not None and end_ns <= (start_ns or 0):
        raise BadCell("end_date", "the end is not after the start")
    return PriceRow(
        name=cell["name"] or cell["match"],
        stage=_stage(cell["stage"], unit),
        provider=cell["provider"].lower() or None,
        match=cell["match"],
        unit=unit,
        usd=_usd(cell["usd"]),
        per=_per(cell["per"]),
        above_input_tokens=_tier(cell["tier_condition"]),
        valid_from_ns=start_ns or 0,
        valid_until_ns=end_ns,
        source_url=cell["source_url"],
        checked_on=_checked(cell["checked_on"]),
    )


def _unit(text: str) -> Unit:
    try:
        return Unit(text)
    except ValueError as error:
        raise BadCell("unit", f"unknown unit {text[:40]!r}; known are {', '.join(Unit)}") from error


def _stage(text: str, unit: Unit) -> Stage:
    if not text:
        return STAGE_OF_UNIT.get(unit, Stage.LLM)
    try:
        return Stage(text)
    except ValueError as error:
        raise BadCell(
            "stage", f"unknown stage {text[:40]!r}; known are {', '.join(Stage)}"
        ) from error


def _usd(text: str) -> Decimal:
    try:
        usd = Decimal(text)
    except InvalidOperation as error:
        raise BadCell("usd", f"usd {text[:40]!r} is no number") from error
    if not usd.is_finite() or not 0 <= usd <= MAX_USD:
        raise BadCell("usd", f"usd must be a number from 0 to {MAX_USD}")
    return usd


def _per(text: str) -> int:
    if not text:
        return 1
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:20]) <= MAX_PER:
        raise BadCell("per", f"per must be a whole number from 1 to {MAX_PER}")
    return int(text)


def _tier(text: str) -> int:
    if not text:
        return 0
    found = _TIER.fullmatch(text)
    if found is None:
        raise BadCell("tier_condition", 'tier_condition must be like "input_tokens > 200000"')
    return int(found[1])


def _day(column: str, text: str) -> int | None:
    if not text:
        return None
    try:
        return max(0, parse_iso_ns(text))
    except (ValueError, OverflowError) as error:
        raise BadCell(column, f"{column} {text[:40]!r} is no ISO date") from error


def _checked(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise BadCell("checked_on", f"checked_on {text[:40]!r} is no ISO date") from error

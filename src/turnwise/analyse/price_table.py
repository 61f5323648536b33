"""Prices as a table in CSV: the built-in one, and any that an operator brings in the same form.

Columns: name, stage (llm, stt, tts), provider (empty: any), match (regular expression of the whole
model name), unit, usd, per (how many units `usd` buys), start_date (first day, UTC; empty: always),
source_url, read_in (the publication in which the page's figure was read), checked_on. Rows of one
name and start make one price. Where a vendor asks more for long prompts, the table has the price of
short ones.

Source: the page named in each row; see read_in for where its figure was looked up.
"""

import csv
import io
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files

from turnwise.model.errors import BadInput, Issue
from turnwise.model.instants import parse_iso_ns
from turnwise.model.price import Price
from turnwise.model.usage import Stage

_UNITS = {
    "input_token": "input",
    "output_token": "output",
    "cache_read_token": "input_cached_tokens",
    "audio_second": "audio_second",
    "character": "character",
}
_NEEDED = ("match", "unit", "usd")


@cache
def built_in_prices() -> tuple[Price, ...]:
    """The table of the package."""
    return tuple(read_prices(files("turnwise.analyse").joinpath("prices.csv").read_text("utf-8")))


def read_prices(text: str) -> list[Price]:
    """The prices of a table, in its order.

    Raises:
        BadInput: a row cannot be read; the message names its line.
    """
    reader = csv.DictReader(io.StringIO(text), restkey="")
    missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        raise BadInput(f"The price table lacks the column {missing[0]!r}.", code="bad_price_table")
    found: dict[tuple[str, ...], Price] = {}
    for row in reader:
        try:
            _add(found, row)
        except (ValueError, InvalidOperation, re.error, ZeroDivisionError) as error:
            line = reader.line_num
            raise BadInput(
                f"Line {line} of the price table cannot be read: {error}.",
                issues=[Issue(("line", line), str(error), "bad_price")],
                code="bad_price_table",
            ) from error
    return list(found.values())


def _add(found: dict[tuple[str, ...], Price], row: Mapping[str, str | None]) -> None:
    cell = {name: str(value or "").strip() for name, value in row.items()}
    unit = _UNITS.get(cell["unit"])
    if unit is None:
        raise ValueError(f"unknown unit {cell['unit']!r}")
    re.compile(cell["match"])
    price = _unit_price(cell)
    key = tuple(cell.get(name, "") for name in ("name", "stage", "provider", "match", "start_date"))
    known = found.get(key)
    if known is None:
        found[key] = _price(cell, {unit: price})
    else:
        known.unit_usd[unit] = price


def _unit_price(cell: Mapping[str, str]) -> Decimal:
    usd, per = Decimal(cell["usd"]), Decimal(cell.get("per") or 1)
    if not usd.is_finite() or not per.is_finite() or usd < 0 or per <= 0:
        raise ValueError("a price must be a finite number of at least 0")
    return usd / per


def _price(cell: Mapping[str, str], unit_usd: dict[str, Decimal]) -> Price:
    source = ", ".join(
        part for name in ("source_url", "read_in", "checked_on") if (part := cell.get(name))
    )
    start = cell.get("start_date")
    return Price(
        name=cell.get("name") or cell["match"],
        stage=Stage(cell["stage"]) if cell.get("stage") else _stage(cell["unit"]),
        match=cell["match"],
        unit_usd=unit_usd,
        provider=cell.get("provider", "").lower() or None,
        valid_from_ns=parse_iso_ns(start) if start else 0,
        source=source,
    )


def _stage(unit: str) -> Stage:
    return {"audio_second": Stage.STT, "character": Stage.TTS}.get(unit, Stage.LLM)

"""The filter language of run queries: text to a typed tree.

    and(eq(run_type, "llm"), gt(latency, "5s"), has(tags, "prod"))

What is not understood is refused with words; nothing is guessed. Source: the LangSmith guide
"trace query syntax" and filters that langsmith 0.14.17 builds itself.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from turnwise.model.errors import BadInput
from turnwise.model.instants import parse_iso_ns
from turnwise.model.runs import (
    AllOf,
    AnyOf,
    Compare,
    Comparison,
    Not,
    RunField,
    RunFilter,
    Search,
    Value,
    span_ids_of,
    trace_ids_of,
)

MAX_LENGTH = 20_000
MAX_DEPTH = 30

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])
      | (?P<name>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<sign>[(),\[\]])
    )""",
    re.VERBOSE | re.DOTALL,
)
_NAMES = {
    **{each.value: each for each in RunField},
    "first_token_time": RunField.FIRST_TOKEN,
    "feedback_source_type": RunField.FEEDBACK_SOURCE,
    "input_tokens": RunField.PROMPT_TOKENS,
    "output_tokens": RunField.COMPLETION_TOKENS,
    "tokens": RunField.TOTAL_TOKENS,
    "cost": RunField.TOTAL_COST,
    "tag": RunField.TAGS,
    "trace": RunField.TRACE_ID,
    "parent_run": RunField.PARENT_ID,
}
_WORDS: dict[str, Value] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
_NUMBERS = frozenset({
    RunField.LATENCY, RunField.FIRST_TOKEN, RunField.TOTAL_TOKENS, RunField.PROMPT_TOKENS,
    RunField.COMPLETION_TOKENS, RunField.TOTAL_COST, RunField.PROMPT_COST,
    RunField.COMPLETION_COST, RunField.FEEDBACK_SCORE,
})  # fmt: skip
_TIMES = frozenset({RunField.START_TIME, RunField.END_TIME})
_DURATIONS = frozenset({RunField.LATENCY, RunField.FIRST_TOKEN})
_IDS = frozenset({RunField.ID, RunField.TRACE_ID, RunField.PARENT_ID})
_LISTED = frozenset({RunField.TAGS, RunField.METADATA})
_ORDERED = frozenset({Comparison.GT, Comparison.GTE, Comparison.LT, Comparison.LTE})
_ON_TAGS = frozenset({Comparison.EQ, Comparison.NEQ, Comparison.IN})
_COMPARISONS = frozenset(each.value for each in Comparison)
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)?\s*")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, None: 1.0}


def parse_filter(text: str) -> RunFilter:
    """The filter that a text says.

    Raises:
        BadInput: the text is not understood; the message says where and why.
    """
    if len(text) > MAX_LENGTH:
        raise BadInput(f"A filter has at most {MAX_LENGTH} characters.", code="bad_filter")
    reader = _Reader(_tokens(text))
    found = reader.call(0)
    if (rest := reader.peek()) is not None:
        raise _refused(f"unexpected {rest.text!r} at character {rest.at} after the end")
    return found


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class _Name:
    """A word without quotes that stands for a field."""

    text: str


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            if text[at:].strip():
                raise _refused(f"character {at} begins nothing that is known")
            break
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return found


@dataclass(slots=True)
class _Reader:
    """Reads calls from the beginning of a list of tokens."""

    tokens: list[_Token]
    position: int = 0

    def peek(self) -> _Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def next(self, what: str) -> _Token:
        token = self.peek()
        if token is None:
            raise _refused(f"it ends where {what} was expected")
        self.position += 1
        return token

    def sign(self, text: str) -> None:
        token = self.next(f"{text!r}")
        if token.kind != "sign" or token.text != text:
            raise _refused(f"{token.text!r} at character {token.at} stands where {text!r} should")

    def comes(self, text: str) -> bool:
        token = self.peek()
        return token is not None and token.kind == "sign" and token.text == text

    def call(self, depth: int) -> RunFilter:
        if depth > MAX_DEPTH:
            raise _refused(f"it is nested more than {MAX_DEPTH} deep")
        token = self.next("an operator")
        operator = token.text.lower()
        if token.kind != "name":
            raise _refused(f"{token.text!r} at character {token.at} is no operator")
        self.sign("(")
        if operator in ("and", "or", "not"):
            found = self._joined(operator, depth)
        elif operator == "search":
            found = _search(self._arguments())
        elif operator in _COMPARISONS:
            found = _comparison(Comparison(operator), self._arguments())
        else:
            raise _refused(f"there is no operator {token.text!r}")
        self.sign(")")
        return found

    def _joined(self, operator: str, depth: int) -> RunFilter:
        parts = [self.call(depth + 1)]
        while self.comes(","):
            self.sign(",")
            parts.append(self.call(depth + 1))
        if operator == "not":
            if len(parts) != 1:
                raise _refused("not(...) takes one filter")
            return Not(parts[0])
        return AllOf(tuple(parts)) if operator == "and" else AnyOf(tuple(parts))

    def _arguments(self) -> list[Any]:
        found = [self._argument()]
        while self.comes(","):
            self.sign(",")
            found.append(self._argument())
        return found

    def _argument(self) -> Any:
        token = self.next("a value")
        if token.kind == "string":
            return _unquoted(token.text)
        if token.kind == "number":
            return _number(token)
        if token.kind == "name":
            return _WORDS[token.text] if token.text in _WORDS else _Name(token.text)
        if token.text != "[":
            raise _refused(f"{token.text!r} at character {token.at} is no value")
        items: list[Any] = []
        while not self.comes("]"):
            if items:
                self.sign(",")
            items.append(self._argument())
        self.sign("]")
        return items


def _unquoted(text: str) -> str:
    def meant(match: re.Match[str]) -> str:
        return {"n": "\n", "t": "\t", "r": "\r"}.get(match[1], match[1])

    return re.sub(r"\\(.)", meant, text[1:-1], flags=re.DOTALL)


def _number(token: _Token) -> int | float:
    value: int | float
    try:
        value = int(token.text)
    except ValueError:
        value = float(token.text)
    if abs(value) > sys.float_info.max:
        raise _refused(f"the number at character {token.at} is too large")
    return value


def _search(arguments: list[Any]) -> RunFilter:
    match arguments:
        case [str(text)] | [_Name(), str(text)]:
            return Search(text)
    raise _refused('search takes one text: search("words")')


def _comparison(how: Comparison, arguments: list[Any]) -> RunFilter:
    match arguments:
        case [_Name(text=name), value]:
            field = _NAMES.get(name)
        case _:
            raise _refused(f"{how}(...) takes a field and a value")
    if field is None:
        raise _refused(f"there is no field {name!r}")
    if isinstance(value, _Name):
        raise _refused(f"the value {value.text!r} needs quotes")
    on_tags = field is RunField.TAGS and how in _ON_TAGS
    if (how is Comparison.HAS) != (field in _LISTED) and not on_tags:
        raise _refused(f"{how} does not go with {name}")
    if field is RunField.TAGS:
        return _tags(how, value)
    if field is RunField.METADATA:
        return _metadata(value)
    return _among(field, value) if how is Comparison.IN else _held(field, how, value)


def _among(field: RunField, value: Any) -> RunFilter:
    if not isinstance(value, list) or not value:
        raise _refused("in(...) takes a list that is not empty")
    values = [_value(field, Comparison.IN, each) for each in value]
    flat = [one for each in values for one in (each if isinstance(each, tuple) else (each,))]
    return Compare(field, Comparison.IN, tuple(one for one in flat if one is not None))


def _held(field: RunField, how: Comparison, value: Any) -> RunFilter:
    if value is None:
        if how not in (Comparison.EQ, Comparison.NEQ):
            raise _refused(f"{how} does not go with null")
        return Compare(field, how, None)
    meant = _value(field, how, value)
    if isinstance(meant, tuple):
        if how in _ORDERED:
            raise _refused(f"{how} does not go with {field}")
        same = Compare(field, Comparison.IN, meant)
        return same if how is Comparison.EQ else Not(same)
    return Compare(field, how, meant)


def _tags(how: Comparison, value: Any) -> RunFilter:
    wanted = value if isinstance(value, list) else [value]
    if not wanted or not all(isinstance(each, str) for each in wanted):
        raise _refused("a tag is a text")
    found = Compare(RunField.TAGS, Comparison.HAS, tuple(wanted))
    return Not(found) if how is Comparison.NEQ else found


def _metadata(value: Any) -> RunFilter:
    try:
        pairs = msgspec.json.decode(value, type=dict[str, Any])
    except (msgspec.MsgspecError, TypeError, RecursionError) as error:
        raise _refused("has(metadata, ...) takes the text of a JSON object") from error
    if not pairs:
        raise _refused("has(metadata, ...) takes at least one pair")
    return AllOf(
        tuple(
            Compare(RunField.METADATA, Comparison.HAS, (key, _plain(item)))
            for key, item in pairs.items()
        )
    )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _value(field: RunField, how: Comparison, value: Any) -> Value:
    """The value in the field's own unit; ids become every text under which they may be stored."""
    for fields, convert in _CONVERTERS:
        if field in fields:
            return convert(field, value)
    if field is RunField.IS_ROOT:
        if not isinstance(value, bool) or how in _ORDERED:
            raise _refused("is_root is true or false")
        return value
    if field is RunField.METADATA_VALUE:
        return _plain(value)
    if not isinstance(value, str):
        raise _refused(f"{field} is compared with a text")
    return value


def _as_number(field: RunField, value: Any) -> Value:
    if isinstance(value, str) and field in _DURATIONS and (found := _DURATION.fullmatch(value)):
        return float(found[1]) * _UNITS[found[2]]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(f"{field} is compared with a number")
    return value if abs(value) < 2**63 else float(value)


def _as_time(field: RunField, value: Any) -> Value:
    try:
        return parse_iso_ns(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise _refused(f"{field} is compared with an ISO 8601 instant in quotes") from error


def _as_ids(field: RunField, value: Any) -> Value:
    try:
        uuid = str(UUID(value))
    except (ValueError, TypeError, AttributeError) as error:
        raise _refused(f"{field} is compared with a UUID in quotes") from error
    return trace_ids_of(uuid) if field is RunField.TRACE_ID else span_ids_of(uuid)


_CONVERTERS: tuple[tuple[frozenset[RunField], Callable[[RunField, Any], Value]], ...] = (
    (_NUMBERS, _as_number),
    (_TIMES, _as_time),
    (_IDS, _as_ids),
)


def _refused(why: str) -> BadInput:
    return BadInput(f"The filter is not understood: {why}.", code="bad_filter")

"""The filter language over projects, of which there are few: held against each in memory.

and(eq(name, "nightly"), has(metadata, '{"team": "a"}'), gte(start_time, "2026-01-01"))
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from turnwise.api.langsmith.filters import parse_filter
from turnwise.model.errors import BadInput
from turnwise.model.runs import AllOf, AnyOf, Compare, Comparison, Not, RunField, RunFilter, Search
from turnwise.model.tenancy import ProjectDetails

_PAIR = {RunField.METADATA_KEY: 0, RunField.METADATA_VALUE: 1}
_PLAIN: dict[RunField, Callable[[ProjectDetails], str | int | None]] = {
    RunField.ID: lambda details: details.project.id,
    RunField.NAME: lambda details: details.project.name,
    RunField.START_TIME: lambda details: details.start_ns,
    RunField.END_TIME: lambda details: details.end_ns,
}
_KNOWN = frozenset({*_PLAIN, *_PAIR, RunField.METADATA, RunField.TAGS})
_TESTS: dict[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.NEQ: operator.ne,
    Comparison.GT: operator.gt,
    Comparison.GTE: operator.ge,
    Comparison.LT: operator.lt,
    Comparison.LTE: operator.le,
    Comparison.IN: lambda value, wanted: value in wanted,
}


def parse_project_filter(text: str) -> RunFilter:
    """The filter that a text says.

    Raises:
        BadInput: the text is not understood, or names what projects do not have.
    """
    found = parse_filter(text)
    for part in _comparisons(found):
        if part.field not in _KNOWN:
            names = ", ".join(sorted(_KNOWN))
            raise BadInput(
                f"The filter is not understood: projects have no {part.field}; there are {names}.",
                code="bad_filter",
            )
    return found


def fits(part: RunFilter, details: ProjectDetails) -> bool:
    """Whether a filter holds of a project."""
    if isinstance(part, Not):
        return not fits(part.part, details)
    if isinstance(part, AnyOf):
        return any(fits(each, details) for each in part.parts)
    if isinstance(part, Search):
        words = (details.project.name, details.project.description or "")
        return any(part.text.casefold() in each.casefold() for each in words)
    if isinstance(part, Compare):
        return _all([part], details)
    return _all(part.parts, details)


def _all(parts: Iterable[RunFilter], details: ProjectDetails) -> bool:
    """Every part; those about keys and values of metadata hold of one pair."""
    pairs: list[Compare] = []
    for part in parts:
        if isinstance(part, Compare) and part.field in _PAIR:
            pairs.append(part)
        elif isinstance(part, Compare):
            if not _one(part, details):
                return False
        elif not fits(part, details):
            return False
    return not pairs or _some_pair(pairs, _metadata(details))


def _some_pair(parts: list[Compare], metadata: Mapping[str, str]) -> bool:
    """One pair for which all of this holds; a lone "not equal" means none is."""
    if len(parts) == 1 and parts[0].how is Comparison.NEQ:
        same = Compare(parts[0].field, Comparison.EQ, parts[0].value)
        return not _some_pair([same], metadata)
    return any(
        all(_holds(pair[_PAIR[part.field]], part) for part in parts) for pair in metadata.items()
    )


def _one(part: Compare, details: ProjectDetails) -> bool:
    if part.field is RunField.METADATA:
        assert isinstance(part.value, tuple)
        key, value = part.value
        return _metadata(details).get(str(key)) == value
    if part.field is RunField.TAGS:
        wanted = part.value if isinstance(part.value, tuple) else (part.value,)
        tags = (details.extra or {}).get("tags")
        return isinstance(tags, list) and any(each in tags for each in wanted)
    return _holds(_PLAIN[part.field](details), part)


def _holds(value: str | int | None, part: Compare) -> bool:
    if part.value is None or value is None:
        is_same = value is part.value
        return is_same if part.how is Comparison.EQ else part.how is Comparison.NEQ and not is_same
    return _TESTS[part.how](value, part.value)


def _metadata(details: ProjectDetails) -> dict[str, str]:
    """Metadata with values as the filter language compares them: texts bare, the rest as JSON."""
    found = (details.extra or {}).get("metadata")
    return {
        key: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for key, value in (found.items() if isinstance(found, dict) else ())
    }


def _comparisons(part: RunFilter) -> Iterable[Compare]:
    if isinstance(part, Compare):
        yield part
    elif isinstance(part, Not):
        yield from _comparisons(part.part)
    elif isinstance(part, AllOf | AnyOf):
        for each in part.parts:
            yield from _comparisons(each)

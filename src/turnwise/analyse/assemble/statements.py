"""Session facts merged per item: what the senders said outright, without a span."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.instants import FARTHEST_NS, NS_PER_MS, NS_PER_US

Body = Mapping[str, Any]


@dataclass(slots=True)
class Statements:
    """Merged bodies; newer fields that are not None have won, objects are merged by key.

    Attributes:
        session, finalized: empty where nobody said anything.
        turns, tools, interruptions, calls, rooms, recordings, audio: by the sender's id.
        report: all reports of the session as one.
    """

    session: dict[str, Any] = field(default_factory=dict)
    finalized: dict[str, Any] = field(default_factory=dict)
    turns: dict[str, dict[str, Any]] = field(default_factory=dict)
    tools: dict[str, dict[str, Any]] = field(default_factory=dict)
    interruptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    rooms: dict[str, dict[str, Any]] = field(default_factory=dict)
    recordings: dict[str, dict[str, Any]] = field(default_factory=dict)
    audio: dict[str, dict[str, Any]] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)


def read_statements(facts: Iterable[SessionFact]) -> Statements:
    """The facts in the order of their versions, whatever order they come in."""
    statements = Statements()
    items = {
        FactKind.TURN: statements.turns,
        FactKind.TOOL: statements.tools,
        FactKind.INTERRUPTION: statements.interruptions,
        FactKind.CALL_EVENT: statements.calls,
        FactKind.ROOM_EVENT: statements.rooms,
        FactKind.RECORDING: statements.recordings,
        FactKind.AUDIO: statements.audio,
    }
    whole = {
        FactKind.SESSION: statements.session,
        FactKind.FINALIZED: statements.finalized,
    }
    reports: dict[str, list[Body]] = {}
    for fact in sorted(facts, key=_age):
        if (known := whole.get(fact.kind)) is not None:
            _merge(known, fact.body)
        elif (by_id := items.get(fact.kind)) is not None:
            _merge(by_id.setdefault(fact.fact_id, {}), fact.body)
        elif fact.kind is FactKind.REPORT:
            reports.setdefault(fact.fact_id, []).append(fact.body)
    for fact_id in sorted(reports):  # whichever came first
        for body in reports[fact_id]:
            _merge_report(statements.report, body)
    return statements


def _age(fact: SessionFact) -> tuple[int, str, str, bytes]:
    return fact.version, fact.kind, fact.fact_id, msgspec.json.encode(fact.body, order="sorted")


def _merge(known: dict[str, Any], body: Body) -> None:
    for name, value in body.items():
        if value is None:
            continue
        before = known.get(name)
        known[name] = (
            {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
        )


def _merge_report(known: dict[str, Any], body: Body) -> None:
    """Add one report of a session to the others: newer fields win, histories are joined."""
    for name, value in body.items():
        if value is None:
            continue
        before = known.get(name)
        if name == "items":
            known[name] = _joined(before, value)
        elif isinstance(before, dict) and isinstance(value, dict):
            known[name] = {**before, **value}
            if "items" in before and "items" in value:
                known[name]["items"] = _joined(before["items"], value["items"])
        else:
            known[name] = value


def _joined(before: object, after: object) -> list[dict[str, Any]]:
    """The items of both, the later form of those that are in both."""
    later = _dicts(after)
    ids = {each.get("id") for each in later if isinstance(each.get("id"), str)}
    return [*(each for each in _dicts(before) if each.get("id") not in ids), *later]


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text_of(body: Body, name: str) -> str | None:
    """The field as text, None when it is absent, empty or no scalar."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value) or None


def int_of(body: Body, name: str) -> int | None:
    """The field as a whole number, None when it is absent, no number, or larger than any fact."""
    return _kept(number_of(body, name))


def number_of(body: Body, name: str) -> float | int | None:
    """The field as a number, None when it is absent, no number, or not finite."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -1e300 < value < 1e300 else None


def offset_ns(body: Body, name: str) -> int | None:
    """A field in milliseconds as nanoseconds, None when it is absent or longer than any fact."""
    value = number_of(body, name)
    return None if value is None else _kept(value * NS_PER_MS)


def seconds_ns(body: Body, name: str) -> int | None:
    """A field in seconds as nanoseconds, to the microsecond; None as for `offset_ns`."""
    value = number_of(body, name)
    microseconds = None if value is None else _kept(value * 1_000_000)
    return None if microseconds is None else _kept(microseconds * NS_PER_US)


def _kept(value: float | None) -> int | None:
    return round(value) if value is not None and abs(value) < FARTHEST_NS else None

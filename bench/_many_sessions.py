"""A store of very many sessions: the demo's again and again, as derived rows and their diagnoses."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from bench._corpus import ANCHOR_NS, DAY_NS, session_observations
from bench._filling import filling
from turnwise.app.flow import Flow
from turnwise.model.diagnosis import Diagnosis
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.query import DiagnosisQuery
from turnwise.model.session import Session, Speaker

SPREAD_DAYS = 60
RARE = "quetzalcoatl"
"""Said in one call of a thousand."""
ACCENTED = "Übergrößenträger"
"""Said in one call of a hundred."""

_TEMPLATES = 200
_PER_WRITE = 1_000
# Instants of this century in nanoseconds, as values of a JSON text.
_INSTANT = re.compile(rb"(?<=[:\[,])1\d{18}(?=[,\]}])")

_session_decoder = msgspec.json.Decoder(Session)
_diagnosis_decoder = msgspec.json.Decoder(Diagnosis)


@dataclass(frozen=True, slots=True)
class _Template:
    session: Session
    text: bytes
    found: bytes | None


async def fill(folder: Path, sessions: int) -> None:
    """Make a server's folder with this many sessions, the last one at ANCHOR_NS."""
    async with filling(folder) as (flow, caller, _):
        templates = await _templates(flow, caller.user_id, caller.project_id)
        await _copy_all(flow, templates, sessions)
    print(file=sys.stderr)


async def _templates(flow: Flow, user_id: int, project_id: ProjectId) -> list[_Template]:
    """Calls of the demo as the server derives them; their facts are there as well."""
    found: list[Session] = []
    for spans in session_observations(project_id, _TEMPLATES, seed=7):
        await flow.store.write(user_id, spans, [])
        traces = {each.trace_id for each in spans}
        membership = await flow.store.memberships(project_id, traces)
        found += await flow.settle(project_id, membership.current)
    query = DiagnosisQuery(
        project_ids=(project_id,), session_ids=tuple(each.id for each in found), limit=len(found)
    )
    known = {each.session_id: each for each in await flow.store.diagnoses(query)}
    return [
        _Template(
            # What has no facts of its own must not be closed after silence.
            replace(each, finalized_ns=each.finalized_ns or each.last_seen_ns),
            msgspec.json.encode(replace(each, finalized_ns=each.finalized_ns or each.last_seen_ns)),
            msgspec.json.encode(known[each.id]) if each.id in known else None,
        )
        for each in found
    ]


async def _copy_all(flow: Flow, templates: Sequence[_Template], sessions: int) -> None:
    made: list[Session] = []
    found: list[Diagnosis] = []
    for number, (session, diagnosis) in enumerate(_copies(templates, sessions), start=1):
        made.append(session)
        found += [diagnosis] if diagnosis is not None else []
        if len(made) == _PER_WRITE or number == sessions:
            await flow.store.put_sessions(made)
            await flow.store.put_diagnoses(found)
            made, found = [], []
            print(f"  made {number:,} of {sessions:,}   ", end="\r", file=sys.stderr, flush=True)


def _copies(
    templates: Sequence[_Template], sessions: int
) -> Iterator[tuple[Session, Diagnosis | None]]:
    """Sessions under new ids, earliest first."""
    step_ns = SPREAD_DAYS * DAY_NS // sessions
    for number in range(sessions):
        template = templates[number % len(templates)]
        start_ns = ANCHOR_NS - SPREAD_DAYS * DAY_NS + number * step_ns
        by_ns = start_ns - template.session.started_ns
        # Ids in an order of their own: a list by start must not find them sorted.
        new_id = str(UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128))
        session = _moved(_session_decoder, template.text, template.session.id, new_id, by_ns)
        diagnosis = None
        if template.found is not None:
            diagnosis = _moved(
                _diagnosis_decoder, template.found, template.session.id, new_id, by_ns
            )
        yield _told_apart(session, number), diagnosis


def _moved(
    decoder: msgspec.json.Decoder[Any], text: bytes, old: SessionId, new: str, by_ns: int
) -> Any:
    shifted = _INSTANT.sub(lambda found: str(int(found[0]) + by_ns).encode(), text)
    return decoder.decode(shifted.replace(old.encode(), new.encode()))


def _told_apart(session: Session, number: int) -> Session:
    """With a name and words of its own."""
    words = f" My number is {number:06}."
    if number % 1_000 == 500:
        words += f" It is about {RARE}."
    if number % 100 == 50:
        words += f" Und {ACCENTED}."
    turns = list(session.turns)
    for place, turn in enumerate(turns):
        if turn.speaker is Speaker.USER and turn.text:
            turns[place] = replace(turn, text=turn.text + words)
            break
    return replace(
        session, turns=tuple(turns), ref=f"call-{number:06}", user_ref=f"person-{number % 9_000}"
    )
